// Runs of numbers stand for exactly the numbers they were made of.
import fc from "fast-check";
import { expect, test } from "vitest";
import { runsOf } from "../../src/journal/marks.ts";

test("runs, written out, are the numbers again, in their order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 })), (seqs) => {
      const written = runsOf(seqs).flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      expect(written).toEqual(seqs);
    }),
  );
  expect(runsOf([5, 6, 7, 9, 8, 10, 11])).toEqual([
    [5, 7],
    [9, 9],
    [8, 8],
    [10, 11],
  ]);
});
