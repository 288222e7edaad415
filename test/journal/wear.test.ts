// How much the journal writes a day, over restarts, and what that means for a card.

import { expect, it } from "vitest";
import { migrate } from "../../src/journal/schema.ts";
import { Database } from "../../src/journal/sqlite.ts";
import { cardYears, daysWith, ratesOf, readWear, Wear } from "../../src/journal/wear.ts";

const DAY_MS = 86_400_000;

it("counts running time, rows and written bytes on from where the last run saved them", () => {
  const db = new Database(":memory:");
  migrate(db);
  let [nowMs, written] = [5_000, 1_000];
  const run = () =>
    new Wear(
      db,
      0,
      () => nowMs,
      () => written,
    );
  const first = run();
  nowMs += DAY_MS / 2;
  written += 4_000;
  first.count(300);
  first.count(200);
  expect(first.runningMs()).toBe(DAY_MS / 2);
  expect(first.rates()).toEqual({ rowBytesPerDay: 1_000, writtenBytesPerDay: 8_000 });
  first.save(db);
  // Another process: its clock and its counter begin anew.
  [nowMs, written] = [77, 0];
  const second = run();
  expect(second.runningMs()).toBe(DAY_MS / 2);
  nowMs += DAY_MS / 2;
  expect(second.rates()).toEqual({ rowBytesPerDay: 500, writtenBytesPerDay: 4_000 });
  expect(
    new Wear(
      db,
      3 * DAY_MS,
      () => nowMs,
      () => written,
    ).runningMs(),
  ).toBe(3 * DAY_MS);
  db.prepare("UPDATE meta SET value = 'noise' WHERE key = 'wear'").run();
  expect(readWear(db)).toEqual({ runningMs: 0, days: [] });
  db.close();
});

it("forgets all but the last days, and knows nothing from a minute", () => {
  expect(ratesOf([{ ms: 59_999, rows: 1_000, written: 1_000 }])).toEqual({ rowBytesPerDay: 0, writtenBytesPerDay: 0 });
  let days: ReturnType<typeof daysWith> = [];
  for (let day = 1; day <= 20; day++) days = daysWith(days, { ms: DAY_MS, rows: day, written: 2 * day });
  expect(days.map((day) => day.rows)).toEqual([14, 15, 16, 17, 18, 19, 20]);
  expect(ratesOf(days)).toEqual({ rowBytesPerDay: 17, writtenBytesPerDay: 34 });
});

it("reckons the life of a card", () => {
  expect(cardYears(32e9, 0)).toBeNull();
  // 32 GB × 50 / 200 MB a day.
  expect(cardYears(32e9, 200e6)).toBe(21.9);
});
