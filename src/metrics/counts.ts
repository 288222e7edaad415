// What is counted of one touchpoint in one window: a tree of numbers, so that two of them are merged by adding leaf to leaf. Pure.
import { type Background, emptyBackground } from "./background.ts";
import type { Drivers } from "./drivers.ts";
import { type Durations, emptyDurations } from "./durations.ts";
import { emptyQueue, type Queue } from "./queue.ts";
import type { Runs } from "./runs.ts";
import { NOTHING_SUMMED, type Sum } from "./scales.ts";
import type { Visits } from "./visits.ts";
import { emptyWorkload, type Workload } from "./workload.ts";

/** Counts of a window, to be merged by `merge` of tree.ts. Plain data: it is kept as JSON. */
export interface Counts {
  /** Events it rests on: what is counted again from fewer is no better. */
  events: number;
  /** Ratings and answers on a scale: `itemKey` → value → how often. */
  readonly scales: Record<string, Record<string, number>>;
  /** Question → reason → how often it was named. */
  readonly reasons: Record<string, Record<string, number>>;
  /** Ratings that one of the episodes claims, and those that none does. */
  readonly ratings: { matched: number; unmatched: number };
  /** Presses and answers that count, whatever they rate. */
  responses: number;
  /** `silent` and `answered` by presses that count: one that was answered by a prank only is silent. */
  readonly contacts: { answered: number; silent: number; cut: number };
  /** How long episodes were, but for those that were cut. */
  readonly dwell: Durations;
  readonly services: { closed: number; rated: number };
  readonly sales: {
    count: number;
    /** Sales that a press or answer names. */
    named: number;
    /** By currency; empty where the till does not say. */
    readonly amounts: Record<string, Sum>;
    readonly items: Sum;
  };
  /** `selling`: seconds of attempts whose end somebody said. */
  readonly activities: { attempts: number; sales: number; readonly selling: Sum };
  /** Of alerts raised in the window; seconds to the first acknowledgement and to the resolving. */
  readonly alerts: { raised: number; readonly reacted: Sum; readonly resolved: Sum };
  /** Presses that were judged not to be what they seem, and left out. */
  judged: number;
  /** Ratings left out because of a flag: of a button that is unwell, while nobody was served, or out of hours. */
  flagged: number;
  /** Walks through questionnaires, where they ended. */
  readonly runs: Runs;
  /** Ratings with what their customers said to why. */
  readonly drivers: Drivers;
  readonly background: Background;
  readonly workload: Workload;
  readonly visits: Visits;
  readonly queue: Queue;
  /** How long the agent ran, and how long a camera looked, milliseconds. */
  readonly covered: { running: number; camera: number };
}

/** The counts under a key, made where there are none yet. */
export function countsAt<K>(all: Map<K, Counts>, key: K): Counts {
  const counts = all.get(key) ?? emptyCounts();
  all.set(key, counts);
  return counts;
}

export function emptyCounts(): Counts {
  const sum = (): Sum => ({ ...NOTHING_SUMMED });
  return {
    events: 0,
    scales: {},
    reasons: {},
    ratings: { matched: 0, unmatched: 0 },
    responses: 0,
    contacts: { answered: 0, silent: 0, cut: 0 },
    dwell: emptyDurations(),
    services: { closed: 0, rated: 0 },
    sales: { count: 0, named: 0, amounts: {}, items: sum() },
    activities: { attempts: 0, sales: 0, selling: sum() },
    alerts: { raised: 0, reacted: sum(), resolved: sum() },
    judged: 0,
    flagged: 0,
    runs: {},
    drivers: {},
    background: emptyBackground(),
    workload: emptyWorkload(),
    visits: {},
    queue: emptyQueue(),
    covered: { running: 0, camera: 0 },
  };
}
