// Metrics of one scale beside each other.
import { expect, test } from "vitest";
import { dissatisfiedOf, isDissatisfied, ratio } from "../../src/metrics/scales.ts";

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
