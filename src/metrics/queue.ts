// How long people waited and how many of them, from intervals of a queue. Pure.
import type { EventData } from "../words/events.ts";
import { type Figure, share } from "./scales.ts";
import { addGroup, NOTHING_WEIGHTED, type WeightedSum, weightedFigure } from "./weighted.ts";

export interface Queue {
  /** Seconds waited, by interval, each weighing as many waits as it has. */
  readonly waits: WeightedSum;
  /** People waiting, by interval, each weighing the time it was watched, milliseconds. */
  readonly length: WeightedSum;
  ended: number;
  gaveUp: number;
  lost: number;
}

export function emptyQueue(): Queue {
  return { waits: { ...NOTHING_WEIGHTED }, length: { ...NOTHING_WEIGHTED }, ended: 0, gaveUp: 0, lost: 0 };
}

/** Counts one interval. */
export function countQueue(into: Queue, queue: EventData["queue"]): void {
  if (queue.meanWaitMs !== undefined && queue.waits > 0) addGroup(into.waits, queue.meanWaitMs / 1000, queue.waits);
  if (queue.watchedMs > 0) addGroup(into.length, queue.meanLength, queue.watchedMs);
  into.ended += queue.waits;
  into.gaveUp += queue.gaveUp;
  into.lost += queue.lost;
}

/**
 * `queue-wait-s`: mean wait that was seen whole; `queue-length`: people waiting, mean over the time watched;
 * `queue-gave-up`: who left for elsewhere than the service, of all whose end was seen; `queue-waits-lost`: waits that were lost from view and are
 * in none of these, of all: with many of them the mean wait is too low. The interval takes the queue's intervals as the
 * groups, because those who wait together wait alike.
 */
export function queueFigures({ waits, length, ended, gaveUp, lost }: Queue): Figure[] {
  return [
    weightedFigure("queue-wait-s", ended, waits, 0),
    {
      ...weightedFigure("queue-length", length.groups, length, 0),
      numerator: length.value / 1000,
      denominator: length.weight / 1000,
    },
    share("queue-gave-up", gaveUp, ended + gaveUp),
    share("queue-waits-lost", lost, ended + gaveUp + lost),
  ];
}
