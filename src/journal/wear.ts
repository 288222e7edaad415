// How much the journal writes: bytes of rows, and bytes that the card had to take for them, per day of running time.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { metaOf, putMeta } from "./schema.ts";
import type { Database } from "./sqlite.ts";

const DAY_MS = 86_400_000;
/** A rate from less running time than this says little. */
const KNOWN_AFTER_MS = 60_000;
/** Days that are remembered. */
const DAYS = 7;
/**
 * Times that a card can be written over: what cheap TLC flash is made for, divided by the ten bytes that a card moves
 * inside for each small synced byte it is given.
 */
export const CARD_CYCLES = 50;

const Day = z.object({ ms: z.number().min(0), rows: z.number().min(0), written: z.number().min(0) });
const Kept = z.object({ runningMs: z.number().min(0), days: z.array(Day) });
type Day = z.infer<typeof Day>;
type Kept = z.infer<typeof Kept>;

export interface Rates {
  readonly rowBytesPerDay: number;
  readonly writtenBytesPerDay: number;
}

/** Counts while the thread lives; `save` keeps the counts over restarts. */
export class Wear {
  readonly #kept: Kept;
  readonly #startMs: number;
  readonly #nowMs: () => number;
  readonly #writtenBytes: () => number;
  #writtenBefore: number;
  #rows = 0;
  #savedMs: number;

  /** @param leastMs running time that the file proves to have passed */
  constructor(db: Database, leastMs: number, nowMs: () => number = () => performance.now(), written = writtenBytes) {
    const kept = readWear(db);
    this.#kept = { ...kept, runningMs: Math.max(kept.runningMs, leastMs) };
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    this.#savedMs = this.#startMs;
    this.#writtenBytes = written;
    this.#writtenBefore = written();
  }

  /** Milliseconds that the journal has been open in its life; it goes on where the last run saved it. */
  runningMs(): number {
    return this.#kept.runningMs + this.#nowMs() - this.#startMs;
  }

  /** Rows of so many bytes were committed. */
  count(bytes: number): void {
    this.#rows += bytes;
  }

  rates(): Rates {
    return ratesOf(this.#counted().days);
  }

  /** Writes the counts, in whatever transaction there is. */
  save(db: Database): void {
    putMeta(db, "wear", JSON.stringify(this.#counted()));
  }

  /** True once in ten minutes. */
  isDue(): boolean {
    if (this.#nowMs() - this.#savedMs < 600_000) return false;
    this.#savedMs = this.#nowMs();
    return true;
  }

  #counted(): Kept {
    const ms = this.#nowMs() - this.#startMs;
    const runningMs = this.#kept.runningMs + ms;
    const add = { ms, rows: this.#rows, written: this.#writtenBytes() - this.#writtenBefore };
    return { runningMs, days: daysWith(this.#kept.days, add) };
  }
}

/** What the last run saved; nothing where that cannot be read. */
export function readWear(db: Database): Kept {
  const none = { runningMs: 0, days: [] };
  try {
    return Kept.catch(none).parse(JSON.parse(metaOf(db, "wear") ?? "null"));
  } catch {
    return none;
  }
}

/** Adds a run to the days, the newest last; a day is full after 24 hours of running time. */
export function daysWith(days: readonly Day[], run: Day): Day[] {
  const last = days.at(-1);
  const open = last !== undefined && last.ms < DAY_MS ? last : { ms: 0, rows: 0, written: 0 };
  const before = open === last ? days.slice(0, -1) : days;
  const sum = { ms: open.ms + run.ms, rows: open.rows + run.rows, written: open.written + run.written };
  return [...before, sum].slice(-DAYS);
}

/** Zero until there is enough to reckon with. */
export function ratesOf(days: readonly Day[]): Rates {
  const ms = days.reduce((sum, day) => sum + day.ms, 0);
  if (ms < KNOWN_AFTER_MS) return { rowBytesPerDay: 0, writtenBytesPerDay: 0 };
  const perDay = (of: (day: Day) => number): number =>
    Math.round((days.reduce((sum, day) => sum + of(day), 0) / ms) * DAY_MS);
  return { rowBytesPerDay: perDay((day) => day.rows), writtenBytesPerDay: perDay((day) => day.written) };
}

/** Years until a card of this size is worn out at this rate; null where the rate is not known. */
export function cardYears(cardBytes: number, writtenBytesPerDay: number): number | null {
  if (writtenBytesPerDay === 0) return null;
  return Math.round(((cardBytes * CARD_CYCLES) / writtenBytesPerDay / 365) * 10) / 10;
}

/** Bytes that this thread has caused to be written to disks, by the kernel; 0 where it does not say. */
function writtenBytes(): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync("/proc/thread-self/io", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
