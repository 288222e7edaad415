// How long things took: mean, median and the ninth decile, from sums and a histogram that can be merged. Pure.
import { type Interval, quantileRanks } from "./intervals.ts";
import { addTo, type Figure, mean, NOTHING_SUMMED, type Sum } from "./scales.ts";
import { addOne } from "./tree.ts";

/**
 * How far a quantile may be from the true one, as a part of it. The histogram's bins grow by the same factor: C. Masson,
 * J. E. Rim, H. K. Lee, DDSketch, Proceedings of the VLDB Endowment 12 (2019) 2195–2205. A day in milliseconds has 457.
 */
export const ACCURACY = 0.02;
const GROWTH = (1 + ACCURACY) / (1 - ACCURACY);

export interface Durations {
  /** Of seconds. */
  readonly seconds: Sum;
  /** Bin → how many; bin i holds what is above GROWTH^(i − 1) and up to GROWTH^i milliseconds. */
  readonly bins: Record<string, number>;
}

export function emptyDurations(): Durations {
  return { seconds: { ...NOTHING_SUMMED }, bins: {} };
}

/** Counts one. @param ms milliseconds; below one millisecond counts as one in the quantiles */
export function countDuration(into: Durations, ms: number): void {
  addTo(into.seconds, ms / 1000);
  addOne(into.bins, `${Math.ceil(Math.log(Math.max(1, ms)) / Math.log(GROWTH))}`);
}

/**
 * Mean, median and the value that nine in ten stay below, in seconds. Durations have a long tail: the interval of their
 * mean is too narrow for few of them, that of the quantiles is not, since it does not depend on their distribution.
 * @param name such as `dwell`: figures `dwell-s`, `dwell-median-s`, `dwell-p90-s`
 */
export function durationFigures(name: string, durations: Durations): Figure[] {
  return [
    mean(`${name}-s`, durations.seconds),
    quantile(`${name}-median-s`, durations, 0.5),
    quantile(`${name}-p90-s`, durations, 0.9),
  ];
}

function quantile(metric: string, { bins }: Durations, p: number): Figure {
  const sorted = Object.entries(bins)
    .map(([bin, count]) => [Number(bin), count] as const)
    .sort(([a], [b]) => a - b);
  const n = sorted.reduce((sum, [, count]) => sum + count, 0);
  /** Bin of the value that is the `rank`-th of all, counted from 1. */
  const binAt = (rank: number): number => {
    let seen = 0;
    for (const [bin, count] of sorted) {
      seen += count;
      if (seen >= rank) return bin;
    }
    return Number.NaN;
  };
  const figure = { metric, n, numerator: null, denominator: null };
  if (n === 0) return { ...figure, value: null, interval: null };
  const ranks = quantileRanks(p, n);
  // From the lower edge of the one bin to the upper edge of the other: never narrower for the sake of the bins.
  const interval: Interval | null =
    ranks === null ? null : [GROWTH ** (binAt(ranks[0]) - 1) / 1000, GROWTH ** binAt(ranks[1]) / 1000];
  // The middle of the bin, as DDSketch has it: at most ACCURACY from every value in it.
  return { ...figure, value: (2 * GROWTH ** binAt(Math.ceil(p * n))) / (GROWTH + 1) / 1000, interval };
}
