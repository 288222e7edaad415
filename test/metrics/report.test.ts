import { describe, expect, test } from "vitest";
import { offsetOf, repairsIn } from "../../src/metrics/repair.ts";
import { reportOf } from "../../src/metrics/report.ts";
import { csatOf, dissatisfiedOf, meanOf, npsOf } from "../../src/metrics/scales.ts";
import { tally } from "../../src/metrics/tally.ts";
import { dayOf } from "../../src/touchpoint/calendar.ts";
import type { EventData, EventType } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";

let made = 0;
/** An event of this type, valid but for what the case is about. */
function said<T extends EventType>(type: T, data: Partial<EventData[T]> = {}, id?: string) {
  made += 1;
  const event = stamped(type, made);
  return { ...event, ...(id === undefined ? {} : { id }), data: { ...event.data, ...data } };
}
const rated = (value: number, more: Partial<EventData["press"]> = {}, id?: string) =>
  said("press", { value, button: `${value}`, ...more }, id);
const only = (events: Parameters<typeof tally>[0], settings?: Parameters<typeof tally>[1], k?: number) => {
  const [place] = tally(events, settings);
  if (place === undefined) throw new Error("no touchpoint was counted");
  return reportOf(place, k === undefined ? {} : { k });
};
const figure = (report: ReturnType<typeof only>, metric: string) => report.figures.find((one) => one.metric === metric);

describe("scales", () => {
  test("worked by hand: 1, 2, 2, 4, 4, 4, 4, 4 of four smileys", () => {
    const scale = { min: 1, max: 4, histogram: { 1: 1, 2: 2, 4: 5 } };
    expect(meanOf(scale)).toMatchObject({ n: 8, numerator: 25, value: 3.125 });
    expect(csatOf(scale)).toMatchObject({ numerator: 5, denominator: 8, value: 0.625 });
    expect(dissatisfiedOf(scale)).toMatchObject({ numerator: 3, denominator: 8 });
  });

  test("a net promoter score is of 0 to 10 and of nothing else", () => {
    const scale = { min: 0, max: 10, histogram: { 0: 1, 6: 1, 7: 1, 8: 1, 9: 2, 10: 4 } };
    expect(npsOf(scale)).toMatchObject({ n: 10, numerator: 4, value: 40 });
    expect(npsOf({ min: 1, max: 10, histogram: { 10: 5 } })).toBeUndefined();
    expect(npsOf({ min: 0, max: 10, histogram: {} })).toMatchObject({ n: 0, value: null, interval: null });
  });

  test("two of three smileys would be most of the scale: there the best one counts", () => {
    expect(csatOf({ min: 1, max: 3, histogram: { 1: 1, 2: 1, 3: 2 } })).toMatchObject({ numerator: 2 });
  });
});

describe("a period", () => {
  test("counts ratings by question and version, and never maps one scale onto another", () => {
    const { questions } = only([rated(4), rated(1), rated(5, { questionVersion: 3, max: 5 })]);
    expect(questions.map(({ version, max, histogram }) => [version, max, histogram])).toEqual([
      [2, 4, { 1: 1, 4: 1 }],
      [3, 5, { 5: 1 }],
    ]);
  });

  test("leaves out what was judged, wherever the judgement stands, and what is no rating", () => {
    const report = only([
      said("judgement", { presses: ["early"] }),
      rated(4, {}, "early"),
      rated(4, {}, "late"),
      rated(4, { flags: ["stuck"] }),
      rated(3),
      said("judgement", { presses: ["late"] }),
    ]);
    expect(report.questions[0]?.histogram).toEqual({ 3: 1 });
    expect(report.judged).toBe(2);
  });

  test("a response rate names its denominator: sales before windows before episodes", () => {
    const met = [said("contact", { outcome: "silent" }), said("contact", { outcome: "answered", presses: ["a"] })];
    const window = said("service", { state: "closed", presses: ["a"] });
    const sales = ["1", "2", "3", "4"].map((transaction) => said("transaction", { transaction }));
    const press = rated(4, { transaction: "1" }, "a");
    const rate = (events: Parameters<typeof tally>[0]) => figure(only(events), "response-rate");
    expect(rate([...met, press])).toMatchObject({ source: "contacts", numerator: 1, denominator: 2 });
    expect(rate([...met, window, press])).toMatchObject({ source: "services", numerator: 1, denominator: 1 });
    expect(rate([...met, window, ...sales, press])).toMatchObject({ source: "transactions", value: 0.25 });
  });

  test("of sales those count that an answer names: two presses of one are one, and so is an answer of a questionnaire", () => {
    const sales = ["1", "2", "3"].map((transaction) => said("transaction", { transaction }));
    const twice = [rated(4, { transaction: "1" }), rated(4, { transaction: "1" })];
    expect(figure(only([...sales, ...twice, rated(1)]), "response-rate")).toMatchObject({
      numerator: 1,
      denominator: 3,
    });
    const answer = said("answer", { transaction: "2" });
    expect(figure(only([...sales, answer]), "response-rate")).toMatchObject({ numerator: 1, denominator: 3 });
  });

  test("where answers come and none names a sale, nobody can say how many customers answered", () => {
    const rate = figure(
      only([said("transaction"), said("transaction", { transaction: "2" }), rated(4), rated(4)]),
      "response-rate",
    );
    expect(rate).toMatchObject({ numerator: 0, denominator: 2, value: null, interval: null });
    expect(figure(only([said("transaction")]), "response-rate")).toMatchObject({ numerator: 0, value: 0 });
  });

  test("a judged press is no response: of no episode, no window and no sale", () => {
    const judged = said("judgement", { presses: ["a"] });
    const press = rated(4, { transaction: "1" }, "a");
    const contact = only([said("contact", { outcome: "answered", presses: ["a"] }), press, judged]);
    expect(figure(contact, "response-rate")).toMatchObject({ numerator: 0, denominator: 1 });
    expect(figure(contact, "silent-share")).toMatchObject({ numerator: 1, denominator: 1 });
    const window = only([press, said("service", { state: "closed", presses: ["a"] }), judged]);
    expect(figure(window, "response-rate")).toMatchObject({ source: "services", numerator: 0 });
    expect(figure(window, "services-rated")).toMatchObject({ numerator: 0 });
    const sale = only([said("transaction", { transaction: "1" }), press, judged]);
    expect(figure(sale, "response-rate")).toMatchObject({ numerator: 0, denominator: 1 });
    const both = only([
      said("contact", { outcome: "answered", presses: ["a", "b"] }),
      press,
      rated(3, {}, "b"),
      judged,
    ]);
    expect(figure(both, "response-rate"), "another press of the same episode counts").toMatchObject({ numerator: 1 });
  });

  test.each(["unattended", "closed", "stuck", "chatter", "control", "no-answer"])(
    "a press flagged %s rates nothing, and is said to be left out",
    (flag) => {
      const report = only([rated(1, { flags: [flag] }), rated(4)]);
      expect(report.questions[0]?.histogram).toEqual({ 4: 1 });
      expect(report.flagged).toBe(1);
    },
  );

  test("a scale that was changed without a new version is not merged with the one before", () => {
    const { questions } = only([rated(4), rated(5, { max: 5 })]);
    expect(questions.map(({ max, histogram }) => [max, histogram])).toEqual([
      [4, { 4: 1 }],
      [5, { 5: 1 }],
    ]);
  });

  test("money of two currencies is not added", () => {
    const { figures } = only([
      said("transaction", { transaction: "1", amount: 10, currency: "EUR" }),
      said("transaction", { transaction: "2", amount: 1000, currency: "JPY" }),
    ]);
    const tickets = figures.filter(({ metric }) => metric.startsWith("average-ticket"));
    expect(tickets.map(({ metric, value }) => [metric, value])).toEqual([
      ["average-ticket-EUR", 10],
      ["average-ticket-JPY", 1000],
    ]);
  });

  test("an attempt whose end was forgotten is an attempt, but nobody knows how long", () => {
    const report = only([
      said("activity"),
      said("activity", { durationMs: 3_600_000, flags: ["forgotten"], outcome: "unknown" }),
    ]);
    expect(figure(report, "sales-per-attempt")).toMatchObject({ numerator: 1, denominator: 2 });
    expect(figure(report, "time-selling-s")).toMatchObject({ n: 1, value: 60 });
  });

  test("an episode of another day claims its press, and is counted on its own day", () => {
    const end = "2026-11-23T00:00:01.000Z";
    const midnight = Date.parse("2026-11-23T00:00:00.000Z");
    const told = said("contact", { outcome: "answered", presses: ["a"], end });
    const press = { ...rated(4, {}, "a"), time: "2026-11-22T23:59:58.000Z" };
    const report = only([press, told], { period: { fromMs: midnight - 86_400_000, toMs: midnight } });
    expect(figure(report, "response-rate")).toBeUndefined();
    expect(report.questions[0]?.histogram).toEqual({ 4: 1 });
    const next = only([told], { period: { fromMs: midnight, toMs: midnight + 86_400_000 } });
    expect(figure(next, "response-rate")).toMatchObject({ numerator: 1, denominator: 1 });
  });

  test("silent share and unmatched presses", () => {
    const report = only([
      said("contact", { outcome: "silent" }),
      said("contact", { outcome: "answered", presses: ["a"] }),
      said("contact", { outcome: "cut" }),
      rated(4, {}, "a"),
      rated(1),
    ]);
    expect(figure(report, "silent-share")).toMatchObject({ numerator: 1, denominator: 2 });
    expect(figure(report, "unmatched-presses")).toMatchObject({ numerator: 1, denominator: 2 });
    expect(figure(only([rated(4)]), "unmatched-presses"), "without a camera").toBeUndefined();
  });

  test("a corrected sale counts once, with its last amount", () => {
    const report = only([
      said("transaction", { transaction: "7", amount: 100 }),
      said("transaction", { transaction: "8", amount: 20 }),
      said("transaction", { transaction: "7", amount: 10 }),
      said("transaction", { transaction: "9", amount: null }),
    ]);
    expect(figure(report, "average-ticket-EUR")).toMatchObject({ n: 2, numerator: 30, value: 15 });
  });

  test("reasons, the most often named first; one that is press and answer counts once", () => {
    const reason = (button: string) => said("press", { value: null, button });
    const { reasons } = only([
      reason("slow"),
      reason("slow"),
      reason("price"),
      said("answer", { kind: "single", value: null, choices: ["slow"], press: "p" }),
      said("answer", { kind: "single", value: null, choices: ["price"] }),
      said("answer", { kind: "single", value: null, choices: ["price"] }),
    ]);
    expect(reasons.map(({ reason: name, numerator }) => [name, numerator])).toEqual([
      ["price", 3],
      ["slow", 2],
    ]);
  });

  test("alerts: what is open by the highest rev, and how long it took", () => {
    const alert = (key: string, rev: number, state: EventData["alert"]["state"], ageMs: number) =>
      said("alert", { key, rev, state, ageMs });
    const { alerts } = only([
      alert("a", 1, "raised", 0),
      alert("a", 2, "acknowledged", 30_000),
      alert("a", 3, "resolved", 90_000),
      alert("b", 2, "escalated", 600_000),
      alert("b", 1, "raised", 0),
    ]);
    expect(alerts.open.map(({ key, state }) => [key, state])).toEqual([["b", "escalated"]]);
    expect(alerts.figures.map(({ metric, value }) => [metric, value])).toEqual([
      ["time-to-react-s", 30],
      ["time-to-resolve-s", 90],
    ]);
  });

  test("of a shift nothing is told below k answers", () => {
    const of = (staff: string, count: number) => Array.from({ length: count }, () => rated(4, { staff }));
    const events = [...of("anna", 4), ...of("ben", 5)];
    expect(only(events, { shift: "anna" }, 5).questions).toMatchObject([{ figures: [], histogram: {} }]);
    expect(only(events, { shift: "ben" }, 5).questions).toMatchObject([{ histogram: { 4: 5 } }]);
  });

  test("data that is not what it should be is not counted", () => {
    const wrong = { ...said("press"), data: { value: "four" } };
    expect(only([wrong, rated(4)]).questions[0]?.histogram).toEqual({ 4: 1 });
  });
});

test.each([
  ["2026-03-29", 23],
  ["2026-07-01", 24],
  ["2026-10-25", 25],
])("%s has %i hours in Vilnius", (date, hours) => {
  const { fromMs, toMs } = dayOf(date, "Europe/Vilnius");
  expect((toMs - fromMs) / 3_600_000).toBe(hours);
});

test.each([
  ["Pacific/Kiritimati", "2026-01-14T10:00:00.000Z"],
  ["Pacific/Pago_Pago", "2026-01-15T11:00:00.000Z"],
  ["Asia/Kathmandu", "2026-01-14T18:15:00.000Z"],
])("the 15th of January begins in %s at %s", (timezone, begins) => {
  expect(new Date(dayOf("2026-01-15", timezone).fromMs).toISOString()).toBe(begins);
});

test("the last repair that means an event moves it, and only what is unsynced", () => {
  const repairs = repairsIn([
    said("clock", { boot: "b", fromMono: 0, toMono: 100, offsetMs: 5 }),
    said("clock", { boot: "b", fromMono: 50, toMono: 200, offsetMs: 7 }),
    said("press"),
  ]);
  const at = (mono: number, more: { boot?: string; clock?: "synced" | "unsynced" } = {}) =>
    offsetOf({ boot: "b", clock: "unsynced", mono, ...more }, repairs);
  expect([at(10), at(60), at(200), at(201)]).toEqual([5, 7, 7, 0]);
  expect([at(10, { clock: "synced" }), at(10, { boot: "c" })]).toEqual([0, 0]);
});
