// A slope and its interval that stand outliers and samples that depend on their neighbours. Pure.

/** Neighbouring samples are drawn together, so many at a time, as what garbage collectors leave behind lasts for a while. */
const BLOCK = 10;
const DRAWS = 500;

/** Median of the slopes of all pairs. Source: Sen, Estimates of the regression coefficient based on Kendall's tau, 1968. */
export function theilSen(x: readonly number[], y: readonly number[]): number {
  const slopes: number[] = [];
  for (let i = 0; i < x.length; i += 1)
    for (let j = i + 1; j < x.length; j += 1) {
      const run = (x[j] ?? 0) - (x[i] ?? 0);
      if (run !== 0) slopes.push(((y[j] ?? 0) - (y[i] ?? 0)) / run);
    }
  return quantile(Float64Array.from(slopes).sort(), 0.5);
}

/**
 * Theil–Sen slope with a 95 % interval by a moving-block bootstrap of the residuals. Source: Künsch, The jackknife and the
 * bootstrap for general stationary observations, Ann. Statist. 17, 1989.
 * @returns units of y for each unit of x; the same numbers give the same interval
 */
export function slopeInterval(
  x: readonly number[],
  y: readonly number[],
): { slope: number; low: number; high: number } {
  const slope = theilSen(x, y);
  const residuals = x.map((at, i) => (y[i] ?? 0) - slope * at);
  const random = sequence(1);
  const slopes = Float64Array.from({ length: DRAWS }, () => {
    const drawn: number[] = [];
    while (drawn.length < x.length) {
      const from = Math.floor(random() * Math.max(1, x.length - BLOCK + 1));
      drawn.push(...residuals.slice(from, from + BLOCK));
    }
    return theilSen(
      x,
      x.map((at, i) => slope * at + (drawn[i] ?? 0)),
    );
  }).sort();
  return { slope, low: quantile(slopes, 0.025), high: quantile(slopes, 0.975) };
}

/** @param sorted ascending */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
}

/** Numbers from 0 to 1, the same from the same seed. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
