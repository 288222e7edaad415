// A moment that survives a restart: by boottime within a boot, by UTC from one boot to the next.
import { z } from "zod";
import { type Moment, utc } from "./decision.ts";

export const At = z.object({ boot: z.string(), ms: z.number(), unixMs: z.number() });
export type At = z.infer<typeof At>;

/** The moment `atMs` of boottime, seen from `moment`. */
export function at(moment: Moment, atMs: number): At {
  return { boot: moment.boot, ms: atMs, unixMs: moment.unixMs - (moment.ms - atMs) };
}

/** How long after `from` the moment `atMs` lies, milliseconds; negative where it lies before. */
export function sinceMs(from: At, moment: Moment, atMs: number): number {
  return from.boot === moment.boot ? atMs - from.ms : at(moment, atMs).unixMs - from.unixMs;
}

/** UTC text; within a boot by what the clock knows now. */
export function utcOf(when: At, moment: Moment): string {
  return when.boot === moment.boot ? utc(moment, when.ms) : new Date(Math.round(when.unixMs)).toISOString();
}
