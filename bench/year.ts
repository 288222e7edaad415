// A year of a shop in a journal: a million presses, episodes and sales at four tills, in its opening hours.
import { v7 as uuidv7 } from "uuid";
import { openJournal } from "../src/journal/open.ts";
import type { EventData, EventType, Stamped } from "../src/words/events.ts";
import { stamped } from "../test/fakes/events.ts";
import { journalSettings } from "./journal-settings.ts";

export const YEAR = { fromMs: Date.UTC(2025, 0, 1), toMs: Date.UTC(2026, 0, 1) };
export const TILLS = 4;
const DAYS = 365;
const OPEN_MS = 12 * 3_600_000;
/** Presses of one transaction. */
const STEP = 2_000;

/** Writes what so many customers do, five events for two of them, and closes the journal. */
export async function fillYear(file: string, customers: number): Promise<void> {
  const journal = await openJournal(journalSettings(file, "bench"));
  let events: Stamped[] = [];
  for (let n = 0; n < customers; n += 1) {
    events.push(...customer(n, customers));
    if (events.length < STEP && n + 1 < customers) continue;
    await journal.commit({ events, keep: {} });
    events = [];
  }
  await journal.close();
}

/** The `n`-th customer of the year: a sale, an episode, and of every second one a press. */
export function customer(n: number, customers: number): Stamped[] {
  const day = Math.floor((n / customers) * DAYS);
  const inDay = (n / customers) * DAYS - day;
  const ms = Math.round(YEAR.fromMs + day * 86_400_000 + 8 * 3_600_000 + inDay * OPEN_MS);
  const touchpoint = `till-${Math.floor(n / 2) % TILLS}`;
  const made = <T extends EventType>(type: T, data: Partial<EventData[T]>): Stamped => {
    const event = stamped(type, 0);
    const time = new Date(ms).toISOString();
    return { ...event, id: uuidv7({ msecs: ms }), time, touchpoint, data: { ...event.data, ...data } };
  };
  const transaction = `${n}`;
  const value = 1 + (n % 4);
  const press = made("press", { value, button: `${value}`, transaction, shift: `s${day}`, staff: `anna${n % 3}` });
  const answered = n % 2 === 0;
  return [
    made("transaction", { transaction, amount: (n % 400) / 4, items: n % 9 }),
    ...(answered ? [press] : []),
    made("contact", {
      outcome: answered ? "answered" : "silent",
      presses: answered ? [press.id] : [],
      start: new Date(ms - 5_000).toISOString(),
      end: new Date(ms).toISOString(),
    }),
  ];
}
