// What UTC a moment of this boot has and whether anybody vouches for it. Pure: readings and words in, doubts and repairs out.
//
//   unsynced (no time since boot) ── vouched ──► synced ── step, or source lost ──► in doubt ── vouched ──► synced
//   follows the wall clock                       follows it                          holds the time it had
import { z } from "zod";
import type { EventData } from "../words/events.ts";
import type { Reading } from "./clock.ts";
import { EARLIEST_MS } from "./time-source.ts";

/**
 * A change of the wall clock against boottime that is no slewing, milliseconds. The kernel slews both together, so that
 * only steps part them; readings are good to some 20 ms; time clients step from 128 ms (ntpd) or more on.
 */
export const STEP_MS = 100;
/** Differences up to this are how `Date.now` rounds: an event later by `mono` must not be earlier by `time`. */
const ROUNDING_MS = 2;
/** How well a pair of clocks is read, milliseconds: /proc/uptime counts hundredths. */
const READING_MS = 20;
/** How far a quartz may run off while nobody corrects it: 100 ppm, twice what boards are sold with. */
const DRIFT = 1e-4;
/** More parts than this in one boot are a broken clock: the oldest are forgotten, and their events stay unsynced. */
const MOST_DOUBTS = 32;

/** A part of this boot, from `fromMs` to the next doubt or the end of doubts, whose events are `unsynced`. */
const Doubt = z.object({
  fromMs: z.number(),
  /** UTC minus boottime that its events were stamped with, milliseconds. */
  offsetMs: z.number(),
  reason: z.enum(["boot", "step", "source-lost"]),
});

/** All that is known of the clock of one boot; kept on disk, so that a restart of the agent knows it too. */
export const Keeping = z.object({
  boot: z.string(),
  /** UTC minus boottime of what is stamped now, milliseconds. */
  offsetMs: z.number(),
  /** The same of the wall clock when it was last read; another one only while a step is in doubt. */
  wallOffsetMs: z.number(),
  /** A time source has vouched in this boot. */
  vouched: z.boolean(),
  /** Oldest first; none while the clock is synced. */
  doubts: z.array(Doubt),
});
export type Keeping = z.infer<typeof Keeping>;

/** What the events of one doubt need. */
export type Repair = EventData["clock"];

/** The clock of a boot of which nothing is known yet: everything in it is in doubt, from its start on. */
export function beginKeeping(boot: string, reading: Reading): Keeping {
  const offsetMs = reading.unixMs - reading.ms;
  const doubts = [{ fromMs: 0, offsetMs, reason: "boot" as const }];
  return { boot, offsetMs, wallOffsetMs: offsetMs, vouched: false, doubts };
}

export interface Observed {
  readonly keeping: Keeping;
  /** By how much the wall clock was stepped since it was last read, milliseconds; 0 where it was not. */
  readonly steppedMs: number;
}

/**
 * A reading came. A synced clock is followed, and a step puts it in doubt: time is then held, that is, counted on by
 * boottime from what was vouched for. A clock that nobody ever vouched for is followed through its steps, because the
 * machine knows no better; each step begins another doubt, with an offset of its own.
 */
export function observe(before: Keeping, reading: Reading): Observed {
  if (!reading.sharp) return { keeping: before, steppedMs: 0 };
  const wallOffsetMs = reading.unixMs - reading.ms;
  const change = wallOffsetMs - before.wallOffsetMs;
  const steppedMs = Math.abs(change) > STEP_MS ? Math.round(change) : 0;
  if (Math.abs(change) <= ROUNDING_MS) return { keeping: before, steppedMs };
  const seen = { ...before, wallOffsetMs };
  if (before.doubts.length === 0)
    return steppedMs === 0
      ? { keeping: { ...seen, offsetMs: wallOffsetMs }, steppedMs }
      : { keeping: doubt(seen, reading, "step"), steppedMs };
  if (!before.vouched && Math.abs(wallOffsetMs - before.offsetMs) > STEP_MS)
    return { keeping: doubt({ ...seen, offsetMs: wallOffsetMs }, reading, "boot"), steppedMs };
  return { keeping: seen, steppedMs };
}

/** The time source says that it has lost its time, though nobody stepped the clock. */
export function loseSource(before: Keeping, reading: Reading): Keeping {
  return before.doubts.length > 0 ? before : doubt(before, reading, "source-lost");
}

/**
 * A time source vouches for the wall clock as it is now. A time before the program existed is not believed.
 * @returns what the events of each doubt need, oldest first
 */
export function vouch(before: Keeping, reading: Reading): { keeping: Keeping; repairs: Repair[] } {
  if (!reading.sharp || reading.unixMs < EARLIEST_MS) return { keeping: before, repairs: [] };
  const offsetMs = reading.unixMs - reading.ms;
  const parts = before.doubts.map((part, i) => ({
    boot: before.boot,
    fromMono: after(part.fromMs),
    toMono: after(before.doubts[i + 1]?.fromMs ?? reading.ms),
    offsetMs: Math.round(offsetMs - part.offsetMs),
    uncertaintyMs: Math.ceil(STEP_MS + READING_MS + DRIFT * (reading.ms - part.fromMs)),
    reason: part.reason,
  }));
  // A step that is vouched for as soon as it is noticed leaves a part that no event can lie in.
  const repairs = parts.filter(({ fromMono, toMono }) => fromMono < toMono);
  return { keeping: { ...before, offsetMs, wallOffsetMs: offsetMs, vouched: true, doubts: [] }, repairs };
}

/** UTC of a moment of this boot, and whether it is vouched for; what is said of a moment fits the repair of its part. */
export function timeOf(keeping: Keeping, atMs: number): { unixMs: number; clock: "synced" | "unsynced" } {
  const mono = monoOf(atMs);
  const part = keeping.doubts.findLast(({ fromMs }) => mono >= after(fromMs));
  const unixMs = atMs + (part ?? keeping).offsetMs;
  return { unixMs, clock: part === undefined && keeping.vouched ? "synced" : "unsynced" };
}

/** `mono` of an event: boottime, a tenth of a millisecond fine, never before the boot. */
export function monoOf(atMs: number): number {
  return Math.max(0, Math.round(atMs * 10) / 10);
}

function doubt(before: Keeping, reading: Reading, reason: Repair["reason"]): Keeping {
  const doubts = [...before.doubts, { fromMs: reading.ms, offsetMs: before.offsetMs, reason }];
  return { ...before, doubts: doubts.slice(-MOST_DOUBTS) };
}

/** The bound just after a moment, between two values that `mono` can have: no event lies on it. */
function after(ms: number): number {
  return ms <= 0 ? 0 : Math.round(monoOf(ms) * 100 + 5) / 100;
}
