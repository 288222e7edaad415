// Simulated days: the metrics say what was so, the same seed is the same day, and a miss shows.
import { expect, test } from "vitest";
import { compareDay } from "../../src/simulate/compare.ts";
import { liveDay } from "../../src/simulate/live.ts";
import { type Plan, planDay } from "../../src/simulate/plan.ts";
import { shop } from "../../src/simulate/shop.ts";
import type { Stamped } from "../../src/words/events.ts";

const SMALL = { seed: 4, date: "2026-11-24", customers: 600 };

const lived = (plan: Plan): Stamped[] => liveDay(plan, shop()).flatMap(({ events }) => events);
const plan = planDay(SMALL);
const events = lived(plan);
const missed = (plan: Plan, events: readonly Stamped[]): string[] =>
  compareDay(plan, events)
    .filter(({ ok }) => !ok)
    .map(({ till, what }) => `${till} ${what}`);

test.each([
  { seed: 1, date: "2026-11-24", customers: 3_000, hours: 24 },
  { seed: 2, date: "2026-10-25", customers: 600, hours: 25 },
  { seed: 3, date: "2026-03-29", customers: 100, hours: 23 },
])("seed $seed of $date, $customers customers: everything is told as it was", ({ hours, ...options }) => {
  const plan = planDay(options);
  expect(plan.day.toMs - plan.day.fromMs).toBe(hours * 3_600_000);
  const rows = compareDay(plan, lived(plan));
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(50);
  // The trouble took place.
  for (const what of ["presses judged", "ratings flagged", "episodes cut", "alerts escalated", "services rated"])
    expect(rows.map((row) => row.what)).toContain(what);
});

test("the same seed is the same day, and another one is another", () => {
  const again = planDay(SMALL);
  expect(again).toEqual(plan);
  expect(planDay({ ...SMALL, seed: 5 }).inputs).not.toEqual(plan.inputs);
});

test("inputs that were written down and read again say what they said live, to the last id", () => {
  const written = plan.inputs.map((timed) => JSON.stringify(timed));
  const read = { ...plan, inputs: written.map((line) => JSON.parse(line)) };
  expect(lived(read)).toEqual(events);
});

test("what is lost, doubled or not heeded is a miss", () => {
  const without = (...types: string[]) => events.filter(({ type }) => !types.includes(type));
  const first = (type: string, n = 0) => events.filter((event) => event.type === type)[n] as Stamped;
  const lateRating = events.findLast(({ type, touchpoint }) => type === "press" && touchpoint === "till-3") as Stamped;
  expect(missed(plan, events)).toEqual([]);
  expect(
    missed(
      plan,
      events.filter((event) => event !== lateRating),
    ),
  ).toEqual(expect.arrayContaining(["till-3 ratings", "till-3 ratings by hour", "till-3 ratings by staff"]));
  expect(missed(plan, [...events, lateRating])).toContain("till-3 ratings");
  expect(missed(plan, without("judgement"))).toEqual(
    expect.arrayContaining(["till-1 presses judged", "till-2 presses judged", "till-4 presses judged"]),
  );
  // The morning is told with a clock that was behind: without its repair it lies on the day before.
  expect(first("clock").data).toMatchObject({ offsetMs: 2_220_000, reason: "boot" });
  expect(missed(plan, without("clock"))).toContain("till-1 ratings flagged");
  expect(missed(plan, without("contact"))).toEqual(expect.arrayContaining(["till-1 silent", "till-2 response rate"]));
  const sale = first("transaction");
  const dearer = { ...sale, data: { ...sale.data, amount: Number(sale.data.amount) + 0.01 } };
  const changed = events.map((event) => (event === sale ? dearer : event));
  expect(missed(plan, changed)).toEqual([`${sale.touchpoint} turnover, of sales`]);
});

test("a camera that is covered says neither people nor silence of that hour", () => {
  const hour = events.filter(({ time }) => time >= "2026-11-24T08:00:01" && time < "2026-11-24T09:00:00");
  expect(hour.filter(({ type }) => type === "contact")).toEqual([]);
  const presses = hour.filter(({ type, touchpoint }) => type === "press" && touchpoint === "till-1");
  expect(presses.length).toBeGreaterThan(0);
  for (const { data } of presses) expect(data).not.toHaveProperty("people");
});

test("the clock that is set wrong in the afternoon puts no event elsewhere", () => {
  for (const { time, mono } of events) {
    if (mono < 660_000) continue;
    expect(Math.abs(Date.parse(time) - plan.bootUnixMs - mono)).toBeLessThanOrEqual(1);
  }
});
