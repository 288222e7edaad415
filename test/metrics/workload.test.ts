import { describe, expect, test } from "vitest";
import { tally } from "../../src/metrics/tally.ts";
import {
  countBusy,
  countOnShift,
  countWork,
  emptyWorkload,
  overlapMs,
  workloadFigures,
} from "../../src/metrics/workload.ts";
import { said } from "../rollups/history.ts";

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

  test("counts work of the time on duty alone: nothing before, after or of a shift that nobody could have worked", () => {
    const instant = (hour: number): string => new Date(at(hour)).toISOString();
    const shift = (id: string, from: number, to: number) =>
      said("shift", instant(to), { shift: id, state: "ended", start: instant(from), end: instant(to) });
    const sale = (transaction: string, hour: number, id = "s1") =>
      said("transaction", instant(hour), { transaction, amount: 10, items: 1, shift: id });
    const busy = (from: number, to: number, id = "s1") =>
      said("service", instant(to), { state: "closed", start: instant(from), end: instant(to), shift: id });
    const [till] = tally([
      ...[sale("before", 8.9), sale("first", 9), sale("last", 16.9), sale("after", 17)],
      // The end of the last window came after that of the shift.
      ...[busy(9, 9.5), busy(16.5, 17.25), busy(18, 19)],
      shift("s1", 9, 17),
      // One that ended as it began, one of ten days, and one that goes on.
      ...[shift("s2", 12, 12), shift("s3", 12, 252), sale("of none", 12, "s2"), sale("of ten days", 13, "s3")],
      ...[busy(12, 12.5, "s3"), sale("of nobody knows", 14, "s4"), busy(14, 14.5, "s4")],
    ]);
    expect(till?.workload).toMatchObject({ onShiftMs: 8 * 3_600_000, busyMs: 3_600_000, windows: 2, sales: 2 });
    expect(till?.sales.count).toBe(7);
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
