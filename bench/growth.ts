// How fast something grows that grows by steps, with an interval. Pure.

import { seededRandom } from "../src/simulate/random.ts";

const STRETCHES = 20;
const DRAWS = 2_000;

/**
 * Mean growth with a 95 % interval by a bootstrap over equally long stretches of the series.
 *
 * Memory after full collections stays where it is until a page or a table more is needed: its growth, not its height, is what
 * differs by chance. A line through the heights, with residuals drawn anew, takes a single step for a slope that is sure. What
 * leaks with every frame grows in every stretch; what happens once grows in one, and then zero is inside.
 * Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 8.5 and 13.3.
 * @param x ascending, equally spaced, more than 20 of them
 * @returns units of y for each unit of x; the same numbers give the same interval
 * @throws RangeError of fewer samples than stretches have ends
 */
export function growth(x: ArrayLike<number>, y: ArrayLike<number>): { mean: number; low: number; high: number } {
  if (x.length <= STRETCHES) throw new RangeError(`more than ${STRETCHES} samples are needed, not ${x.length}`);
  const end = (stretch: number): number => Math.round((stretch * (x.length - 1)) / STRETCHES);
  const between = (of: ArrayLike<number>, stretch: number): number =>
    (of[end(stretch + 1)] ?? Number.NaN) - (of[end(stretch)] ?? Number.NaN);
  const grown = Array.from({ length: STRETCHES }, (_, i) => between(y, i) / between(x, i));
  const random = seededRandom(1);
  const means = Float64Array.from({ length: DRAWS }, () =>
    mean(grown.map(() => grown[Math.floor(random() * STRETCHES)] ?? Number.NaN)),
  ).sort();
  return { mean: mean(grown), low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

function mean(of: readonly number[]): number {
  return of.reduce((sum, one) => sum + one, 0) / of.length;
}

/** @param sorted ascending */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
}
