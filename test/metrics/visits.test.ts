import { describe, expect, test } from "vitest";
import { countVisit, type Trade, tradeFigures, type Visits, visitorsOf } from "../../src/metrics/visits.ts";

const NOTHING: Trade = { visitors: null, contacts: null, sales: null, attempts: null };
const figure = (trade: Partial<Trade>, metric: string) =>
  tradeFigures({ ...NOTHING, ...trade }).find((one) => one.metric === metric);

describe("visitors", () => {
  test("are those who came in, over all lines", () => {
    const visits: Visits = {};
    for (const [line, direction] of [
      ["front", "in"],
      ["front", "out"],
      ["front", "in"],
      ["back", "in"],
      ["__proto__", "in"],
    ] as const)
      countVisit(visits, { line, direction });
    expect(visitorsOf(visits)).toBe(4);
    expect(visits.front).toEqual({ in: 2, out: 1 });
    expect(figure({ visitors: 4 }, "visitors")).toMatchObject({ n: 4, value: 4, interval: null });
  });
});

describe("conversion and coverage", () => {
  test("worked by hand: 81 sales of 263 visitors, with the interval of the published table", () => {
    // R. G. Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3.
    const conversion = figure({ visitors: 263, sales: 81 }, "conversion");
    expect(conversion).toMatchObject({ numerator: 81, denominator: 263, source: "visitors" });
    expect(conversion?.interval?.[0]).toBeCloseTo(0.2553, 4);
    expect(conversion?.interval?.[1]).toBeCloseTo(0.3662, 4);
  });

  test("of a seller both ways round, each with both its counts", () => {
    const trade = { visitors: 200, contacts: 80, attempts: { all: 40, sales: 10 } };
    expect(figure(trade, "coverage-visitors")).toMatchObject({ numerator: 40, denominator: 200, value: 0.2 });
    expect(figure(trade, "coverage-contacts")).toMatchObject({ numerator: 40, denominator: 80, value: 0.5 });
    expect(figure(trade, "sales-per-attempt")).toMatchObject({ numerator: 10, denominator: 40, value: 0.25 });
  });

  test("with more than one to each is no share, and has no interval", () => {
    expect(figure({ visitors: 10, sales: 12 }, "conversion")).toMatchObject({ value: 1.2, interval: null });
  });

  test("of nobody is nothing, and what nothing counts is not told", () => {
    expect(figure({ visitors: 0, sales: 0 }, "conversion")).toMatchObject({ n: 0, value: null, interval: null });
    expect(figure({ visitors: 0, sales: 3 }, "conversion")).toMatchObject({ n: 0, value: null, interval: null });
    expect(tradeFigures(NOTHING)).toEqual([]);
    expect(tradeFigures({ ...NOTHING, sales: 3 })).toEqual([]);
  });
});
