// Hours and days on the shop's own clock, over every kind of change.
import { expect, test } from "vitest";
import { Calendar, dayOf, hourOf, QUARTER_MS } from "../../src/touchpoint/calendar.ts";
import { localTime } from "../../src/touchpoint/local-time.ts";

const HOUR_MS = 3_600_000;
const text = (ms: number): string => new Date(ms).toISOString();

test.each([
  // The clock is set back at 4:00 to 3:00, and the hour from 3 to 4 is there twice.
  ["Europe/Vilnius", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00.000Z", 1],
  ["Europe/Vilnius", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00.000Z", 1],
  ["Asia/Kathmandu", "2026-10-25T01:00:00Z", "2026-10-25T00:15:00.000Z", 1],
  ["Asia/Kolkata", "2026-10-25T01:00:00Z", "2026-10-25T00:30:00.000Z", 1],
  // Set back by half an hour: the hour that is cut has a half before and a whole after it.
  ["Australia/Lord_Howe", "2026-04-04T14:40:00Z", "2026-04-04T14:00:00.000Z", 1],
  ["Australia/Lord_Howe", "2026-04-04T15:10:00Z", "2026-04-04T15:00:00.000Z", 0.5],
])("in %s the hour of %s begins at %s", (timezone, at, begins, hours) => {
  const { fromMs, toMs } = hourOf(Date.parse(at), timezone);
  expect([text(fromMs), (toMs - fromMs) / HOUR_MS]).toEqual([begins, hours]);
});

test.each([
  "Europe/Vilnius",
  "America/St_Johns",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "America/Havana",
  "Pacific/Apia",
])("in %s the days of a year follow each other, and the hours of each day fill it", (timezone) => {
  const calendar = new Calendar(timezone);
  let at = dayOf("2026-01-01", timezone).fromMs;
  for (let n = 0; n < 365; n += 1) {
    const date = calendar.dateOf(at);
    const day = calendar.dayOf(date);
    expect(text(day.fromMs)).toBe(text(at));
    for (let hour = day.fromMs; hour < day.toMs; hour = calendar.hourOf(hour).toMs) {
      expect(calendar.hourOf(hour).fromMs).toBe(hour);
      expect(localTime(hour, timezone).date).toBe(date);
    }
    expect(localTime(day.toMs - QUARTER_MS, timezone).date).toBe(date);
    at = day.toMs;
  }
  expect(calendar.dateOf(at)).toBe("2027-01-01");
});
