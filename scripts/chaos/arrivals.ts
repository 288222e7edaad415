// Judges what arrived at the centre, knowing nothing but the contract: envelopes, and what the pad was promised. Pure.

import { type Envelope, GapData } from "../../src/words/events.ts";
import { countersOf } from "../trials/press-stream.ts";

export interface ArrivalVerdict {
  readonly streams: number;
  /** Events that came, once per stream and seq. */
  readonly events: number;
  readonly presses: number;
  /** Acknowledged presses that did not come. */
  readonly lost: number;
  /** Presses that came under two numbers. */
  readonly twice: number;
  /** Numbers of one stream under which two different events came: two devices in one stream. */
  readonly clashes: number;
  /** Numbers below a stream's last that did not come, and that a gap owns. */
  readonly owned: number;
  /** Numbers below a stream's last that did not come, and that no gap owns. */
  readonly holes: number;
}

/**
 * @param arrived every event that came, in any order, repetitions too
 * @param acknowledged counters of the presses that a pad was thanked for, made with the buttons of a press stream
 */
export function judgeArrivals(arrived: readonly Envelope[], acknowledged: ReadonlySet<number>): ArrivalVerdict {
  const streams = new Map<string, Map<number, Envelope>>();
  let clashes = 0;
  for (const event of arrived) {
    const rows = streams.get(event.stream) ?? new Map<number, Envelope>();
    streams.set(event.stream, rows);
    const known = rows.get(event.seq);
    if (known === undefined) rows.set(event.seq, event);
    else if (known.id !== event.id) clashes += 1;
  }
  const events = [...streams.values()].flatMap((rows) => [...rows.values()]);
  const counters = countersOf(
    events
      .filter(({ type }) => type === "press")
      .sort((a, b) => a.mono - b.mono)
      .map(({ data }) => String(data.button)),
  );
  const counted = new Set(counters);
  const lostSeqs = ownedSeqs(events);
  let owned = 0;
  let holes = 0;
  for (const [stream, rows] of streams) {
    const last = Math.max(...rows.keys());
    for (let seq = 1; seq < last; seq += 1) {
      if (rows.has(seq)) continue;
      if (lostSeqs.some((run) => run.stream === stream && run.from <= seq && seq <= run.to)) owned += 1;
      else holes += 1;
    }
  }
  return {
    streams: streams.size,
    events: events.length,
    presses: counters.length,
    lost: [...acknowledged].filter((counter) => !counted.has(counter)).length,
    twice: counters.length - counted.size,
    clashes,
    owned,
    holes,
  };
}

export interface OwnedRun {
  readonly stream: string;
  readonly from: number;
  readonly to: number;
}

/** The runs of numbers that the journal's gaps among these events own. */
export function ownedSeqs(events: readonly Envelope[]): OwnedRun[] {
  return events.flatMap((event) => {
    if (event.type !== "gap") return [];
    const gap = GapData.safeParse(event.data).data;
    if (gap === undefined || gap.source !== "journal") return [];
    const stream = gap.stream ?? event.stream;
    return (gap.ranges ?? [[gap.from, gap.to] as const]).map(([from, to]) => ({ stream, from, to }));
  });
}
