// Judges the times of events, knowing nothing but the contract: `clock` events, and what the truth was. Pure.
import { ClockData, type Envelope } from "../../src/words/events.ts";

/** A synced time may be off by this much, milliseconds: smaller steps count as slewing, and clocks are read this well. */
export const SYNCED_WITHIN_MS = 120;

export interface TimesVerdict {
  readonly synced: number;
  /** Repaired on the device, before they were sent. */
  readonly corrected: number;
  /** Repaired by a `clock` event. */
  readonly repaired: number;
  /** Unsynced, and no `clock` event means them. */
  readonly unsynced: number;
  readonly "clock events": number;
  /** Largest distance of a synced, corrected or repaired time from the truth, milliseconds. */
  readonly "worst ms": number;
  /** Times further from the truth than they may be. */
  readonly "wrong times": number;
  /** The same of times before any repair: what a consumer sees that knows no `clock` event. */
  readonly "wrong before repair": number;
  /** Presses that lie by `mono` before one that was made earlier, by more than a line and a busy machine explain. */
  readonly disordered: number;
}

/** How much later than it was made a press may seem to be, milliseconds: a pad tells the age of what it sends again. */
const ON_THE_LINE_MS = 1_000;

/**
 * @param events once each, of one boot
 * @param bootMs UTC, in truth, of the moment that `mono` counts from
 * @param made `mono` of the presses among the events, in the order in which they were made
 */
export function judgeTimes(events: readonly Envelope[], bootMs: number, made: readonly number[]): TimesVerdict {
  const repairs = events
    .filter(({ type }) => type === "clock")
    .sort((a, b) => a.seq - b.seq)
    .map(({ data }) => ClockData.parse(data));
  const counts = { synced: 0, corrected: 0, repaired: 0, unsynced: 0 };
  let worstMs = 0;
  let wrong = 0;
  let wrongBefore = 0;
  for (const event of events) {
    const repair =
      event.clock === "unsynced"
        ? repairs.findLast(
            ({ boot, fromMono, toMono }) => boot === event.boot && event.mono >= fromMono && event.mono <= toMono,
          )
        : undefined;
    counts[repair === undefined ? event.clock : "repaired"] += 1;
    const offMs = Date.parse(event.time) - (bootMs + event.mono);
    if (Math.abs(offMs) > SYNCED_WITHIN_MS) wrongBefore += 1;
    if (event.clock === "unsynced" && repair === undefined) continue;
    const leftMs = Math.abs(offMs + (repair?.offsetMs ?? 0));
    worstMs = Math.max(worstMs, leftMs);
    if (leftMs > Math.max(repair?.uncertaintyMs ?? 0, SYNCED_WITHIN_MS)) wrong += 1;
  }
  let latest = 0;
  let disordered = 0;
  for (const mono of made) {
    if (mono < latest - ON_THE_LINE_MS) disordered += 1;
    latest = Math.max(latest, mono);
  }
  return {
    ...counts,
    "clock events": repairs.length,
    "worst ms": Math.round(worstMs),
    "wrong times": wrong,
    "wrong before repair": wrongBefore,
    disordered,
  };
}
