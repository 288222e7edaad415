// Weighted sums of the means of several items, of which each customer may have answered any: value and interval. Pure.
import { type Interval, studentT } from "./intervals.ts";
import { branchOf } from "./tree.ts";

/** Sums over the walks that answered both of two items; an item with itself: over all that answered it. */
export interface PairSums {
  n: number;
  first: number;
  second: number;
  product: number;
}

/** Item → item of the same name or a later one → sums. */
export type CrossSums = Record<string, Record<string, PairSums>>;

/** Counts one walk. @param values item → value on its own scale; what was not answered is not there */
export function countCross(into: CrossSums, values: Readonly<Record<string, number>>): void {
  const items = Object.keys(values).sort();
  for (const [at, first] of items.entries())
    for (const second of items.slice(at)) {
      const sums = pairOf(into, first, second);
      const [x, y] = [values[first] ?? 0, values[second] ?? 0];
      sums.n += 1;
      sums.first += x;
      sums.second += y;
      sums.product += x * y;
    }
}

/** One item of a sum of means. */
export interface Term {
  readonly item: string;
  readonly coefficient: number;
}

export interface Composite {
  /** Walks it rests on at least: exactly so many where each answered equally many of the items. */
  readonly n: number;
  /** null where an item has no answer. */
  readonly value: number | null;
  /** 95 %; null where an item has fewer than two answers. */
  readonly interval: Interval | null;
}

/**
 * θ = Σ cᵢ·m̄ᵢ, where m̄ᵢ is the mean of all answers to item i, with a 95 % interval.
 *
 * The variance is that of the linearised θ, one value for each walk: z = Σ cᵢ·(xᵢ − m̄ᵢ)/nᵢ over the items it answered
 * (R. S. Woodruff, JASA 66 (1971) 411–414; D. A. Binder, International Statistical Review 51 (1983) 279–292). So answers
 * of one customer may hang together as they like. Each residual is made larger by √(nᵢ/(nᵢ − 1)): then the variance is
 * the usual one where all answered all, and the sum of the usual ones where each answered one item only.
 *
 * Student's t, because an item of a rotated questionnaire has few answers and its variance is itself estimated. Degrees of
 * freedom by F. E. Satterthwaite, Biometrics Bulletin 2 (1946) 110–114, over the items' parts of the variance, and never
 * more than the walks less one, since answers of one customer are not independent.
 * @param terms an item with a coefficient of 0 is not needed
 */
export function compositeOf(sums: CrossSums, terms: readonly Term[]): Composite {
  const needed = terms.filter(({ coefficient }) => coefficient !== 0);
  const own = needed.map(({ item }) => ownSums(sums, item));
  const n = walksOf(sums, needed, own);
  if (needed.length === 0 || own.some((one) => one.n === 0)) return { n: Math.floor(n), value: null, interval: null };
  const means = own.map((one) => one.first / one.n);
  const value = needed.reduce((sum, { coefficient }, i) => sum + coefficient * (means[i] ?? 0), 0);
  if (own.some((one) => one.n < 2)) return { n: Math.floor(n), value, interval: null };

  const scaled = needed.map(({ coefficient }, i) => {
    const count = own[i]?.n ?? 0;
    return (coefficient / count) * Math.sqrt(count / (count - 1));
  });
  /** What each item adds to the variance. */
  const parts = needed.map((one, i) =>
    needed.reduce((sum, other, j) => {
      const both = bothSums(sums, one.item, other.item);
      const [a, b] = [means[i] ?? 0, means[j] ?? 0];
      const residuals = both.product - b * both.first - a * both.second + both.n * a * b;
      return sum + (scaled[i] ?? 0) * (scaled[j] ?? 0) * residuals;
    }, 0),
  );
  // Rounding can leave a hair below zero where all walks are the same.
  const variance = Math.max(
    0,
    parts.reduce((sum, part) => sum + part, 0),
  );
  const spread = parts.reduce((sum, part, i) => sum + part ** 2 / ((own[i]?.n ?? 0) - 1), 0);
  const degrees = Math.min(spread === 0 ? n - 1 : variance ** 2 / spread, n - 1);
  // Rounded down, and so to the safe side.
  const half = studentT(Math.max(1, Math.floor(degrees + 1e-9))) * Math.sqrt(variance);
  return { n: Math.floor(n), value, interval: [value - half, value + half] };
}

const NONE: PairSums = { n: 0, first: 0, second: 0, product: 0 };

function ownSums(sums: CrossSums, item: string): PairSums {
  return bothSums(sums, item, item);
}

/** Sums of two items in this order. */
function bothSums(sums: CrossSums, first: string, second: string): PairSums {
  if (first > second) {
    const turned = bothSums(sums, second, first);
    return { ...turned, first: turned.second, second: turned.first };
  }
  const row = Object.hasOwn(sums, first) ? sums[first] : undefined;
  return (row !== undefined && Object.hasOwn(row, second) ? row[second] : undefined) ?? NONE;
}

function pairOf(into: CrossSums, first: string, second: string): PairSums {
  return branchOf(
    branchOf(into, first, () => ({})),
    second,
    () => ({ ...NONE }),
  );
}

/**
 * With s items answered by a walk, Σs over all walks is the sum of the items' counts, and Σs² that of the pairs'. By
 * Cauchy and Schwarz there were at least (Σs)²/Σs² walks.
 */
function walksOf(sums: CrossSums, terms: readonly Term[], own: readonly PairSums[]): number {
  const answers = own.reduce((sum, one) => sum + one.n, 0);
  const squares = terms.reduce(
    (sum, one) => sum + terms.reduce((row, other) => row + bothSums(sums, one.item, other.item).n, 0),
    0,
  );
  return squares === 0 ? 0 : answers ** 2 / squares + 1e-9;
}
