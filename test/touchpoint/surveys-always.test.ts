// What holds of questionnaires whatever happens: nothing lost or doubled, turns even, a restart changes nothing.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSurveyDay } from "./survey-day.ts";

const REASONS = [
  { id: "slow", text: "Slow" },
  { id: "rude", text: "Rude" },
];
const FLEET = {
  touchpoints: [
    { id: "t", pads: ["p"], survey: "visit" },
    {
      id: "u",
      pads: ["q"],
      question: {
        id: "rate",
        buttons: { "1": 1, "2": 2, "3": 3, "4": 4, slow: null },
        followUp: {
          bad: { at: 2, ask: { kind: "single" as const, id: "why", text: "Why?", options: REASONS } },
          good: { at: 4, ask: { kind: "multiple" as const, id: "liked", text: "What?", options: REASONS } },
        },
      },
    },
    { id: "v", survey: "quality" },
  ],
  surveys: [
    {
      id: "visit",
      quotaPerDay: 15,
      timeoutS: 20,
      questions: [
        { kind: "scale" as const, id: "a", min: 1, max: 4, text: "A?", branch: [{ from: 3, next: "c" }] },
        { kind: "multiple" as const, id: "b", text: "B?", options: REASONS },
        { kind: "yes-no" as const, id: "c", text: "C?", quotaPerDay: 9 },
      ],
    },
    { id: "quality", template: "servqual" as const, timeoutS: 20 },
  ],
};

const button = fc.constantFrom("1", "2", "3", "4", "slow", "rude", "yes", "no", "done", "leave", "start", "none");
const act = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("press" as const), pad: fc.constantFrom("p", "q"), button }) },
  // The same counter again: a pad that got no answer.
  { weight: 1, arbitrary: fc.record({ do: fc.constant("again" as const), pad: fc.constantFrom("p", "q"), button }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("screen" as const),
      touchpoint: fc.constantFrom("t", "u", "v", "v", "v"),
      action: fc.constantFrom("start" as const, "answer" as const, "answer" as const, "leave" as const),
      value: fc.integer({ min: 0, max: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), forMs: fc.integer({ min: 1, max: 25_000 }) }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

function live(acts: readonly Act[], restartAfter: (i: number) => boolean) {
  const day = createSurveyDay(FLEET);
  const counters = { p: 0, q: 0 };
  const acknowledged = new Set<string>();
  const asked: { run: string; question: string }[] = [];
  let refused = 0;
  acts.forEach((one, i) => {
    if (one.do === "press" || one.do === "again") {
      const pad = one.pad as "p" | "q";
      // A pad with a button that nobody knows is another test's: its counter leaves a hole.
      const known = pad === "p" ? one.button !== "none" : !["none", "yes", "no"].includes(one.button);
      if (one.do === "press" && known) counters[pad] += 1;
      const { afterCommit } = day.press(one.button, known ? { pad, counter: counters[pad] } : { pad });
      for (const effect of afterCommit)
        if (effect.kind === "acknowledge") acknowledged.add(`${effect.pad}/${effect.ref.counter}`);
    } else if (one.do === "screen") {
      const { touchpoint, action, value } = one;
      refused += day.survey({ touchpoint, action, ...(action === "answer" ? { value } : {}) }).length;
    } else day.pass(one.forMs);
    if (restartAfter(i)) day.restart();
    const showing = day.shown("v");
    if (showing !== undefined && showing.run !== asked.at(-1)?.run)
      asked.push({ run: showing.run, question: showing.question });
  });
  return { day, acknowledged, asked, refused };
}

describe("whatever happens", () => {
  it("every press that was acknowledged is told once, and every answer belongs to one walk", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60, size: "max" }), (acts) => {
        const { day, acknowledged } = live(acts, () => false);
        const answers = day.of("answer");
        const ids = day.facts.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        // Answers by screen come at v only, or by a walk of t and u that a screen took part in.
        const byPad = answers.filter(({ touchpoint, data }) => touchpoint !== "v" && data.press === undefined);
        const told = day.of("press").length + byPad.length;
        const byScreen = acts.filter((one) => one.do === "screen" && one.action === "answer" && one.touchpoint !== "v");
        // What was picked by presses told already is one more answer, at the end of its question.
        const gathered = byPad.filter(({ data }) => data.kind === "multiple").length;
        expect(told - gathered).toBeGreaterThanOrEqual(acknowledged.size);
        expect(told - gathered).toBeLessThanOrEqual(acknowledged.size + byScreen.length);

        const ended = day.of("survey").flatMap(({ data }) => data.answers);
        expect(new Set(ended).size).toBe(ended.length);
        const open = new Set(["t", "u", "v"].map((id) => day.shown(id)?.run));
        for (const { id, data } of answers) expect(ended.includes(id) || open.has(data.run)).toBe(true);
        for (const id of ended) expect(answers.some((answer) => answer.id === id)).toBe(true);
        const runs = day.of("survey").map(({ data }) => data.run);
        expect(new Set(runs).size).toBe(runs.length);
        for (const { data } of answers)
          expect(
            answers.filter((other) => other.data.run === data.run && other.data.question === data.question),
          ).toHaveLength(1);
      }),
    );
  });

  it("any prefix and a restart says what no restart says", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40, size: "max" }), fc.nat(39), (acts, at) => {
        const without = live(acts, () => false);
        const once = live(acts, (i) => i === at);
        const always = live(acts, () => true);
        for (const other of [once, always]) {
          expect(other.day.facts).toEqual(without.day.facts);
          expect(other.day.kept()).toEqual(without.day.kept());
          for (const id of ["t", "u", "v"]) expect(other.day.shown(id)).toEqual(without.day.shown(id));
        }
      }),
    );
  });

  it("no question is asked more often than its quota, and no two pairs differ by more than one", () => {
    let most = 0;
    fc.assert(
      fc.property(fc.array(act, { maxLength: 150, size: "max" }), fc.func(fc.boolean()), (acts, restarts) => {
        const { day, asked } = live(acts, (i) => restarts(i));
        const times = new Map<string, number>();
        for (const { question } of asked) times.set(question, (times.get(question) ?? 0) + 1);
        const given = Array.from({ length: 22 }, (_, i) => [...times.values()][i] ?? 0);
        expect(Math.max(...given) - Math.min(...given)).toBeLessThanOrEqual(1);
        most = Math.max(most, asked.length);
        const of = (question: string) => day.of("answer").filter(({ data }) => data.question === question).length;
        expect(of("a")).toBeLessThanOrEqual(15);
        expect(of("c")).toBeLessThanOrEqual(9);
      }),
      { numRuns: 60 },
    );
    expect(most).toBeGreaterThan(2);
  });

  it("SERVQUAL's pairs are spread over many customers, whether they answer, leave or are cut off", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("answer", "leave", "time", "restart", "half"), { minLength: 60, maxLength: 100 }),
        (customers) => {
          const day = createSurveyDay(FLEET);
          const times = new Map<string, number>();
          for (const customer of customers) {
            day.pass(1_000);
            expect(day.survey({ touchpoint: "v", action: "start" })).toEqual([]);
            const first = day.shown("v")?.question ?? "";
            expect(first).toMatch(/^[trsae][1-5]e$/);
            times.set(first, (times.get(first) ?? 0) + 1);
            if (customer === "restart") day.restart(20_001, true);
            if (customer === "time") day.pass(20_001);
            if (customer === "answer" || customer === "half")
              day.survey({ touchpoint: "v", action: "answer", value: 3 });
            if (customer === "answer") {
              expect(day.shown("v")?.question).toBe(first.replace(/e$/, "p"));
              day.survey({ touchpoint: "v", action: "answer", value: 5 });
            }
            if (customer === "leave" || customer === "half") day.survey({ touchpoint: "v", action: "leave" });
            expect(day.shown("v")).toBeUndefined();
          }
          expect(times.size).toBe(22);
          expect(Math.max(...times.values()) - Math.min(...times.values())).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 15 },
    );
  });
});
