import { describe, expect, test } from "vitest";
import { type CrossSums, compositeOf, countCross } from "../../src/metrics/composite.ts";
import { type Interval, meanDifference, meanInterval } from "../../src/metrics/intervals.ts";
import { chanceOf, coverage, MET, meetsTheBar } from "./chance.ts";

function counted(walks: readonly Readonly<Record<string, number>>[]): CrossSums {
  const sums: CrossSums = {};
  for (const walk of walks) countCross(sums, walk);
  return sums;
}
const halves = [
  { item: "a", coefficient: 0.5 },
  { item: "b", coefficient: 0.5 },
];
function close(found: Interval | null, expected: Interval | null): void {
  expect(found?.[0]).toBeCloseTo(expected?.[0] ?? Number.NaN, 9);
  expect(found?.[1]).toBeCloseTo(expected?.[1] ?? Number.NaN, 9);
}

describe("a weighted sum of means", () => {
  test("where all answered all, is the mean of each customer's own sum, with the interval of that mean", () => {
    // Each customer's own: 1.5, 4, 5, 3.5 — sum 14, squares 2.25 + 16 + 25 + 12.25.
    const found = compositeOf(
      counted([
        { a: 1, b: 2 },
        { a: 3, b: 5 },
        { a: 5, b: 5 },
        { a: 4, b: 3 },
      ]),
      halves,
    );
    expect(found.n).toBe(4);
    expect(found.value).toBeCloseTo(3.5, 12);
    close(found.interval, meanInterval(4, 14, 55.5));
  });

  test("where each answered one item, is what Welch says of independent means", () => {
    const first = [1, 2, 4, 4];
    const second = [3, 5, 4];
    const sums = counted([...first.map((a) => ({ a })), ...second.map((b) => ({ b }))]);
    const found = compositeOf(sums, [
      { item: "a", coefficient: 1 },
      { item: "b", coefficient: -1 },
    ]);
    expect(found.n).toBe(7);
    expect(found.value).toBeCloseTo(2.75 - 4, 12);
    close(found.interval, meanDifference({ n: 4, sum: 11, squares: 37 }, { n: 3, sum: 12, squares: 50 }));
  });

  test("worked by hand: one customer answered one item only", () => {
    // m̄a = 2, m̄b = 4. Residuals, each by √(n/(n−1)) and c/n: a: −1, 1, 0 by √1.5 · ½/3; b: −1, 1 by √2 · ½/2.
    // z: −0.20412 − 0.35355, 0.20412 + 0.35355, 0: Σz² = 2 · 0.55768² = 0.62201. Walks at least 5²/(3 + 2 + 2·2) = 2.78.
    // Parts: a 2·0.20412·0.55768 = 0.22767, b 2·0.35355·0.55768 = 0.39434. Welch: 0.62201²/(0.22767²/2 + 0.39434²/1) = 2.13,
    // at most 2.78 − 1 = 1.78, rounded down 1: t = 12.7062.
    const { n, value, interval } = compositeOf(counted([{ a: 1, b: 3 }, { a: 3, b: 5 }, { a: 2 }]), halves);
    expect([n, value]).toEqual([2, 3]);
    expect(interval?.[1]).toBeCloseTo(3 + 12.7062 * Math.sqrt(0.62201), 3);
  });

  test("is null where one of its items has no answer, and has no interval where one has a single answer", () => {
    expect(compositeOf(counted([{ a: 1 }, { a: 2 }]), halves)).toEqual({ n: 2, value: null, interval: null });
    expect(compositeOf({}, halves)).toEqual({ n: 0, value: null, interval: null });
    expect(compositeOf(counted([{ a: 1 }, { a: 2, b: 4 }]), halves)).toMatchObject({ value: 2.75, interval: null });
  });

  test("needs no item that weighs nothing", () => {
    const terms = [...halves, { item: "c", coefficient: 0 }];
    const sums = counted([
      { a: 1, b: 2 },
      { a: 3, b: 5 },
    ]);
    expect(compositeOf(sums, terms)).toEqual(compositeOf(sums, halves));
  });

  test("of equal answers is that answer", () => {
    const { value, interval } = compositeOf(
      counted([
        { a: 4, b: 4 },
        { a: 4, b: 4 },
        { a: 4, b: 4 },
      ]),
      halves,
    );
    expect([value, interval]).toEqual([4, [4, 4]]);
  });

  test("takes any text for the name of an item", () => {
    const sums = counted([
      { constructor: 1, ["__proto__"]: 2 },
      { constructor: 3, ["__proto__"]: 4 },
    ]);
    const terms = ["constructor", "__proto__"].map((item) => ({ item, coefficient: 0.5 }));
    expect(compositeOf(sums, terms).value).toBe(2.5);
  });
});

describe("its interval covers the truth as often as it says", () => {
  const SPREAD = Math.hypot(1, 1.2);
  const onScale = (value: number, max: number): number => Math.max(1, Math.min(max, Math.round(value)));
  /** Mean on the scale of what is felt as `mean`, by summing over the normal distribution. */
  const meanOnScale = (mean: number, max: number): number => {
    let [sum, weight] = [0, 0];
    for (let z = -6; z <= 6; z += 0.002) {
      const density = Math.exp((-z * z) / 2);
      sum += density * onScale(mean + SPREAD * z, max);
      weight += density;
    }
    return sum / weight;
  };

  // Answers of one customer hang together; near the end of the scale they are skewed.
  const grid = [
    { items: 5, asked: 5, walks: 30, felt: 7, max: 10 },
    { items: 5, asked: 5, walks: 30, felt: 8.5, max: 10 },
    { items: 5, asked: 5, walks: 100, felt: 8.5, max: 10 },
    { items: 5, asked: 3, walks: 60, felt: 8.5, max: 10 },
    { items: 5, asked: 1, walks: 60, felt: 7, max: 10 },
    { items: 22, asked: 1, walks: 110, felt: 5, max: 7 },
    { items: 22, asked: 2, walks: 220, felt: 5, max: 7 },
  ];

  test("over all answered, some answered, and rotated questionnaires", () => {
    const chance = chanceOf(20_261_128);
    const coverages = grid.map(({ items, asked, walks, felt, max }) => {
      const means = Array.from({ length: items }, (_, i) => felt + (i % 3) * 0.4);
      const truth = means.reduce((sum, mean) => sum + meanOnScale(mean, max) / items, 0);
      const terms = means.map((_, i) => ({ item: `q${i}`, coefficient: 1 / items }));
      const draw = (): Interval | null => {
        const sums: CrossSums = {};
        for (let walk = 0; walk < walks; walk += 1) {
          const mood = chance.normal();
          const answers: Record<string, number> = {};
          for (let i = 0; i < asked; i += 1) {
            const item = (walk * asked + i) % items;
            answers[`q${item}`] = onScale((means[item] ?? 0) + mood + 1.2 * chance.normal(), max);
          }
          countCross(sums, answers);
        }
        return compositeOf(sums, terms).interval;
      };
      return coverage(600, draw, truth);
    });
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
  });
});
