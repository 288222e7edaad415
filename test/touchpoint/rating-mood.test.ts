// Ratings beside expressions: a day's table of large cells, or nothing; and nowhere else.
import { expect, test } from "vitest";
import { createDay, face } from "./day.ts";

const K = 3;
const MOOD = { intervalMs: 60_000, k: K };
const DAY_MS = 86_400_000;

/** A customer who looks so, rates so, and goes. */
function customer(day: ReturnType<typeof createDay>, smile: number, rating: string, faces = 1): void {
  const people = Array.from({ length: faces }, (_, i) => face(smile, 0.2 + 0.3 * i));
  day.watch(1_500, people);
  day.press(rating);
  day.watch(500, people);
  day.watch(8_000, []);
}
const tables = (day: ReturnType<typeof createDay>) =>
  day.of("rollup").filter(({ data }) => data.metric === "rating-by-expression");

test("is told when the day is over, where every cell holds k people", () => {
  const day = createDay(undefined, MOOD);
  for (let n = 0; n < K; n += 1) customer(day, 0.9, "4");
  for (let n = 0; n < K + 1; n += 1) customer(day, 0, "4");
  expect(tables(day)).toEqual([]);
  day.setMs(day.nowMs() + DAY_MS);
  day.pass(400);
  expect(tables(day).map(({ touchpoint, data }) => [touchpoint, data.n, data.cells])).toEqual([
    ["checkout", 2 * K + 1, { 4: { pleasant: K, neutral: K + 1 } }],
  ]);
});

test("one cell of fewer than k, and nothing is told: the rest would give it away", () => {
  const day = createDay(undefined, MOOD);
  for (let n = 0; n < 10; n += 1) customer(day, n % 2, "4");
  for (let n = 0; n < K - 1; n += 1) customer(day, 0, "1");
  day.setMs(day.nowMs() + DAY_MS);
  day.pass(400);
  expect(tables(day)).toEqual([]);
});

test("where all who gave a value felt alike nothing is told: whoever gave it would be known to have felt so", () => {
  const day = createDay(undefined, MOOD);
  for (let n = 0; n < 10; n += 1) customer(day, n % 2, "4");
  for (let n = 0; n < 10; n += 1) customer(day, 0, "1");
  day.setMs(day.nowMs() + DAY_MS);
  day.pass(400);
  expect(tables(day)).toEqual([]);
});

test("of several people nobody knows whose hand it was, and without purpose and notice no face is read", () => {
  for (const [mood, faces] of [
    [MOOD, 2],
    [undefined, 1],
  ] as const) {
    const day = createDay(undefined, mood);
    for (let n = 0; n < K; n += 1) customer(day, 0.9, "4", faces);
    day.setMs(day.nowMs() + DAY_MS);
    day.pass(400);
    expect(tables(day)).toEqual([]);
  }
});

test("only counts are kept over a restart, and the day goes on with them", () => {
  const first = createDay(undefined, MOOD);
  for (let n = 0; n < K - 1; n += 1) customer(first, 0.9, "4");
  for (let n = 0; n < K; n += 1) customer(first, 0, "4");
  const kept = first.keep["rating-mood:checkout"];
  expect(kept).toEqual({ date: "2026-11-22", cells: { "visit@2/1-4": { 4: { pleasant: K - 1, neutral: K } } } });
  const second = createDay(undefined, MOOD, first.keep);
  customer(second, 0.9, "4");
  second.setMs(second.nowMs() + DAY_MS);
  second.pass(400);
  expect(tables(second).map(({ data }) => data.cells)).toEqual([{ 4: { pleasant: K, neutral: K } }]);
});
