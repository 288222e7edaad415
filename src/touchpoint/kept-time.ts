// Boottime that is kept over a restart: said with the clock of its day, so that another boot can still place it.
import { z } from "zod";
import type { Moment } from "./decision.ts";

export const Said = z.object({ boot: z.string(), offsetMs: z.number() });
export type Said = z.infer<typeof Said>;

/** `value` as it is kept: with the clock by which its times were said. */
export function keepable(value: object, moment: Moment): object {
  return { ...value, said: { boot: moment.boot, offsetMs: moment.unixMs - moment.ms } };
}

/** A boottime of before by the clock of now, milliseconds: in another boot it moves over UTC, as well as that was known. */
export function retold(atMs: number, said: Said, moment: Moment): number {
  return said.boot === moment.boot ? atMs : atMs + said.offsetMs - (moment.unixMs - moment.ms);
}
