// What is known of a simulated day because it was made so: nothing in it was read from what the engine said.
import { TILLS, type Till } from "./shop.ts";

/** A rating that counts. */
export interface TrueRating {
  readonly value: number;
  /** True UTC, milliseconds. */
  readonly unixMs: number;
  /** Who served. */
  readonly staff: string | undefined;
  /** An episode of the camera claims it. */
  readonly matched: boolean;
}

/** Truth of one till; what is counted is changed while the day is written. */
export interface TillTruth {
  /** What each customer thinks of the visit, said or not. */
  readonly opinions: number[];
  readonly ratings: TrueRating[];
  /** Answers on the screen, 0 to 10. */
  readonly nps: number[];
  readonly surveys: { finished: number; abandoned: number };
  /** Every reason that was named, by a button or on the screen. */
  readonly reasons: string[];
  /** Presses of pranksters, of staff and of nobody. */
  judged: number;
  /** Ratings out of hours or while nobody is served. */
  flagged: number;
  readonly contacts: { answered: number; silent: number; cut: number };
  readonly sales: { count: number; named: number; amount: number; items: number };
  readonly services: { closed: number; rated: number };
  readonly attempts: { count: number; sales: number; readonly sellingMs: number[] };
  readonly alerts: {
    raised: number;
    escalated: number;
    open: number;
    readonly reactedMs: number[];
    readonly resolvedMs: number[];
  };
  /** Ratings of customers whose card was read. */
  cards: number;
  runningMs: number;
  cameraMs: number;
}

export type Truth = Readonly<Record<Till, TillTruth>>;

export function emptyTruth(): Truth {
  return Object.fromEntries(TILLS.map((till) => [till, emptyTill()])) as unknown as Truth;
}

function emptyTill(): TillTruth {
  return {
    opinions: [],
    ratings: [],
    nps: [],
    surveys: { finished: 0, abandoned: 0 },
    reasons: [],
    judged: 0,
    flagged: 0,
    contacts: { answered: 0, silent: 0, cut: 0 },
    sales: { count: 0, named: 0, amount: 0, items: 0 },
    services: { closed: 0, rated: 0 },
    attempts: { count: 0, sales: 0, sellingMs: [] },
    alerts: { raised: 0, escalated: 0, open: 0, reactedMs: [], resolvedMs: [] },
    cards: 0,
    runningMs: 0,
    cameraMs: 0,
  };
}
