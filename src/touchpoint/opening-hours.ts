// Whether a place is open, and since when: weekly local times in a time zone that is given as data.
import { DAYS, type OpeningSpan } from "../config/weekly.ts";
import { localTime } from "./local-time.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Minutes since Monday 00:00 local time, 0..10,079, at a moment in UTC milliseconds. */
export function minuteOfWeek(unixMs: number, timeZone: string): number {
  const { day, time } = localTime(unixMs, timeZone);
  return DAYS.indexOf(day) * DAY_MINUTES + minuteOf(time);
}

/**
 * UTC milliseconds since when the place is open without a break, undefined while it is closed; −Infinity where it never
 * closes. Spans that touch are one. Right across a daylight-saving change: `from` is a local time.
 */
export function openSince(hours: readonly OpeningSpan[], timeZone: string, unixMs: number): number | undefined {
  if (hours.length === 0) return Number.NEGATIVE_INFINITY;
  const now = minuteOfWeek(unixMs, timeZone);
  let minutes = minutesOpen(hours, now);
  if (minutes === undefined) return undefined;
  // What touches the beginning of a span belongs to it; a week of it has no beginning.
  for (;;) {
    const before = minutesOpen(hours, (now - minutes - 1 + 2 * WEEK_MINUTES) % WEEK_MINUTES);
    if (before === undefined) break;
    minutes += before + 1;
    if (minutes >= WEEK_MINUTES) return Number.NEGATIVE_INFINITY;
  }
  const wanted = (now - minutes + WEEK_MINUTES) % WEEK_MINUTES;
  const guess = Math.floor(unixMs / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS;
  // A clock that was put forward or back in between moved the beginning by as much.
  const off = ((minuteOfWeek(guess, timeZone) - wanted + 1.5 * WEEK_MINUTES) % WEEK_MINUTES) - WEEK_MINUTES / 2;
  return guess - off * MINUTE_MS;
}

/** Minutes since the earliest beginning of a span that covers this minute of the week. */
function minutesOpen(hours: readonly OpeningSpan[], minute: number): number | undefined {
  let longest: number | undefined;
  for (const { days, from, to } of hours) {
    const start = minuteOf(from);
    const length = minuteOf(to) > start ? minuteOf(to) - start : minuteOf(to) + DAY_MINUTES - start;
    for (const day of days) {
      const since = (minute - DAYS.indexOf(day) * DAY_MINUTES - start + 2 * WEEK_MINUTES) % WEEK_MINUTES;
      if (since < length && (longest === undefined || since > longest)) longest = since;
    }
  }
  return longest;
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
