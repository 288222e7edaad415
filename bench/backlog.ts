// A journal with many presses waiting, as the agent itself would have written them.
import { v7 as uuidv7 } from "uuid";
import { openJournal } from "../src/journal/open.ts";
import type { Stamped } from "../src/words/events.ts";
import { journalSettings } from "./journal-settings.ts";

/** Presses of one transaction. */
const STEP = 2_000;

/** Where the presses come from. */
export interface Place {
  readonly site: string;
  readonly device: string;
  readonly touchpoint: string;
}
export const BENCH: Place = { site: "bench-site", device: "bench-device", touchpoint: "checkout" };

/** The press of customer `n`; values go round the scale. */
export function press(n: number, { site, device, touchpoint }: Place = BENCH): Stamped {
  const value = (n % 4) + 1;
  return {
    v: 1,
    id: uuidv7(),
    type: "press",
    time: new Date().toISOString(),
    tz: "Europe/Vilnius",
    clock: "synced",
    boot: "6f1c9a2e",
    mono: 8_123_456.7,
    site,
    device,
    touchpoint,
    data: { pad: "p1", button: `${value}`, question: "visit", questionVersion: 2, value, min: 1, max: 4, flags: [] },
  };
}

/** Writes so many presses into a journal and closes it. @param machine see `journalSettings` */
export async function fillJournal(file: string, machine: string, count: number, place: Place = BENCH): Promise<void> {
  const journal = await openJournal(journalSettings(file, machine));
  for (let done = 0; done < count; done += STEP) {
    const events = Array.from({ length: Math.min(STEP, count - done) }, (_, n) => press(done + n, place));
    await journal.commit({ events, keep: {} });
  }
  await journal.close();
}
