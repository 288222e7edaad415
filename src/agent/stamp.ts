// From a fact to an envelope: identity, clocks and place, everything but stream and seq.
import { monoOf } from "../clock/keeping.ts";
import type { Fact, Stamped } from "../words/events.ts";

export interface Stamp {
  readonly site: string;
  readonly device: string;
  readonly tz: string;
  readonly boot: string;
  /** UTC of a boottime moment, milliseconds since 1970, and whether a time source vouches for it. */
  readonly timeOf: (atMs: number) => { readonly unixMs: number; readonly clock: "synced" | "unsynced" };
}

/** The envelope of `fact`; its `time` is what `timeOf` says of the moment it happened, not of now. */
export function stampFact(fact: Fact, stamp: Stamp): Stamped {
  const { unixMs, clock } = stamp.timeOf(fact.atMs);
  return {
    v: 1,
    id: fact.id,
    type: fact.type,
    time: new Date(Math.round(unixMs)).toISOString(),
    tz: stamp.tz,
    clock,
    boot: stamp.boot,
    mono: monoOf(fact.atMs),
    site: stamp.site,
    device: stamp.device,
    ...(fact.touchpoint === undefined ? {} : { touchpoint: fact.touchpoint }),
    data: fact.data,
  };
}
