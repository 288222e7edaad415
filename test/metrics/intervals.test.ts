import { describe, expect, test } from "vitest";
import { adjustedWaldNps, meanInterval, shareDifference, studentT, wilson } from "../../src/metrics/intervals.ts";

describe("Wilson's interval", () => {
  // R. G. Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i in %i is that of the published table", (k, n, low, high) => {
    const [from, to] = wilson(k, n) ?? [];
    expect(from).toBeCloseTo(low, 4);
    expect(to).toBeCloseTo(high, 4);
  });

  test("of nothing is nothing, and of all ends at 1", () => {
    expect(wilson(0, 0)).toBeNull();
    expect(wilson(20, 20)?.[1]).toBe(1);
  });

  test.each([30, 50, 100, 300])("covers the truth as often as it says, exactly reckoned, n = %i", (n) => {
    const coverages = grid(0.05, 0.95, 0.01).map((p) =>
      sum(range(n + 1), (k) => (holds(wilson(k, n), p) ? binomial(n, k, p) : 0)),
    );
    const mean = sum(coverages, (one) => one) / coverages.length;
    expect(mean).toBeGreaterThan(0.94);
    expect(mean).toBeLessThan(0.96);
    expect(Math.min(...coverages)).toBeGreaterThan(0.92);
  });
});

describe("the interval of a net promoter score", () => {
  test("worked by hand: 60 promoters and 20 detractors of 100", () => {
    // n 103, up 60.75/103, down 20.75/103: difference 0.38835, variance (0.79126 − 0.15082) / 103 = 0.0062179
    const [low, high] = adjustedWaldNps(60, 20, 100) ?? [];
    expect(low).toBeCloseTo(100 * (0.38835 - 1.959964 * Math.sqrt(0.0062179)), 2);
    expect(high).toBeCloseTo(100 * (0.38835 + 1.959964 * Math.sqrt(0.0062179)), 2);
  });

  test("stays on the scale, and of nothing is nothing", () => {
    expect(adjustedWaldNps(0, 0, 0)).toBeNull();
    const [low, high] = adjustedWaldNps(3, 0, 3) ?? [];
    expect(low).toBeGreaterThan(-100);
    expect(high).toBeLessThanOrEqual(100);
  });

  test.each([30, 60])("covers the truth as often as it says, exactly reckoned, n = %i", (n) => {
    const coverages: number[] = [];
    for (const up of grid(0.1, 0.8, 0.1))
      for (const down of grid(0.1, 0.9 - up, 0.1)) {
        let covered = 0;
        for (let a = 0; a <= n; a += 1)
          for (let b = 0; a + b <= n; b += 1)
            if (holds(adjustedWaldNps(a, b, n), 100 * (up - down))) covered += trinomial(n, a, b, up, down);
        coverages.push(covered);
      }
    const mean = sum(coverages, (one) => one) / coverages.length;
    expect(mean).toBeGreaterThan(0.94);
    expect(mean).toBeLessThan(0.96);
    expect(Math.min(...coverages)).toBeGreaterThan(0.92);
  });
});

describe("Student's t", () => {
  // Any printed table, two-sided 95 %.
  test.each([
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [4, 2.7764],
    [5, 2.5706],
    [10, 2.2281],
    [30, 2.0423],
    [1000, 1.9623],
  ])("with %i degrees of freedom", (degrees, value) => {
    expect(Math.abs(studentT(degrees) / value - 1)).toBeLessThan(0.002);
  });

  test("the mean of 1, 2, 3, 4, 5 lies between 1.037 and 4.963", () => {
    const [low, high] = meanInterval(5, 15, 55) ?? [];
    expect(low).toBeCloseTo(3 - 2.7764 * Math.sqrt(2.5 / 5), 2);
    expect(high).toBeCloseTo(3 + 2.7764 * Math.sqrt(2.5 / 5), 2);
  });

  test("one value has no interval, and equal ones have a narrow one", () => {
    expect(meanInterval(1, 4, 16)).toBeNull();
    expect(meanInterval(3, 0.3, 0.03)?.[0]).toBeCloseTo(0.1, 6);
  });
});

// R. G. Newcombe, Statistics in Medicine 17 (1998) 873–890, table II, method 10.
test.each([
  [56, 70, 48, 80, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.1705, 0.809],
  [10, 10, 0, 20, 0.6791, 1],
])("the difference of %i/%i and %i/%i is that of the published table", (k1, n1, k2, n2, low, high) => {
  const [from, to] = shareDifference(k1, n1, k2, n2) ?? [];
  expect(from).toBeCloseTo(low, 4);
  expect(to).toBeCloseTo(high, 4);
});

test("a difference from nothing is nothing", () => {
  expect(shareDifference(1, 2, 0, 0)).toBeNull();
});

const holds = (interval: readonly [number, number] | null, value: number): boolean =>
  interval !== null && interval[0] <= value && value <= interval[1];
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const grid = (from: number, to: number, by: number): number[] =>
  range(Math.floor((to - from) / by + 1e-9) + 1).map((i) => from + i * by);
const sum = (values: readonly number[], of: (value: number) => number): number =>
  values.reduce((all, value) => all + of(value), 0);
const logFactorial = (n: number): number => sum(range(n), (i) => Math.log(i + 1));
const binomial = (n: number, k: number, p: number): number =>
  Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log(1 - p));
const trinomial = (n: number, a: number, b: number, up: number, down: number): number => {
  const rest = n - a - b;
  const ways = logFactorial(n) - logFactorial(a) - logFactorial(b) - logFactorial(rest);
  return Math.exp(ways + a * Math.log(up) + b * Math.log(down) + rest * Math.log(1 - up - down));
};
