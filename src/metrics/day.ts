// When a day of the shop begins and ends: 23, 24 or 25 hours, by its time zone.
import { localTime } from "../touchpoint/local-time.ts";

/** The most that a time zone is away from UTC, and a little more, milliseconds. */
const FARTHEST_MS = 15 * 3_600_000;

/** First millisecond of a local date, UTC milliseconds. @param date YYYY-MM-DD */
export function startOfDay(date: string, timezone: string): number {
  let before = Date.parse(`${date}T00:00:00Z`) - FARTHEST_MS;
  let after = before + 2 * FARTHEST_MS;
  // Dates never go back, whatever the clock does at a change of daylight saving.
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (localTime(middle, timezone).date >= date) after = middle;
    else before = middle;
  }
  return after;
}

/** From the first millisecond of a local date to that of the next one. */
export function dayOf(date: string, timezone: string): { readonly fromMs: number; readonly toMs: number } {
  const next = new Date(Date.parse(`${date}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  return { fromMs: startOfDay(date, timezone), toMs: startOfDay(next, timezone) };
}
