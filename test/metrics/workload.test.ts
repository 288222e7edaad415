import { describe, expect, test } from "vitest";
import {
  countBusy,
  countOnShift,
  countWork,
  emptyWorkload,
  overlapMs,
  workloadFigures,
} from "../../src/metrics/workload.ts";

const at = (hour: number): number => Date.parse("2026-11-22T00:00:00.000Z") + hour * 3_600_000;
const span = (from: number, to: number) => ({ fromMs: at(from), toMs: at(to) });
const DAY = span(0, 24);
const of = (counted: Parameters<typeof workloadFigures>[0]) =>
  Object.fromEntries(workloadFigures(counted).map((figure) => [figure.metric, figure]));

describe("the tachometer of a till", () => {
  test("worked by hand: four sales in two hours", () => {
    const counted = emptyWorkload();
    countOnShift(counted, span(9, 11), DAY);
    countBusy(counted, span(9, 9.5), DAY);
    for (const [amount, items] of [
      [10, 1],
      [20, 2],
      [30, null],
      [null, 3],
    ] as const)
      countWork(counted, { transaction: "t", amount, items, currency: "EUR" });
    const figures = of(counted);
    expect(figures["sales-per-hour"]).toMatchObject({ n: 4, numerator: 4, denominator: 2, value: 2 });
    // 4 + 1.9208 ± 1.96 · √4.9604, by two hours
    expect(figures["sales-per-hour"]?.interval?.[0]).toBeCloseTo((5.9207 - 1.959964 * Math.sqrt(4.96037)) / 2, 3);
    expect(figures["items-per-hour"]).toMatchObject({ n: 3, numerator: 6, value: 3 });
    expect(figures["amount-per-hour-EUR"]).toMatchObject({ n: 3, numerator: 60, value: 30 });
    // t of 2: 4.3027; √1400 / 60 = 0.62361
    expect(figures["amount-per-hour-EUR"]?.interval?.[1]).toBeCloseTo(30 * Math.exp(4.3027 * 0.62361), 0);
    expect(figures["busy-share"]).toMatchObject({ n: 1, numerator: 0.5, denominator: 2, value: 0.25, interval: null });
  });

  test("counts of a shift only what lies in the window, so that windows add up", () => {
    const [morning, evening] = [emptyWorkload(), emptyWorkload()];
    countOnShift(morning, span(8, 17), span(0, 12));
    countOnShift(evening, span(8, 17), span(12, 24));
    countBusy(evening, span(11, 13), span(12, 24));
    countBusy(evening, span(8, 9), span(12, 24));
    countBusy(morning, span(11, 13), span(0, 12));
    expect([morning.onShiftMs, evening.onShiftMs]).toEqual([4 * 3_600_000, 5 * 3_600_000]);
    expect([evening.busyMs, evening.windows]).toEqual([3_600_000, 1]);
    expect([morning.busyMs, morning.windows]).toEqual([3_600_000, 0]);
    expect(overlapMs(span(1, 2), span(3, 4))).toBe(0);
  });

  test("without a shift says nothing; without a sale says none, and up to how many that may mean", () => {
    const sold = emptyWorkload();
    countWork(sold, { transaction: "t", amount: 5, items: 1 });
    expect(of(sold)).toEqual({});
    const waiting = emptyWorkload();
    countOnShift(waiting, span(9, 11), DAY);
    const figures = of(waiting);
    expect(figures["sales-per-hour"]).toMatchObject({ n: 0, value: 0 });
    expect(figures["sales-per-hour"]?.interval?.[1]).toBeCloseTo(1.959964 ** 2 / 2, 4);
    expect(figures["items-per-hour"]).toMatchObject({ n: 0, value: null, interval: null });
  });

  test("money that is given back more than taken has no interval on a logarithm", () => {
    const counted = emptyWorkload();
    countOnShift(counted, span(9, 10), DAY);
    for (const amount of [5, -8]) countWork(counted, { transaction: "t", amount, items: null, currency: "EUR" });
    expect(of(counted)["amount-per-hour-EUR"]).toMatchObject({ value: -3, interval: null });
  });
});
