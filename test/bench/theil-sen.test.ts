import { describe, expect, it } from "vitest";
import { slopeInterval, theilSen } from "../../bench/theil-sen.ts";

const x = Array.from({ length: 60 }, (_, i) => i * 100);
/** Samples without a trend of which each depends on the one before, as memory does. */
function wander(seed: number): number[] {
  let state = seed * 2_654_435_761;
  let value = 0;
  return x.map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    value = 0.5 * value + 4_000 * (state / 2 ** 32 - 0.5);
    return value;
  });
}

describe("the slope of memory", () => {
  it("is exact on a line and stands outliers", () => {
    const line = x.map((at) => 5 + 2.5 * at);
    expect(theilSen(x, line)).toBeCloseTo(2.5);
    expect(
      theilSen(
        x,
        line.map((value, i) => (i % 10 === 0 ? 1e9 : value)),
      ),
    ).toBeCloseTo(2.5, 0);
  });

  it("has zero in nearly every interval where nothing grows, and in none where every frame leaves something behind", () => {
    const series = Array.from({ length: 20 }, (_, i) => wander(i + 1));
    const still = series.map((y) => slopeInterval(x, y));
    expect(still.filter(({ low, high }) => low <= 0 && high >= 0).length).toBeGreaterThanOrEqual(16);
    const leaking = series.map((y) =>
      slopeInterval(
        x,
        y.map((value, i) => value + 3 * (x[i] ?? 0)),
      ),
    );
    expect(leaking.filter(({ low }) => low > 0)).toHaveLength(20);
    expect(leaking.filter(({ low, high }) => low <= 3 && high >= 3).length).toBeGreaterThanOrEqual(16);
  }, 60_000);
});
