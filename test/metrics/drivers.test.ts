import { describe, expect, test } from "vitest";
import { countExplained, type Driver, type Drivers, driversOf } from "../../src/metrics/drivers.ts";
import type { Interval } from "../../src/metrics/intervals.ts";
import { type Hour, silenceLifts } from "../../src/metrics/silence.ts";
import { chanceOf, coverage, MET, meetsTheBar } from "./chance.ts";

const SMILEYS = { question: "visit", version: 1, min: 1, max: 4, why: "why" };
function counted(ratings: readonly (readonly [count: number, value: number, ...reasons: string[]])[], scale = SMILEYS) {
  const drivers: Drivers = {};
  for (const [count, value, ...reasons] of ratings)
    for (let one = 0; one < count; one += 1) countExplained(drivers, { ...scale, value, reasons });
  return drivers;
}
const of = (drivers: Drivers, reason: string): Driver => {
  const found = driversOf(drivers).find((driver) => driver.reason === reason);
  if (found === undefined) throw new Error(`no reason ${reason}`);
  return found;
};

describe("what drives the rating", () => {
  test("worked by hand: lifts with the interval of the published difference", () => {
    // R. G. Newcombe, Statistics in Medicine 17 (1998) 873–890, table II, method 10: 56/70 less 48/80.
    const slow = of(
      counted([
        [56, 1, "slow"],
        [14, 4, "slow"],
        [48, 1, "rude"],
        [32, 4, "rude"],
      ]),
      "slow",
    );
    expect(slow.share).toMatchObject({ numerator: 70, denominator: 150 });
    expect(slow.badLift.value).toBeCloseTo(0.2, 9);
    expect(slow.badLift.interval?.[0]).toBeCloseTo(0.0524, 4);
    expect(slow.badLift.interval?.[1]).toBeCloseTo(0.3339, 4);
    // Means: (56 + 14·4)/70 = 1.6 and (48 + 32·4)/80 = 2.2
    expect(slow.meanLift.value).toBeCloseTo(-0.6, 9);
    expect(slow.compared).toBe(2);
  });

  test("counts a customer who named two reasons with both, and one reason twice once", () => {
    const drivers = counted([
      [1, 1, "slow", "rude", "slow"],
      [1, 4, "rude"],
    ]);
    expect(of(drivers, "slow").share).toMatchObject({ numerator: 1, denominator: 2 });
    expect(of(drivers, "rude").share).toMatchObject({ numerator: 2, denominator: 2 });
    // Everybody named it: there is nobody to compare with.
    expect(of(drivers, "rude").badLift).toMatchObject({ value: null, interval: null });
  });

  test("says no lift on bad ratings where only they were asked why; that on the mean remains", () => {
    const drivers = counted([
      [10, 1, "rude"],
      [10, 2, "slow"],
      [5, 1, "slow"],
    ]);
    expect(of(drivers, "rude").badLift).toMatchObject({ n: 25, value: null, interval: null });
    expect(of(drivers, "rude").meanLift.value).toBeCloseTo(1 - 25 / 15, 9);
  });

  test("keeps questions, versions, scales and questions why apart", () => {
    const drivers = counted([[1, 1, "slow"]]);
    for (const other of [{ version: 2 }, { max: 5 }, { question: "stay" }, { why: "liked" }])
      countExplained(drivers, { ...SMILEYS, value: 1, reasons: ["slow"], ...other });
    expect(driversOf(drivers).map(({ share }) => share.denominator)).toEqual([1, 1, 1, 1, 1]);
  });

  test("takes the detractors of a 0 to 10 scale for bad", () => {
    const drivers = counted(
      [
        [3, 6, "slow"],
        [2, 7, "slow"],
        [5, 9, "price"],
      ],
      { ...SMILEYS, min: 0, max: 10 },
    );
    expect(of(drivers, "slow").badLift.value).toBeCloseTo(3 / 5, 9);
  });

  test("ranks by what is sure: a strong lift of few behind a smaller one of many, and a lift for the better too", () => {
    const names = driversOf(
      counted([
        [300, 1, "slow"],
        [100, 4, "slow"],
        [2, 1, "cold"],
        [50, 1, "price"],
        [150, 4, "price"],
        [10, 4, "staff"],
        [20, 1, "place"],
        [20, 4, "place"],
      ]),
    ).map(({ reason }) => reason);
    expect(names[0]).toBe("slow");
    expect(names.indexOf("staff")).toBeLessThan(names.indexOf("cold"));
    expect(names.indexOf("price")).toBeLessThan(names.indexOf("cold"));
  });

  test("of nothing is nothing; a rating without a reason was not explained", () => {
    expect(driversOf({})).toEqual([]);
    expect(driversOf(counted([[3, 1]]))).toEqual([]);
    expect(
      of(
        counted([
          [1, 1, "__proto__"],
          [1, 4, "slow"],
        ]),
        "__proto__",
      ).share,
    ).toMatchObject({ numerator: 1 });
  });
});

describe("silence", () => {
  test("worked by hand: slow is named in the silent hour, price in the talkative one", () => {
    const [price, slow] = silenceLifts([
      { answered: 4, silent: 16, reasons: { slow: 3, price: 1 } },
      { answered: 10, silent: 10, reasons: { slow: 1, price: 3 } },
      { answered: 0, silent: 9, reasons: {} },
    ]);
    // (3·0.8 + 1·0.5)/4 − (1·0.8 + 3·0.5)/4 = 0.725 − 0.575
    expect(slow).toMatchObject({ reason: "slow", metric: "silence-lift", n: 4 });
    expect(slow?.value).toBeCloseTo(0.15, 12);
    expect(price?.value).toBeCloseTo(-0.15, 12);
  });

  test("of one hour, of one reason, or of none is nothing", () => {
    expect(silenceLifts([])).toEqual([]);
    expect(silenceLifts([{ answered: 1, silent: 1, reasons: { slow: 2 } }])).toMatchObject([
      { n: 2, value: null, interval: null },
    ]);
    expect(silenceLifts([{ answered: 1, silent: 1, reasons: { slow: 1, price: 1 } }])).toMatchObject([
      { value: 0, interval: null },
      { value: 0, interval: null },
    ]);
  });

  test("its interval covers the truth as often as it says, with and without a lift", () => {
    const chance = chanceOf(11);
    // Each customer is silent with the hour's own chance; who answers names a reason half the time, `slow` the more often the
    // more silent the hour is.
    const draw = (share: number, slope: number): Hour & { reasons: { slow: number; price: number } } => {
      const silence = 0.2 + 0.6 * chance.uniform();
      const silent = Array.from({ length: 20 }, () => chance.uniform() < silence).filter(Boolean).length;
      const reasons = { slow: 0, price: 0 };
      for (let answer = silent; answer < 20; answer += 1)
        if (chance.uniform() < 0.5)
          reasons[chance.uniform() < share * (1 + slope * (silence - 0.5)) ? "slow" : "price"] += 1;
      return { answered: 20 - silent, silent, reasons };
    };
    const grid = [
      { hours: 60, share: 0.3, slope: 0 },
      { hours: 100, share: 0.3, slope: 1 },
      { hours: 100, share: 0.1, slope: 0 },
      { hours: 200, share: 0.1, slope: 1 },
    ];
    const coverages = grid.map(({ hours, share, slope }) => {
      const sums = { slow: 0, slowSilent: 0, price: 0, priceSilent: 0 };
      for (let hour = 0; hour < 100_000; hour += 1) {
        const { silent, reasons } = draw(share, slope);
        sums.slow += reasons.slow;
        sums.slowSilent += (reasons.slow * silent) / 20;
        sums.price += reasons.price;
        sums.priceSilent += (reasons.price * silent) / 20;
      }
      const truth = sums.slowSilent / sums.slow - sums.priceSilent / sums.price;
      const interval = (): Interval | null =>
        silenceLifts(Array.from({ length: hours }, () => draw(share, slope))).find(({ reason }) => reason === "slow")
          ?.interval ?? null;
      return coverage(500, interval, truth);
    });
    expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
  });
});
