import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ACCURACY, countDuration, durationFigures, emptyDurations } from "../../src/metrics/durations.ts";

function figures(ms: readonly number[]) {
  const counted = emptyDurations();
  for (const one of ms) countDuration(counted, one);
  const [mean, median, ninth] = durationFigures("dwell", counted);
  return { mean, median, ninth };
}

describe("how long it took", () => {
  test("worked by hand: 1 s, 2 s, 3 s, 4 s and 90 s", () => {
    const { mean, median, ninth } = figures([1_000, 2_000, 3_000, 4_000, 90_000]);
    expect(mean).toMatchObject({ metric: "dwell-s", n: 5, value: 20 });
    expect(median?.metric).toBe("dwell-median-s");
    expect(Math.abs((median?.value ?? 0) / 3 - 1)).toBeLessThanOrEqual(ACCURACY);
    expect(Math.abs((ninth?.value ?? 0) / 90 - 1)).toBeLessThanOrEqual(ACCURACY);
    // Too few values for the ranks of either.
    expect([median?.interval, ninth?.interval]).toEqual([null, null]);
  });

  test("of nothing is nothing; below a millisecond counts as one in the median", () => {
    expect(figures([])).toMatchObject({ mean: { value: null }, median: { n: 0, value: null, interval: null } });
    expect(figures([0, 0.2, 1]).median?.value).toBeCloseTo(0.001, 4);
  });

  test("the median of 1 to 100 seconds lies between the 41st and the 60th, and the edges of their bins", () => {
    // 50 ± 1.96 · 5, rounded up: 41 and 60.
    const [low, high] = figures(Array.from({ length: 100 }, (_, i) => (i + 1) * 1_000)).median?.interval ?? [];
    expect(low).toBeLessThanOrEqual(41);
    expect(low).toBeGreaterThan(41 * (1 - 2 * ACCURACY));
    expect(high).toBeGreaterThanOrEqual(60);
    expect(high).toBeLessThan(60 * (1 + 2 * ACCURACY + 0.002));
  });

  test("quantiles are within their accuracy of the true ones, from a millisecond to a week", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1, max: 6e8, noNaN: true }), { minLength: 1, maxLength: 60 }), (ms) => {
        const sorted = [...ms].sort((a, b) => a - b);
        const { median, ninth } = figures(ms);
        for (const [p, figure] of [[0.5, median] as const, [0.9, ninth] as const]) {
          const truth = (sorted[Math.ceil(p * ms.length) - 1] ?? 0) / 1000;
          expect(Math.abs((figure?.value ?? 0) / truth - 1)).toBeLessThanOrEqual(ACCURACY + 1e-9);
        }
      }),
    );
  });
});
