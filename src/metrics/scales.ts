// Metrics of answers on one scale: what was asked on another one is never mapped onto it. Pure.
import { adjustedWaldNps, type Interval, meanInterval, scaleMeanInterval, wilson } from "./intervals.ts";

/** One number with everything that it takes to believe it. */
export interface Figure {
  readonly metric: string;
  /** Cases it rests on. */
  readonly n: number;
  readonly numerator: number | null;
  readonly denominator: number | null;
  /** What the denominator counts, where several could be meant. */
  readonly source?: "transactions" | "services" | "contacts" | "answers" | "visitors";
  /** Sum of the squares of what `numerator` sums up, where the metric is a mean: with it, two can be merged. */
  readonly sumSquares?: number;
  /** null for n = 0. */
  readonly value: number | null;
  /** 95 %; null where there is none. */
  readonly interval: Interval | null;
}

/** Count, sum and sum of squares of some values. */
export interface Sum {
  n: number;
  sum: number;
  squares: number;
}

export const NOTHING_SUMMED: Readonly<Sum> = { n: 0, sum: 0, squares: 0 };

/** One more value. */
export function addTo(of: Sum, value: number): void {
  of.n += 1;
  of.sum += value;
  of.squares += value ** 2;
}

/** Answers to one question of one version, as counts by value. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  /** Value → how often. */
  readonly histogram: Readonly<Record<string, number>>;
}

const entries = ({ histogram }: Scale): [number, number][] =>
  Object.entries(histogram).map(([value, count]) => [Number(value), count]);
const total = (scale: Scale): number => entries(scale).reduce((sum, [, count]) => sum + count, 0);
const countWhere = (scale: Scale, fits: (value: number) => boolean): number =>
  entries(scale).reduce((sum, [value, count]) => (fits(value) ? sum + count : sum), 0);

/** Mean of the scale's values, which are whole numbers, with an interval that stays on the scale. */
export function meanOf(scale: Scale): Figure {
  const sum = entries(scale).reduce((all, [value, count]) => all + value * count, 0);
  const squares = entries(scale).reduce((all, [value, count]) => all + value ** 2 * count, 0);
  const summed = { n: total(scale), sum, squares };
  return { ...mean("mean", summed), interval: scaleMeanInterval(summed, scale.min, scale.max) };
}

/**
 * Customer satisfaction, the variant "top two boxes": the share of the two best values. On a scale of fewer than four
 * values the best one only, because two would be most of the scale.
 */
export function csatOf(scale: Scale): Figure {
  const boxes = scale.max - scale.min + 1 < 4 ? 1 : 2;
  return share(
    "csat-top-box",
    countWhere(scale, (value) => value > scale.max - boxes),
    total(scale),
  );
}

/** Share of the worst values: the lower two, on a scale of fewer than four values the worst one. */
export function dissatisfiedOf(scale: Scale): Figure {
  return share(
    "dissatisfied",
    countWhere(scale, (value) => isDissatisfied(value, scale)),
    total(scale),
  );
}

/** Whether a value is among the worst of its scale, as `dissatisfied` counts them. */
export function isDissatisfied(value: number, { min, max }: Pick<Scale, "min" | "max">): boolean {
  return value < min + (max - min + 1 < 4 ? 1 : 2);
}

/**
 * Net promoter score: share of 9 and 10 less share of 0 to 6, times 100. Source: F. F. Reichheld, Harvard Business Review
 * 81 (2003) 46–54.
 * @returns undefined for any other scale than 0 to 10
 */
export function npsOf(scale: Scale): Figure | undefined {
  if (scale.min !== 0 || scale.max !== 10) return undefined;
  const n = total(scale);
  const promoters = countWhere(scale, (value) => value >= 9);
  const detractors = countWhere(scale, (value) => value <= 6);
  return {
    metric: "nps",
    n,
    numerator: promoters - detractors,
    denominator: n,
    value: n === 0 ? null : (100 * (promoters - detractors)) / n,
    interval: adjustedWaldNps(promoters, detractors, n),
  };
}

/** A mean with Student's t. */
export function mean(metric: string, { n, sum, squares }: Readonly<Sum>): Figure {
  const value = n === 0 ? null : sum / n;
  return {
    metric,
    n,
    numerator: sum,
    denominator: n,
    sumSquares: squares,
    value,
    interval: meanInterval(n, sum, squares),
  };
}

/**
 * One count for each of another kind, where the first may be the larger: with Wilson's interval as long as it can be a
 * share, with none above 1.
 */
export function ratio(metric: string, numerator: number, denominator: number, source?: Figure["source"]): Figure {
  const figure = share(metric, numerator, denominator, source);
  return numerator > denominator ? { ...figure, interval: null } : figure;
}

/** A share with Wilson's interval. @param source what the denominator counts, where several could be meant */
export function share(metric: string, numerator: number, denominator: number, source?: Figure["source"]): Figure {
  const value = denominator === 0 ? null : numerator / denominator;
  const figure = { metric, n: denominator, numerator, denominator, value, interval: wilson(numerator, denominator) };
  return source === undefined ? figure : { ...figure, source };
}
