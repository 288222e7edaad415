// What is counted of one touchpoint in one window: a tree of numbers, so that two of them are merged by adding leaf to leaf. Pure.
import { NOTHING_SUMMED, type Sum } from "./scales.ts";

/** Counts of a window. Plain data: it is kept as JSON. */
export interface Counts {
  /** Events it rests on: what is counted again from fewer is no better. */
  events: number;
  /** Ratings and answers on a scale: `scaleKey` → value → how often. */
  readonly scales: Record<string, Record<string, number>>;
  /** Question → reason → how often it was named. */
  readonly reasons: Record<string, Record<string, number>>;
  /** Ratings that one of the episodes claims, and those that none does. */
  readonly ratings: { matched: number; unmatched: number };
  /** Presses and answers that count, whatever they rate. */
  responses: number;
  /** `silent` and `answered` by presses that count: one that was answered by a prank only is silent. */
  readonly contacts: { answered: number; silent: number; cut: number };
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
  /** How long the agent ran, and how long a camera looked, milliseconds. */
  readonly covered: { running: number; camera: number };
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
    services: { closed: 0, rated: 0 },
    sales: { count: 0, named: 0, amounts: {}, items: sum() },
    activities: { attempts: 0, sales: 0, selling: sum() },
    alerts: { raised: 0, reacted: sum(), resolved: sum() },
    judged: 0,
    flagged: 0,
    covered: { running: 0, camera: 0 },
  };
}

/** Adds the counts of another window; `into` is changed, `from` is not, and shares nothing with it. */
export function addCounts(into: Counts, from: Counts): void {
  addTree(into as unknown as Tree, from as unknown as Tree);
}

interface Tree {
  [name: string]: number | Tree;
}

function addTree(into: Tree, from: Tree): void {
  for (const [name, value] of Object.entries(from)) {
    const before = Object.hasOwn(into, name) ? into[name] : undefined;
    if (typeof value === "number") into[name] = (typeof before === "number" ? before : 0) + value;
    else {
      const branch = typeof before === "object" ? before : {};
      // A reason may be named `__proto__`.
      if (branch !== before) Object.defineProperty(into, name, { value: branch, enumerable: true, writable: true });
      addTree(branch, value);
    }
  }
}

/** Question, version and scale: one that was changed without a new version is another scale all the same. */
export interface ScaleName {
  readonly question: string;
  readonly version: number;
  readonly min: number;
  readonly max: number;
}

export function scaleKey({ question, version, min, max }: ScaleName): string {
  return `${question}/${version}/${min}/${max}`;
}

export function scaleOf(key: string): ScaleName {
  const [max, min, version, ...question] = key.split("/").reverse();
  return { question: question.reverse().join("/"), version: Number(version), min: Number(min), max: Number(max) };
}

/** One more of `name`, or `by` more; the name may be any text. */
export function addOne(counts: Record<string, number>, name: string, by = 1): void {
  const before = Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0;
  Object.defineProperty(counts, name, { value: before + by, enumerable: true, writable: true, configurable: true });
}
