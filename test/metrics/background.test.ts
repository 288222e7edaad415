import { describe, expect, test } from "vitest";
import { backgroundFigures, countMood, emptyBackground } from "../../src/metrics/background.ts";
import type { Interval } from "../../src/metrics/intervals.ts";
import { addGroup, intervalOf, NOTHING_WEIGHTED, weightedMean } from "../../src/metrics/weighted.ts";
import type { EventData } from "../../src/words/events.ts";
import { chanceOf, coverage, MET, meetsTheBar } from "./chance.ts";

function mood(minute: number, told: Partial<EventData["mood"]>): EventData["mood"] {
  const at = Date.parse("2026-11-22T09:00:00.000Z") + minute * 60_000;
  const [start, end] = [new Date(at).toISOString(), new Date(at + 15 * 60_000).toISOString()];
  return { camera: "door", zone: "till", start, end, people: 6, observations: 10, k: 5, suppressed: false, ...told };
}
function figures(moods: readonly EventData["mood"][]) {
  const counted = emptyBackground();
  for (const one of moods) countMood(counted, one);
  return Object.fromEntries(backgroundFigures(counted).map((figure) => [figure.metric, figure]));
}

describe("the emotional background", () => {
  test("worked by hand: intervals weigh as their people do", () => {
    const { "emotional-background": valence, "smile-index": smile } = figures([
      mood(0, { people: 30, valence: 0.4, smile: 0.5 }),
      mood(15, { people: 10, valence: -0.2, smile: 0.1 }),
    ]);
    // (30·0.4 − 10·0.2) / 40 and (30·0.5 + 10·0.1) / 40
    expect(valence).toMatchObject({ n: 40, denominator: 40 });
    expect(valence?.value).toBeCloseTo(0.25, 12);
    expect(smile?.value).toBeCloseTo(0.4, 12);
    // Residuals by weight: 30·0.1 = 3 and 10·(−0.3) = −3, squares 18 of 40². Effective 1600/1000 = 1.6, factor 1.6/0.6; t of 1.
    const half = 12.7062 * Math.sqrt((18 / 1600) * (1.6 / 0.6));
    expect(smile?.interval?.[1]).toBeCloseTo(Math.min(1, 0.4 + half), 6);
    expect(smile?.interval?.[0]).toBe(0);
  });

  test("is the same whether a quarter-hour is told as one interval or as three", () => {
    const one = figures([mood(0, { people: 60, valence: 0.3, smile: 0.4 })]);
    const three = figures([
      mood(0, { people: 10, valence: 0.6, smile: 0.7 }),
      mood(5, { people: 20, valence: 0.3, smile: 0.4 }),
      mood(10, { people: 30, valence: 0.2, smile: 0.3 }),
    ]);
    for (const name of ["emotional-background", "smile-index"]) {
      expect(three[name]?.value).toBeCloseTo(one[name]?.value ?? Number.NaN, 12);
      expect(three[name]?.n).toBe(one[name]?.n);
    }
  });

  test("does not count people of whom only age and sex were read", () => {
    const told = figures([mood(0, { valence: 0.25, smile: 0.3 }), mood(15, { sexes: { female: 0.5, male: 0.5 } })]);
    expect(told["emotional-background"]).toMatchObject({ n: 6, value: 0.25 });
    expect(told["background-coverage"]).toMatchObject({ n: 2, value: 0.5 });
  });

  test("does not count a suppressed interval, but says how much of the time it was", () => {
    const told = figures([mood(0, { valence: 0.25, smile: 0.3 }), mood(15, { suppressed: true, people: 2 })]);
    expect(told["emotional-background"]).toMatchObject({ n: 6, value: 0.25, interval: null });
    expect(told["background-coverage"]).toMatchObject({ n: 2, numerator: 15, denominator: 30, value: 0.5 });
    const away = figures([
      mood(0, { valence: 0.25, coveredMs: 300_000 }),
      mood(15, { coveredMs: 900_000, suppressed: true }),
    ]);
    expect(away["background-coverage"]).toMatchObject({ numerator: 5, denominator: 20, value: 0.25 });
  });

  test("of nothing, or of suppressed intervals only, is nothing", () => {
    for (const moods of [[], [mood(0, { suppressed: true })], [mood(0, { observations: 0, people: 0 })]])
      expect(figures(moods)["smile-index"]).toMatchObject({ n: 0, value: null, interval: null });
    expect(figures([])["background-coverage"]).toMatchObject({ n: 0, value: null });
  });
});

test("its interval covers the truth as often as it says, over even and uneven intervals", () => {
  const chance = chanceOf(7);
  const grid = [30, 60, 96].flatMap((groups) => [0, 0.5, 1].map((spread) => ({ groups, spread })));
  const coverages = grid.map(({ groups, spread }) => {
    const draw = (): Interval | null => {
      const sum = { ...NOTHING_WEIGHTED };
      for (let group = 0; group < groups; group += 1) {
        const weight = 1 + Math.round(100 * Math.exp(spread * chance.normal()));
        // Faces of one interval are alike: a tenth of spread between intervals, and that of the readings within.
        addGroup(sum, 0.2 + 0.1 * chance.normal() + (0.3 * chance.normal()) / Math.sqrt(weight / 10), weight);
      }
      return intervalOf(weightedMean(sum));
    };
    return coverage(1_000, draw, 0.2);
  });
  expect(meetsTheBar(coverages), `${coverages}`).toEqual(MET);
});
