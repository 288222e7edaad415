// From a fact to an envelope: identity, clocks and place, everything but stream and seq.
import type { Fact, Stamped } from "../words/events.ts";

export interface Stamp {
  readonly site: string;
  readonly device: string;
  readonly tz: string;
  readonly boot: string;
  readonly clock: "synced" | "unsynced";
  /** Boottime now and the same moment in UTC, milliseconds. */
  readonly ms: number;
  readonly unixMs: number;
}

/** The envelope of `fact`; its `time` is `atMs` mapped to UTC by the pair of clocks in `stamp`. */
export function stampFact(fact: Fact, stamp: Stamp): Stamped {
  return {
    v: 1,
    id: fact.id,
    type: fact.type,
    time: new Date(Math.round(stamp.unixMs - (stamp.ms - fact.atMs))).toISOString(),
    tz: stamp.tz,
    clock: stamp.clock,
    boot: stamp.boot,
    mono: Math.max(0, Math.round(fact.atMs * 10) / 10),
    site: stamp.site,
    device: stamp.device,
    ...(fact.touchpoint === undefined ? {} : { touchpoint: fact.touchpoint }),
    data: fact.data,
  };
}
