import { describe, expect, it } from "vitest";
import { growth } from "../../bench/growth.ts";
import { seededRandom } from "../../src/simulate/random.ts";

const PAGE = 4_096;
const x = Array.from({ length: 100 }, (_, i) => i * 1_000);

/** Samples without a trend of which each depends on the one before. */
function wandering(seed: number): number[] {
  const random = seededRandom(seed);
  let value = 0;
  return x.map(() => {
    value = 0.5 * value + 4_000 * (random() - 0.5);
    return value;
  });
}

/** Two steps of a few pages, up, at any moment. */
function stepping(seed: number): number[] {
  const random = seededRandom(seed);
  const steps = [0, 1].map(() => ({ at: random() * 100_000, by: PAGE * Math.ceil(random() * 4) }));
  return x.map((at) => steps.reduce((sum, step) => sum + (step.at <= at ? step.by : 0), 0));
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1);

describe("the growth of memory", () => {
  it("is exact on a line", () => {
    const { mean, low, high } = growth(
      x,
      x.map((at) => 5 + 2.5 * at),
    );
    for (const one of [mean, low, high]) expect(one).toBeCloseTo(2.5);
  });

  it("has zero inside where nothing grows, and where something grew once or twice", () => {
    const still = seeds.flatMap((seed) => [growth(x, wandering(seed)), growth(x, stepping(seed))]);
    expect(still.filter(({ low, high }) => low <= 0 && high >= 0).length).toBeGreaterThanOrEqual(36);
    expect(growth(x, new Float64Array(100))).toEqual({ mean: 0, low: 0, high: 0 });
  });

  it("is never zero where a byte of every frame stays, be it told in whole pages or among steps", () => {
    const leaking = seeds.flatMap((seed) => {
      const steps = stepping(seed);
      const pages = x.map((at) => PAGE * Math.floor((at + seed * 200) / PAGE));
      return [
        growth(x, pages),
        growth(
          x,
          x.map((at, i) => at + (steps[i] ?? 0)),
        ),
      ];
    });
    expect(leaking.filter(({ low }) => low > 0)).toHaveLength(40);
    expect(leaking.filter(({ low, high }) => low <= 1.05 && high >= 0.95).length).toBeGreaterThanOrEqual(36);
  });

  it("is not told of too few samples", () => {
    expect(() => growth(x.slice(0, 20), x.slice(0, 20))).toThrow(RangeError);
    expect(growth(x.slice(0, 21), x.slice(0, 21)).mean).toBeCloseTo(1);
  });
});
