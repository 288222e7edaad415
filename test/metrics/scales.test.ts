import { describe, expect, test } from "vitest";
import { dissatisfiedOf, isDissatisfied, ratio, smileyMeanOf } from "../../src/metrics/scales.ts";

describe("a mean of smileys", () => {
  test("names its scale, because means of scales of different lengths cannot be compared", () => {
    expect(smileyMeanOf({ min: 1, max: 4, histogram: { 1: 1, 4: 3 } })).toMatchObject({
      metric: "smiley-mean-of-1-to-4",
      n: 4,
      value: 3.25,
    });
    expect(smileyMeanOf({ min: 0, max: 1, histogram: {} })).toMatchObject({
      metric: "smiley-mean-of-0-to-1",
      value: null,
      interval: null,
    });
    expect(smileyMeanOf({ min: 1, max: 7, histogram: { 7: 1 } })).toBeUndefined();
  });
});

test("bad is one value the same for one rating as for the share of them", () => {
  for (const max of [2, 3, 4, 5, 7, 10]) {
    const values = Array.from({ length: max }, (_, i) => i + 1);
    const histogram = Object.fromEntries(values.map((value) => [value, 1]));
    const bad = values.filter((value) => isDissatisfied(value, { min: 1, max }));
    expect(bad).toEqual(max < 4 ? [1] : [1, 2]);
    expect(dissatisfiedOf({ min: 1, max, histogram }).numerator).toBe(bad.length);
  }
});

test("one count for each of another is a share with its interval only as long as it can be one", () => {
  expect(ratio("r", 15, 148).interval?.[1]).toBeCloseTo(0.1605, 4);
  expect(ratio("r", 3, 2)).toMatchObject({ value: 1.5, interval: null });
});
