// Arithmetic of runs of numbers: as a plain set would say, and quick where both sides are long.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countOf, type Range, united, without } from "../../src/journal/retention.ts";

const ranges = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(9)).map(([from, more]): Range => [from, from + more]),
  { maxLength: 12 },
);
const numbers = (of: readonly Range[]): Set<number> =>
  new Set(of.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)));

describe("what is left of runs", () => {
  it("is what a set would leave, in the same order", () => {
    fc.assert(
      fc.property(ranges, ranges, (some, taken) => {
        const away = numbers(taken);
        const left = without(united(some), taken);
        expect(numbers(left)).toEqual(new Set([...numbers(some)].filter((seq) => !away.has(seq))));
        expect(left.every(([from, to], at) => from <= to && from > (left[at - 1]?.[1] ?? 0))).toBe(true);
      }),
    );
  });

  it("is found for a hundred thousand runs on both sides, as after a long outage", () => {
    const every = (offset: number, length: number): Range[] =>
      Array.from({ length: 100_000 }, (_, i): Range => [i * 10 + offset, i * 10 + offset + length - 1]);
    const left = without(every(0, 4), every(2, 4));
    expect([left.length, countOf(left)]).toEqual([100_000, 200_000]);
  });
});
