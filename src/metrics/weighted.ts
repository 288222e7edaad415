// Weighted means over groups that hang together within themselves, such as intervals of time. Pure.
import { type Interval, studentT } from "./intervals.ts";
import type { Figure } from "./scales.ts";

/** Sums over groups: of weights, of weight times value, and what their squares need. */
export interface WeightedSum {
  groups: number;
  weight: number;
  value: number;
  weightSquares: number;
  crossed: number;
  valueSquares: number;
}

export const NOTHING_WEIGHTED: Readonly<WeightedSum> = {
  groups: 0,
  weight: 0,
  value: 0,
  weightSquares: 0,
  crossed: 0,
  valueSquares: 0,
};

/** One more group. @param mean of its values, `weight` how many they are */
export function addGroup(into: WeightedSum, mean: number, weight: number): void {
  into.groups += 1;
  into.weight += weight;
  into.value += weight * mean;
  into.weightSquares += weight ** 2;
  into.crossed += weight ** 2 * mean;
  into.valueSquares += (weight * mean) ** 2;
}

/**
 * Mean over all values, and its variance as that of a ratio of two sums over groups: W. G. Cochran, Sampling Techniques,
 * 3rd edition, 1977, 6.3. Unequal groups count as fewer: with L. Kish's effective number (Survey Sampling, 1965),
 * (Σw)²/Σw², in place of their number. Values within a group may be as alike as they like.
 * @returns `value` null without groups, `variance` null below two
 */
export function weightedMean(sum: Readonly<WeightedSum>): Estimate {
  if (sum.weight === 0) return { value: null, variance: null, effective: 0 };
  const value = sum.value / sum.weight;
  const effective = sum.weight ** 2 / sum.weightSquares;
  if (sum.groups < 2) return { value, variance: null, effective };
  const squares = sum.valueSquares - 2 * value * sum.crossed + value ** 2 * sum.weightSquares;
  // Rounding can leave a hair below zero where all groups are the same.
  const variance = (Math.max(0, squares) / sum.weight ** 2) * (effective / (effective - 1));
  return { value, variance, effective };
}

export interface Estimate {
  readonly value: number | null;
  /** Of the estimate; null where there is none. */
  readonly variance: number | null;
  /** How many equal groups would say as much. */
  readonly effective: number;
}

/** 95 % interval with Student's t, as if there were `effective` groups, rounded down. */
export function intervalOf({ value, variance, effective }: Estimate): Interval | null {
  if (value === null || variance === null) return null;
  const half = studentT(Math.max(1, Math.floor(effective - 1 + 1e-9))) * Math.sqrt(variance);
  return [value - half, value + half];
}

/** A weighted mean as a figure. @param n cases it rests on, `low` and `high` what it can be at the least and at the most */
export function weightedFigure(
  metric: string,
  n: number,
  sum: Readonly<WeightedSum>,
  low: number,
  high = Number.POSITIVE_INFINITY,
): Figure {
  const estimate = weightedMean(sum);
  const interval = intervalOf(estimate);
  return {
    metric,
    n,
    numerator: sum.value,
    denominator: sum.weight,
    value: estimate.value,
    interval: interval === null ? null : [Math.max(low, interval[0]), Math.min(high, interval[1])],
  };
}
