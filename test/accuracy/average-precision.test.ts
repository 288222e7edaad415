// The figures of the accuracy table on cases small enough to be reckoned by hand.
import { describe, expect, test } from "vitest";
import {
  averagePrecision,
  falseAlarmsAt,
  type JudgedPicture,
  judgePicture,
  precisionAt,
  recallAt,
  withInterval,
} from "../../scripts/accuracy/average-precision.ts";
import type { Box } from "../../src/words/inputs.ts";

const left: Box = [0, 0, 0.4, 1];
const right: Box = [0.5, 0, 0.4, 1];
const told = (...scores: [score: number, right: boolean][]): JudgedPicture["told"] =>
  scores.map(([score, isRight]) => ({ score, right: isRight }));

describe("a picture is judged", () => {
  test("a second box on somebody who is found is wrong, whichever comes first", () => {
    const { told: judged, missed } = judgePicture(
      [
        { box: left, score: 0.6 },
        { box: left, score: 0.9 },
      ],
      [left, right],
    );
    expect(judged).toEqual([
      { box: left, score: 0.9, right: true },
      { box: left, score: 0.6, right: false },
    ]);
    expect(missed).toEqual([right]);
  });

  test("an overlap of half is enough, less is not", () => {
    // Three quarters of the width shared by two boxes as wide: 0.75 ÷ 1.25 = 0.6; half of it: 0.5 ÷ 1.5.
    const by = (x: number): boolean | undefined =>
      judgePicture([{ box: [x, 0, 0.4, 1], score: 1 }], [left]).told[0]?.right;
    expect(by(0.1)).toBe(true);
    expect(by(0.2)).toBe(false);
  });

  test("of two that it overlaps a box takes the one it fits better", () => {
    const wide: Box = [0, 0, 0.5, 1];
    const { told: judged } = judgePicture(
      [
        { box: left, score: 0.9 },
        { box: wide, score: 0.8 },
      ],
      [wide, left],
    );
    expect(judged).toEqual([
      { box: left, score: 0.9, right: true },
      { box: wide, score: 0.8, right: true },
    ]);
  });
});

describe("figures", () => {
  // By falling score: right, wrong, right, wrong; four to find. Precision at the two hits: 1 and 2/3.
  const pictures: JudgedPicture[] = [
    { told: told([0.9, true], [0.4, false]), drawn: 2 },
    { told: told([0.8, false], [0.6, true]), drawn: 2 },
  ];

  test("average precision is the area below precision over recall", () => {
    expect(averagePrecision(pictures)).toBeCloseTo((1 + 2 / 3) / 4, 6);
  });

  test("precision is the best at that recall or beyond it", () => {
    const late = [{ told: told([0.9, false], [0.8, true], [0.7, true]), drawn: 2 }];
    expect(averagePrecision(late)).toBeCloseTo(2 / 3, 6);
  });

  test("at the same score the wrong box counts first", () => {
    expect(averagePrecision([{ told: told([0.5, true], [0.5, false]), drawn: 1 }])).toBeCloseTo(0.5, 6);
  });

  test("recall, precision and false alarms at a threshold leave out what is less sure", () => {
    expect(recallAt(pictures, 0.5)).toBeCloseTo(2 / 4, 6);
    expect(precisionAt(pictures, 0.5)).toBeCloseTo(2 / 3, 6);
    expect(falseAlarmsAt(pictures, 0.5)).toBeCloseTo(1 / 2, 6);
    expect(falseAlarmsAt(pictures, 0.4)).toBeCloseTo(1, 6);
  });

  test("an interval holds the figure, is the same each time, and has no width where pictures are alike", () => {
    const mixed = Array.from({ length: 30 }, (_, i) => ({ told: told([0.9, i % 3 > 0]), drawn: 1 }));
    const recall = (some: readonly JudgedPicture[]): number => recallAt(some, 0.5);
    const figure = withInterval(mixed, recall);
    expect(figure).toEqual(withInterval(mixed, recall));
    expect(figure?.value).toBeCloseTo(2 / 3, 6);
    // A share of 20 of 30 has a standard error of 0.086: two of them either way.
    expect(figure?.low).toBeGreaterThan(0.43);
    expect(figure?.low).toBeLessThan(0.57);
    expect(figure?.high).toBeGreaterThan(0.77);
    expect(figure?.high).toBeLessThan(0.9);
    const alike = withInterval(
      Array.from({ length: 5 }, () => ({ told: told([0.9, true]), drawn: 1 })),
      recall,
    );
    expect(alike).toEqual({ value: 1, low: 1, high: 1 });
  });

  test("where nobody is there is nothing to find: no figure", () => {
    expect(withInterval([{ told: told([0.9, false]), drawn: 0 }], averagePrecision)).toBeUndefined();
  });
});
