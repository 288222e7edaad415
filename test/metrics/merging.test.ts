// Counting one part and then the other is the same as merging the counts of both, for every kind of counts.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countMood, emptyBackground } from "../../src/metrics/background.ts";
import { type CrossSums, countCross } from "../../src/metrics/composite.ts";
import { countExplained, type Drivers } from "../../src/metrics/drivers.ts";
import { countDuration, emptyDurations } from "../../src/metrics/durations.ts";
import { countRun, type Runs } from "../../src/metrics/runs.ts";
import { merge } from "../../src/metrics/tree.ts";
import { countVisit, type Visits } from "../../src/metrics/visits.ts";
import { countBusy, countOnShift, countWork, emptyWorkload } from "../../src/metrics/workload.ts";

/** Numbers that add up exactly in any order. */
const eighths = (min: number, max: number) => fc.integer({ min: min * 8, max: max * 8 }).map((value) => value / 8);
const name = fc.constantFrom("a", "b", "constructor", "__proto__");

function merges<C extends object, E>(empty: () => C, event: fc.Arbitrary<E>, count: (into: C, event: E) => void): void {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), fc.array(event, { maxLength: 12 }), (first, second) => {
      const [together, one, two] = [empty(), empty(), empty()];
      for (const each of [...first, ...second]) count(together, each);
      for (const each of first) count(one, each);
      for (const each of second) count(two, each);
      const before = JSON.stringify(two);
      merge(one, two);
      expect(one).toEqual(together);
      // Kept as JSON, and read again, it is the same; what was merged from is as it was.
      expect(JSON.parse(JSON.stringify(together))).toEqual(together);
      expect(JSON.stringify(two)).toBe(before);
    }),
  );
}

describe("counts merge", () => {
  test("composite sums", () => {
    merges(() => ({}) as CrossSums, fc.dictionary(name, fc.integer({ min: 0, max: 10 })), countCross);
  });

  test("walks through questionnaires", () => {
    const instant = "2026-11-22T09:14:07.311Z";
    const shared = { run: "r", survey: "s", surveyVersion: 1, language: "en", choices: [], questionVersion: 1 };
    const scale = fc
      .record({
        question: fc.constantFrom("t1e", "t1p", "recommend", "discourage"),
        value: fc.integer({ min: 1, max: 7 }),
      })
      .map(({ question, value }) => {
        const max = question.startsWith("t") ? 7 : 10;
        return { ...shared, question, kind: "scale" as const, min: 1, max, value: Math.min(max, value + (max - 7)) };
      });
    const choice = fc
      .array(name)
      .map((choices) => ({ ...shared, question: "goal", kind: "multiple" as const, value: null, choices }));
    const walk = fc.record({
      survey: fc.record({
        survey: fc.constantFrom("x", "y"),
        surveyVersion: fc.constantFrom(1, 2),
        outcome: fc.constantFrom("finished" as const, "abandoned" as const),
      }),
      answers: fc.array(fc.oneof(scale, choice), { maxLength: 5 }),
    });
    merges(
      () => ({}) as Runs,
      walk,
      (into, { survey, answers }) =>
        countRun(
          into,
          { run: "r", language: "en", answers: [], asked: 1, start: instant, end: instant, ...survey },
          answers,
        ),
    );
  });

  test("the emotional background", () => {
    const mood = fc.record({
      camera: fc.constant("c"),
      zone: fc.constant("z"),
      start: fc.constant("2026-11-22T09:00:00.000Z"),
      end: fc.constant("2026-11-22T09:15:00.000Z"),
      people: fc.nat(20),
      observations: fc.nat(50),
      k: fc.constant(5),
      suppressed: fc.boolean(),
      valence: eighths(-1, 1),
      smile: eighths(0, 1),
    });
    merges(emptyBackground, mood, countMood);
  });

  test("visits", () => {
    const visit = fc.record({ line: name, direction: fc.constantFrom("in" as const, "out" as const) });
    merges(() => ({}) as Visits, visit, countVisit);
  });

  test("durations", () => {
    merges(
      emptyDurations,
      fc.integer({ min: 0, max: 900 }).map((eighth) => eighth * 125),
      countDuration,
    );
  });

  test("the work of a till", () => {
    const window = { fromMs: 0, toMs: 1_000 };
    const sale = fc.record({
      transaction: fc.constant("t"),
      amount: fc.option(eighths(-5, 90)),
      items: fc.option(fc.nat(9)),
      currency: fc.constantFrom("EUR", "USD"),
    });
    const span = fc.tuple(fc.nat(900), fc.nat(900)).map(([fromMs, ms]) => ({ fromMs, toMs: fromMs + ms }));
    merges(emptyWorkload, fc.record({ sale, span, busy: span }), (into, one) => {
      countWork(into, one.sale);
      countOnShift(into, one.span, window);
      countBusy(into, one.busy, window);
    });
  });

  test("drivers", () => {
    const rating = fc.record({
      question: name,
      version: fc.constantFrom(1, 2),
      min: fc.constant(1),
      max: fc.constant(4),
      value: fc.integer({ min: 1, max: 4 }),
      why: name,
      reasons: fc.array(name, { maxLength: 3 }),
    });
    merges(() => ({}) as Drivers, rating, countExplained);
  });
});
