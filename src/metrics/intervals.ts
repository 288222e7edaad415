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
 * Mean of answers on a scale of whole numbers: adjusted Wald, with two answers added that are spread evenly over the scale's
 * values. Ours, in the manner of A. Agresti and B. A. Coull, The American Statistician 52 (1998) 119–126, who add four to a
 * share. Student's t, the usual one, covers no more than 83 % where nine in ten of thirty customers press the best smiley;
 * this one keeps what it says there too, stays on the scale, and does not shrink to a point where all answers are the same.
 * @param sum of the values, `squares` of their squares
 * @returns null for n = 0
 */
export function scaleMeanInterval({ n, sum, squares }: Summed, min: number, max: number): Interval | null {
  if (n === 0) return null;
  const total = n + 2;
  const steps = max - min;
  const middle = (min + max) / 2;
  const mean = (sum + 2 * middle) / total;
  // Variance of an even spread over whole numbers: (k² − 1)/12 for k of them.
  const added = 2 * (middle ** 2 + ((steps + 1) ** 2 - 1) / 12);
  const half = Z * Math.sqrt(Math.max(0, (squares + added) / total - mean ** 2) / total);
  return [Math.max(min, mean - half), Math.min(max, mean + half)];
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
 * Difference of two shares of the same `n` cases, first minus second: the adjusted Wald interval with one case added to each
 * of the two kinds that differ. Source: D. G. Bonett and R. M. Price, British Journal of Mathematical and Statistical
 * Psychology 65 (2012) 479–488; recommended by M. W. Fagerland, S. Lydersen, P. Laake, Statistics in Medicine 33 (2014)
 * 2850–2875.
 * @param first cases with the first and not the second, `second` with the second and not the first
 * @returns null for n = 0
 */
export function pairedShareDifference(first: number, second: number, n: number): Interval | null {
  if (n === 0) return null;
  const [p1, p2] = [(first + 1) / (n + 2), (second + 1) / (n + 2)];
  const half = Z * Math.sqrt((p1 + p2 - (p1 - p2) ** 2) / (n + 2));
  return [Math.max(-1, p1 - p2 - half), Math.min(1, p1 - p2 + half)];
}

/**
 * Mean of a Poisson count of which `k` came: the score interval. Source: L. Barker, The American Statistician 56 (2002)
 * 85–89, who compares nine.
 */
export function poissonMean(k: number): Interval {
  const half = Z * Math.sqrt(k + Z ** 2 / 4);
  return [Math.max(0, k + Z ** 2 / 2 - half), k + Z ** 2 / 2 + half];
}

/**
 * How far a count is off, as a share of the `n` that really were: what it counted beside them less what it missed. The
 * missed are a share of the `n` ({@link wilson}); what was counted beside them has no bound and is a Poisson count
 * ({@link poissonMean}); both intervals are joined by square and add, as in {@link shareDifference}. Source: G. Y. Zou and
 * A. Donner, Statistics in Medicine 27 (2008) 1693–1702 (MOVER). It is on the safe side: from 30 crossings on it covers 95 %
 * or more, 97 % on average, because few misses and few extras are the usual case.
 * @returns null for n = 0
 */
export function countError(missed: number, extra: number, n: number): Interval | null {
  const gone = wilson(missed, n);
  if (gone === null) return null;
  const [lower, upper] = poissonMean(extra).map((bound) => bound / n) as [number, number];
  const [m, x] = [missed / n, extra / n];
  return [x - m - Math.hypot(x - lower, gone[1] - m), x - m + Math.hypot(upper - x, m - gone[0])];
}

/** Count, sum and sum of squares of some values. */
interface Summed {
  readonly n: number;
  readonly sum: number;
  readonly squares: number;
}

/**
 * Difference of two means, first minus second, whose spreads may differ. Source: B. L. Welch, Biometrika 34 (1947) 28–35.
 * @returns null where one of the two has fewer than two values
 */
export function meanDifference(first: Summed, second: Summed): Interval | null {
  if (first.n < 2 || second.n < 2) return null;
  const [a, b] = [squaredError(first), squaredError(second)];
  const spread = a ** 2 / (first.n - 1) + b ** 2 / (second.n - 1);
  const degrees = spread === 0 ? first.n + second.n - 2 : (a + b) ** 2 / spread;
  const difference = first.sum / first.n - second.sum / second.n;
  // Rounded down, and so to the safe side.
  const half = studentT(Math.max(1, Math.floor(degrees))) * Math.sqrt(a + b);
  return [difference - half, difference + half];
}

/** Variance of a mean, from at least two values. */
function squaredError({ n, sum, squares }: Summed): number {
  // Rounding can leave a hair below zero where all values are the same.
  return Math.max(0, (squares - sum ** 2 / n) / (n - 1)) / n;
}

/**
 * Expected number of events that come independently, from `count` of them: the scores interval. Source: L. Barker, The
 * American Statistician 56 (2002) 85–89.
 */
export function poisson(count: number): Interval {
  const middle = count + Z ** 2 / 2;
  const half = Z * Math.sqrt(count + Z ** 2 / 4);
  return [Math.max(0, middle - half), middle + half];
}

/**
 * Expected sum of amounts of events that come independently: a compound Poisson process, whose variance is the sum of the
 * squares (S. M. Ross, Introduction to Probability Models, 11th edition, 2014, 5.4.2). On the logarithm of the sum, as for
 * positive quantities with a long tail (W. Q. Meeker, L. A. Escobar, Statistical Methods for Reliability Data, 1998, 8.3),
 * and with Student's t. For amounts as uneven as a logarithmic normal distribution of σ 1 it covers 94 % from 30 events on.
 * @returns null below two events, and where returns outweigh sales
 */
export function rateInterval({ n, sum, squares }: Summed): Interval | null {
  if (n < 2 || sum <= 0) return null;
  const half = (studentT(n - 1) * Math.sqrt(squares)) / sum;
  return [sum * Math.exp(-half), sum * Math.exp(half)];
}

/**
 * Which of `n` values in their order, counted from 1, enclose the quantile `p`, whatever the distribution: ranks by the
 * binomial's normal approximation, both rounded up. Source: W. J. Conover, Practical Nonparametric Statistics, 3rd edition,
 * 1999, 3.2.
 * @returns null where fewer than five values are to be expected on either side, and the approximation is not good enough
 */
export function quantileRanks(p: number, n: number): readonly [number, number] | null {
  if (n * Math.min(p, 1 - p) < 5 - 1e-9) return null;
  const half = Z * Math.sqrt(n * p * (1 - p));
  return [Math.ceil(n * p - half), Math.ceil(n * p + half)];
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
