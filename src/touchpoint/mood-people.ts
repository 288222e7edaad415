// People whose faces were read in an interval, as sums: each reading weighs its time, each person the same. Pure.
import type { FaceSeen } from "../words/inputs.ts";

/** What may be read off a face, each a group of shares that sum to 1. */
const GROUPS = ["expression", "ages", "sexes"] as const;

/** By group and name, shares or sums of such; a group that nobody read is absent. */
export type Shares = Readonly<Partial<Record<(typeof GROUPS)[number], Readonly<Record<string, number>>>>>;

/** Somebody read in this interval: one or several tracks after one another. Gone with the interval at the latest. */
interface Person {
  /** The latest of their tracks. */
  readonly track: number;
  /** For how long nothing was seen of them while the camera looked, milliseconds; undefined while they are in view. */
  readonly lostMs: number | undefined;
  /** Time that the readings stand for, milliseconds. */
  readonly readMs: number;
  /** Readings, each times the milliseconds that it stands for. */
  readonly sums: Shares;
}

export interface Gathered {
  /** Those who may still be here. */
  readonly persons: readonly Person[];
  /** Those who are gone: how many, and the sum of what each showed on average. */
  readonly gone: number;
  readonly sums: Shares;
  readonly observations: number;
  /** How many may still be here, seen or not. */
  readonly here: number;
  /** For how long fewer than that were seen, milliseconds, and the most of them meanwhile. */
  readonly fewer: { readonly ms: number; readonly most: number };
}

export interface Reading {
  readonly track: number;
  readonly shares: Shares;
}

/**
 * Who is not seen for so long while the camera looks may have gone, milliseconds; ours. Somebody who looks down at a terminal
 * or is hidden comes back sooner and must not become a second person: `people` decides what may be told, so it is a
 * lower bound wherever one is to be had.
 */
const APART_MS = 5_000;
/** A shorter glimpse makes nobody a person, milliseconds: a detector's ghosts come and go. */
const GLIMPSE_MS = 1_000;

const NOTHING_READ: Shares = {};
const NOBODY_FEWER = { ms: 0, most: 0 };

export const NOBODY: Gathered = {
  persons: [],
  gone: 0,
  sums: NOTHING_READ,
  observations: 0,
  here: 0,
  fewer: NOBODY_FEWER,
};

/**
 * Adds one frame. A reading stands for the time since the frame before. A new track is a new person only where nobody is
 * left who was lost from view and may be it: so the fragments of one person's track make one person, and at worst two
 * people who follow each other closely are taken for one.
 * @param inView tracks seen in this frame, read or not, in the zone or beside it
 * @param seen people in the zone in this frame, read or not
 * @param passedMs since the frame before, with what nobody saw left out
 */
export function gather(
  before: Gathered,
  readings: readonly Reading[],
  inView: ReadonlySet<number>,
  seen: number,
  passedMs: number,
): Gathered {
  const level = levelOf(before, seen, passedMs);
  const persons = before.persons.map((one): Person => {
    const lostMs = inView.has(one.track) ? undefined : (one.lostMs ?? 0) + passedMs;
    return { ...one, lostMs };
  });
  for (const { track, shares } of readings) {
    const known = persons.findIndex((one) => one.track === track);
    const at = known === -1 ? latestLost(persons) : known;
    const { readMs, sums } = persons[at] ?? { readMs: 0, sums: NOTHING_READ };
    persons[at === -1 ? persons.length : at] = {
      track,
      lostMs: undefined,
      readMs: readMs + passedMs,
      sums: plus(sums, shares, passedMs),
    };
  }
  const here = Math.max(level.here, readings.length);
  return leave({ ...before, ...level, here, persons, observations: before.observations + readings.length });
}

/** An interval is over: those who are still here go on, and are counted again once they are read again. */
export function nextGathering({ persons, here, fewer }: Gathered): Gathered {
  return { ...NOBODY, here, fewer, persons: persons.map((one) => ({ ...one, readMs: 0, sums: NOTHING_READ })) };
}

/** The camera saw nobody go: whoever it sees next may be one of those who were here. */
export function loseSight(state: Gathered): Gathered {
  return { ...state, persons: state.persons.map((one) => ({ ...one, lostMs: 0 })) };
}

/** How many people were read, at least, and what they showed on average: each the mean over their time, all alike. */
export function meanOf({ persons, gone, sums }: Gathered): { people: number; shares: Shares } {
  const counted = persons.filter(isCounted);
  const total = counted.reduce((sum, one) => plus(sum, one.sums, 1 / one.readMs), sums);
  const people = gone + counted.length;
  return { people, shares: people === 0 ? NOTHING_READ : plus(NOTHING_READ, total, 1 / people) };
}

/** The number of people here falls only when fewer were seen for long enough, and then to the most of that time. */
function levelOf({ here, fewer }: Gathered, seen: number, passedMs: number): Pick<Gathered, "here" | "fewer"> {
  if (seen >= here) return { here: seen, fewer: NOBODY_FEWER };
  const now = { ms: fewer.ms + passedMs, most: Math.max(fewer.most, seen) };
  return now.ms < APART_MS ? { here, fewer: now } : { here: now.most, fewer: NOBODY_FEWER };
}

/** Lets go of those who were lost for long, the longest lost first, until no more are left than may be here. */
function leave(state: Gathered): Gathered {
  const excess = state.persons.length - state.here;
  if (excess <= 0) return state;
  const leaving = state.persons
    .filter(({ lostMs = 0 }) => lostMs >= APART_MS)
    .toSorted((a, b) => (b.lostMs ?? 0) - (a.lostMs ?? 0))
    .slice(0, excess);
  if (leaving.length === 0) return state;
  const counted = leaving.filter(isCounted);
  return {
    ...state,
    persons: state.persons.filter((one) => !leaving.includes(one)),
    gone: state.gone + counted.length,
    sums: counted.reduce((sum, one) => plus(sum, one.sums, 1 / one.readMs), state.sums),
  };
}

function isCounted({ readMs }: Person): boolean {
  return readMs >= GLIMPSE_MS;
}

/** Index of who was lost last; −1 where nobody is. */
function latestLost(persons: readonly Person[]): number {
  let latest = -1;
  persons.forEach(({ lostMs }, i) => {
    if (lostMs !== undefined && lostMs < (persons[latest]?.lostMs ?? Number.POSITIVE_INFINITY)) latest = i;
  });
  return latest;
}

function plus(sums: Shares, shares: Shares, times: number): Shares {
  const groups = GROUPS.filter((group) => shares[group] !== undefined).map((group) => {
    const [before, more] = [sums[group] ?? {}, shares[group] ?? {}];
    const names = Object.keys({ ...before, ...more });
    return [group, Object.fromEntries(names.map((name) => [name, (before[name] ?? 0) + (more[name] ?? 0) * times]))];
  });
  return { ...sums, ...Object.fromEntries(groups) };
}

/** What was read off a face; undefined where nothing was. */
export function readOff({ expression, ages, sexes }: FaceSeen): Shares | undefined {
  if (expression === undefined && ages === undefined && sexes === undefined) return undefined;
  return { ...(expression && { expression }), ...(ages && { ages }), ...(sexes && { sexes }) };
}
