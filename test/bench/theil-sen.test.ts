import { describe, expect, it } from "vitest";
import { slopeInterval, theilSen } from "../../bench/theil-sen.ts";

const x = Array.from({ length: 60 }, (_, i) => i * 100);
/** Samples that depend on their neighbours, as memory does: a slow wave and a jitter, no trend of their own. */
const wander = x.map((_, i) => 3_000 * Math.sin(i * 0.9) + 500 * ((i * 7919) % 13));

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

  it("has zero in its interval where nothing grows, and not where every frame leaves something behind", () => {
    const still = slopeInterval(x, wander);
    expect(still.low).toBeLessThan(0);
    expect(still.high).toBeGreaterThan(0);
    const leaking = slopeInterval(
      x,
      wander.map((value, i) => value + 8 * (x[i] ?? 0)),
    );
    expect(leaking.low).toBeGreaterThan(0);
    expect(leaking.low).toBeLessThan(8);
    expect(leaking.high).toBeGreaterThan(8);
  });
});
