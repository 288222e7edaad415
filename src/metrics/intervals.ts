// 95 % intervals of shares, means and differences. Pure; each says whose formula it is.

/** Lower and upper bound. */
export type Interval = readonly [number, number];

/** 97.5 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * Share `k` of `n`: Wilson's score interval. Source: E. B. Wilson, JASA 22 (1927) 209–212; method 3 of R. G. Newcombe,
 * Statistics in Medicine 17 (1998) 857–872.
 * @returns null for n = 0
 */
export function wilson(k: number, n: number): Interval | null {
  if (n === 0) return null;
  const p = k / n;
  const middle = p + Z ** 2 / (2 * n);
  const half = Z * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2));
  const scale = 1 + Z ** 2 / n;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

/**
 * Net promoter score, −100 to 100: adjusted Wald, with three answers added, three quarters of one promoter and of one
 * detractor among them. Source: B. Rocks, The American Statistician 70 (2016) 365–372, after Agresti and Min.
 * @returns null for n = 0
 */
export function adjustedWaldNps(promoters: number, detractors: number, n: number): Interval | null {
  if (n === 0) return null;
  const total = n + 3;
  const up = (promoters + 0.75) / total;
  const down = (detractors + 0.75) / total;
  const half = Z * Math.sqrt((up + down - (up - down) ** 2) / total);
  return [Math.max(-100, 100 * (up - down - half)), Math.min(100, 100 * (up - down + half))];
}

/**
 * Mean of `n` values: Student's t.
 * @param sum of the values, `sumSquares` of their squares
 * @returns null below two values
 */
export function meanInterval(n: number, sum: number, sumSquares: number): Interval | null {
  if (n < 2) return null;
  const mean = sum / n;
  // Rounding can leave a hair below zero where all values are the same.
  const variance = Math.max(0, (sumSquares - n * mean ** 2) / (n - 1));
  const half = studentT(n - 1) * Math.sqrt(variance / n);
  return [mean - half, mean + half];
}

/**
 * Difference of two shares, first minus second: Newcombe's hybrid score interval. Source: R. G. Newcombe, Statistics in
 * Medicine 17 (1998) 873–890, method 10.
 * @returns null where one of the two has no cases
 */
export function shareDifference(k1: number, n1: number, k2: number, n2: number): Interval | null {
  const first = wilson(k1, n1);
  const second = wilson(k2, n2);
  if (first === null || second === null) return null;
  const [p1, p2] = [k1 / n1, k2 / n2];
  return [p1 - p2 - Math.hypot(p1 - first[0], second[1] - p2), p1 - p2 + Math.hypot(first[1] - p1, p2 - second[0])];
}

/**
 * 97.5 % quantile of Student's t. Exact for one and two degrees of freedom; above, the expansion of M. Abramowitz and
 * I. A. Stegun, Handbook of Mathematical Functions, 26.7.5, whose error is below 0.2 % from three on.
 */
export function studentT(degrees: number): number {
  if (degrees === 1) return Math.tan(Math.PI * 0.475);
  if (degrees === 2) return 0.95 * Math.sqrt(2 / (1 - 0.95 ** 2));
  const g1 = (Z ** 3 + Z) / 4;
  const g2 = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96;
  const g3 = (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384;
  const g4 = (79 * Z ** 9 + 776 * Z ** 7 + 1482 * Z ** 5 - 1920 * Z ** 3 - 945 * Z) / 92160;
  return Z + g1 / degrees + g2 / degrees ** 2 + g3 / degrees ** 3 + g4 / degrees ** 4;
}
