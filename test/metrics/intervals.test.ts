import { describe, expect, test } from "vitest";
import {
  adjustedWaldNps,
  type Interval,
  meanDifference,
  meanInterval,
  pairedShareDifference,
  poisson,
  quantileRanks,
  rateInterval,
  scaleMeanInterval,
  shareDifference,
  studentT,
  wilson,
} from "../../src/metrics/intervals.ts";
import { chanceOf, coverage, holds, MET, meetsTheBar } from "./chance.ts";

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
    const coverages = coveragesOfTwo(n, (a, b, up, down) => holds(adjustedWaldNps(a, b, n), 100 * (up - down)));
    const mean = sum(coverages, (one) => one) / coverages.length;
    expect(mean).toBeGreaterThan(0.94);
    expect(mean).toBeLessThan(0.96);
    expect(Math.min(...coverages)).toBeGreaterThan(0.92);
  });
});

describe("the mean of a scale", () => {
  test("worked by hand: 4, 4, 2, 1 of four smileys", () => {
    // Two more of 2.5 with variance 1.25: mean 16/6, squares 37 + 2 · (6.25 + 1.25) = 52; variance 52/6 − 7.11111 = 1.55556
    const [low, high] = scaleMeanInterval({ n: 4, sum: 11, squares: 37 }, 1, 4) ?? [];
    expect(low).toBeCloseTo(16 / 6 - 1.959964 * Math.sqrt(1.55556 / 6), 4);
    expect(high).toBeCloseTo(16 / 6 + 1.959964 * Math.sqrt(1.55556 / 6), 4);
  });

  test("of nothing is nothing; of equal answers it is no point, holds them and stays on the scale", () => {
    expect(scaleMeanInterval({ n: 0, sum: 0, squares: 0 }, 1, 4)).toBeNull();
    for (const n of [1, 3, 30, 10_000]) {
      const [low = 4, high] = scaleMeanInterval({ n, sum: 4 * n, squares: 16 * n }, 1, 4) ?? [];
      expect(high).toBe(4);
      expect(low).toBeLessThan(4);
      expect(low).toBeGreaterThanOrEqual(1);
    }
  });

  test("covers the truth as often as it says, exactly reckoned, where nearly all are pleased, too", () => {
    const n = 30;
    const logs = range(n + 1).map(logFactorial);
    const coverages = [
      [0.25, 0.25, 0.25, 0.25],
      [0.05, 0.15, 0.3, 0.5],
      [0.1, 0.1, 0.2, 0.6],
      [0.3, 0.1, 0.1, 0.5],
      [0.5, 0.3, 0.15, 0.05],
      [0.03, 0.04, 0.13, 0.8],
      [0.02, 0.03, 0.05, 0.9],
      [0.1, 0, 0, 0.9],
    ].map((shares) => {
      const truth = sum(range(4), (i) => (i + 1) * (shares[i] ?? 0));
      let covered = 0;
      for (let a = 0; a <= n; a += 1)
        for (let b = 0; a + b <= n; b += 1)
          for (let c = 0; a + b + c <= n; c += 1) {
            const counts = [a, b, c, n - a - b - c];
            const total = sum(range(4), (i) => (i + 1) * (counts[i] ?? 0));
            const squares = sum(range(4), (i) => (i + 1) ** 2 * (counts[i] ?? 0));
            if (!holds(scaleMeanInterval({ n, sum: total, squares }, 1, 4), truth)) continue;
            const logOf = (count: number, share: number): number =>
              count === 0 ? 0 : count * Math.log(share) - (logs[count] ?? 0);
            covered += Math.exp((logs[n] ?? 0) + sum(range(4), (i) => logOf(counts[i] ?? 0, shares[i] ?? 0)));
          }
      return covered;
    });
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
  });

  test("and by simulation on 0 to 10, evenly and steeply spread", () => {
    const chance = chanceOf(13);
    const coverages = [30, 100].flatMap((n) =>
      [1, 0.6, 0.35, 0.2].map((fall) => {
        const weights = range(11).map((i) => fall ** (10 - i));
        const shares = weights.map((weight) => weight / sum(weights, (one) => one));
        const draw = (): Interval | null => {
          const values = range(n).map(() => chance.index(shares));
          const summed = { n, sum: sum(values, (one) => one), squares: sum(values, (one) => one ** 2) };
          return scaleMeanInterval(summed, 0, 10);
        };
        return coverage(
          1_000,
          draw,
          sum(range(11), (i) => i * (shares[i] ?? 0)),
        );
      }),
    );
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
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

test("the difference of two shares covers the truth as often as it says, exactly reckoned", () => {
  const coverages = [
    [30, 30],
    [30, 90],
  ].flatMap(([n1 = 0, n2 = 0]) =>
    grid(0.1, 0.9, 0.1).flatMap((p1) =>
      grid(0.1, 0.9, 0.1).map((p2) => {
        const [first, second] = [range(n1 + 1), range(n2 + 1)].map((ks, i) =>
          ks.map((k) => (i === 0 ? binomial(n1, k, p1) : binomial(n2, k, p2))),
        );
        return sum(range(n1 + 1), (a) =>
          sum(range(n2 + 1), (b) =>
            holds(shareDifference(a, n1, b, n2), p1 - p2) ? (first?.[a] ?? 0) * (second?.[b] ?? 0) : 0,
          ),
        );
      }),
    ),
  );
  expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
});

test("a difference from nothing is nothing", () => {
  expect(shareDifference(1, 2, 0, 0)).toBeNull();
});

describe("the difference of two shares of the same cases", () => {
  // Tables of Bentur et al. (2009) and Cavo et al. (2012), as in M. W. Fagerland, S. Lydersen, P. Laake, Statistics in Medicine
  // 33 (2014) 2850–2875; the bounds are worked by hand: 2/23 − 8/23 = −0.26087, variance (10/23 − 0.068053)/23 = 0.015945;
  // 7/163 − 17/163 = −0.06135, variance (24/163 − 0.003764)/163 = 0.00088021.
  test.each([
    [1, 7, 21, -0.5084, -0.0134],
    [6, 16, 161, -0.1195, -0.0032],
  ])("%i and %i that differ, of %i", (first, second, n, low, high) => {
    const [from, to] = pairedShareDifference(first, second, n) ?? [];
    expect(from).toBeCloseTo(low, 4);
    expect(to).toBeCloseTo(high, 4);
  });

  test("of nothing is nothing, and stays on the scale", () => {
    expect(pairedShareDifference(0, 0, 0)).toBeNull();
    expect(pairedShareDifference(1, 0, 1)?.[1]).toBeLessThanOrEqual(1);
  });

  test.each([30, 60])("covers the truth as often as it says, exactly reckoned, n = %i", (n) => {
    const coverages = coveragesOfTwo(n, (a, b, up, down) => holds(pairedShareDifference(a, b, n), up - down));
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
  });
});

describe("the difference of two means", () => {
  test("worked by hand: 1, 2, 3, 4, 5 and 2, 4, 9", () => {
    // 3 − 5; 2.5/5 + 13/3 = 4.83333; degrees 4.83333² / (0.5²/4 + 4.33333²/2) = 2.47, rounded down 2: t = 4.3027
    const [low, high] = meanDifference({ n: 5, sum: 15, squares: 55 }, { n: 3, sum: 15, squares: 101 }) ?? [];
    expect(low).toBeCloseTo(-2 - 4.3027 * Math.sqrt(4.83333), 3);
    expect(high).toBeCloseTo(-2 + 4.3027 * Math.sqrt(4.83333), 3);
  });

  test("needs two values on either side, and of equal ones is narrow", () => {
    expect(meanDifference({ n: 1, sum: 1, squares: 1 }, { n: 3, sum: 3, squares: 5 })).toBeNull();
    expect(meanDifference({ n: 2, sum: 4, squares: 8 }, { n: 2, sum: 2, squares: 2 })).toEqual([1, 1]);
  });

  test("covers the truth as often as it says, for ratings skewed to either end", () => {
    const chance = chanceOf(3);
    const [bad, good] = [
      [0.5, 0.3, 0.1, 0.1],
      [0.1, 0.1, 0.3, 0.5],
    ] as const;
    const summed = (n: number, shares: readonly number[]) => {
      const values = range(n).map(() => chance.index(shares) + 1);
      return { n, sum: sum(values, (one) => one), squares: sum(values, (one) => one ** 2) };
    };
    const coverages = [
      [30, 30],
      [30, 200],
      [60, 60],
      [200, 200],
    ].map(([few = 0, many = 0]) =>
      coverage(1_000, () => meanDifference(summed(few, bad), summed(many, good)), 1.8 - 3.2),
    );
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
  });
});

describe("the expected number of events", () => {
  test("of 0 and of 10, worked by hand: 1.92 ± 1.92, 11.9207 ± 1.95996 · √10.96036", () => {
    expect(poisson(0)[0]).toBe(0);
    expect(poisson(0)[1]).toBeCloseTo(3.8415, 4);
    expect(poisson(10)[0]).toBeCloseTo(5.432, 3);
    expect(poisson(10)[1]).toBeCloseTo(18.4094, 3);
  });

  test("covers the truth as often as it says, exactly reckoned, 5 to 200", () => {
    const coverages = grid(5, 200, 1.5).map((mean) =>
      sum(range(400), (k) => (holds(poisson(k), mean) ? Math.exp(k * Math.log(mean) - mean - logFactorial(k)) : 0)),
    );
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
  });

  test("and of their amounts, even uneven ones, by simulation", () => {
    const chance = chanceOf(5);
    const coverages = [0.5, 0.8, 1].flatMap((sigma) =>
      [30, 60, 200].map((events) => {
        const draw = (): Interval | null => {
          const amounts = range(chance.poisson(events)).map(() => Math.exp(sigma * chance.normal()));
          return rateInterval({
            n: amounts.length,
            sum: sum(amounts, (one) => one),
            squares: sum(amounts, (one) => one ** 2),
          });
        };
        return coverage(1_000, draw, events * Math.exp(sigma ** 2 / 2));
      }),
    );
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
  });

  test("amounts of one event, or of none, have no interval", () => {
    expect(rateInterval({ n: 1, sum: 5, squares: 25 })).toBeNull();
    expect(rateInterval({ n: 0, sum: 0, squares: 0 })).toBeNull();
  });
});

describe("the ranks around a quantile", () => {
  test("worked by hand: 50 ± 1.96 · 5 for the median of 100, 45 ± 1.96 · 2.12 for the ninth decile of 50", () => {
    expect(quantileRanks(0.5, 100)).toEqual([41, 60]);
    expect(quantileRanks(0.9, 50)).toEqual([41, 50]);
  });

  test("are not given where too few values are to be expected on a side", () => {
    expect(quantileRanks(0.5, 9)).toBeNull();
    expect(quantileRanks(0.9, 49)).toBeNull();
    expect(quantileRanks(0.5, 0)).toBeNull();
  });

  test.each([0.5, 0.9])("cover the truth as often as they say, exactly reckoned, p = %f", (p) => {
    const coverages = grid(50, 300, 5).map((n) => {
      const [low, high] = quantileRanks(p, n) ?? [0, 0];
      return sum(range(n + 1), (below) => (low <= below && below < high ? binomial(n, below, p) : 0));
    });
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
  });
});

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

/** How often an interval of two kinds among `n` cases holds the truth, over a grid of true shares of both; exactly reckoned. */
function coveragesOfTwo(n: number, holdsAt: (a: number, b: number, up: number, down: number) => boolean): number[] {
  const coverages: number[] = [];
  for (const up of grid(0.1, 0.8, 0.1))
    for (const down of grid(0.1, 0.9 - up, 0.1)) {
      let covered = 0;
      for (let a = 0; a <= n; a += 1)
        for (let b = 0; a + b <= n; b += 1) if (holdsAt(a, b, up, down)) covered += trinomial(n, a, b, up, down);
      coverages.push(covered);
    }
  return coverages;
}
