// A demo is good only when it showed something and lost nothing.
import { expect, test } from "vitest";
import { type Ended, judge } from "../../src/demo/verdict.ts";

const GOOD: Ended = {
  ranMs: 30_000,
  figures: {
    events: 20,
    repeats: 0,
    presses: 3,
    contacts: { answered: 2, silent: 1, cut: 0 },
    moodsHeldBack: 0,
    present: 0,
  },
  shopperPresses: 2,
  unreadable: 0,
  journal: { stream: "s", head: 20 },
  broker: { count: 20, whole: true },
  complete: true,
};

test("a whole demo is good, and says what it saw", () => {
  const { lines, problems } = judge(GOOD);
  expect(problems).toEqual([]);
  expect(lines.join("\n")).toContain("3: 2 by the auto-shopper, 1 by hand");
  expect(lines.join("\n")).toContain("3: 2 answered, 1 silent, 0 cut by the end");
});

const figures = GOOD.figures;
test.each<[string, Partial<Ended>, RegExp]>([
  ["an event that never arrived", { broker: { count: 19, whole: true } }, /journal holds 20 events, 19 reached/],
  ["a hole among those that arrived", { broker: { count: 20, whole: false } }, /missing between/],
  ["events of a second stream", { figures: { ...figures, events: 23 } }, /3 events belong to another stream/],
  ["something else on the topics", { unreadable: 1 }, /no events/],
  ["no press", { figures: { ...figures, presses: 0 } }, /no press/],
  ["cut contacts only", { figures: { ...figures, contacts: { answered: 0, silent: 0, cut: 2 } } }, /no contact/],
])("%s is said", (_what, change, expected) => {
  const { problems } = judge({ ...GOOD, ...change });
  expect(problems.join("\n")).toMatch(expected);
});

test("a demo that a person ended early need not have seen anything, but may not have lost anything", () => {
  const empty = { ...figures, events: 0, presses: 0, contacts: { answered: 0, silent: 0, cut: 0 } };
  const early = { ...GOOD, complete: false, figures: empty, journal: { stream: "s", head: 0 } };
  expect(judge({ ...early, broker: { count: 0, whole: true } }).problems).toEqual([]);
  expect(
    judge({ ...early, journal: { stream: "s", head: 1 }, broker: { count: 0, whole: true } }).problems,
  ).toHaveLength(1);
});
