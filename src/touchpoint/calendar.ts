// Quarter-hours, hours and days on the shop's own clock: days of 23, 24 or 25 hours, by its time zone. Pure.
import { localTime } from "./local-time.ts";

/** The hours of every time zone consist of whole quarter-hours of UTC. */
export const QUARTER_MS = 900_000;
/** The most that a time zone is away from UTC, and a little more, milliseconds. */
const FARTHEST_MS = 15 * 3_600_000;
/** Quarter-hours of which the hour is remembered. */
const MOST_HOURS = 10_000;

/** UTC milliseconds; `toMs` no longer belongs to it. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What two spans have in common; it ends before it begins where that is nothing. */
export function common(first: Span, second: Span): Span {
  return { fromMs: Math.max(first.fromMs, second.fromMs), toMs: Math.min(first.toMs, second.toMs) };
}

/** First millisecond of a local date, UTC milliseconds: at a whole quarter-hour, as the hours are. @param date YYYY-MM-DD */
export function startOfDay(date: string, timezone: string): number {
  let before = Date.parse(`${date}T00:00:00Z`) - FARTHEST_MS;
  let after = before + 2 * FARTHEST_MS;
  // Dates never go back, whatever the clock does at a change of daylight saving.
  while (after - before > QUARTER_MS) {
    const middle = quarterOf((before + after) / 2).fromMs;
    if (localTime(middle, timezone).date >= date) after = middle;
    else before = middle;
  }
  return after;
}

/** From the first millisecond of a local date to that of the next one. */
export function dayOf(date: string, timezone: string): Span {
  return { fromMs: startOfDay(date, timezone), toMs: startOfDay(dayAfter(date), timezone) };
}

function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

export function quarterOf(ms: number): Span {
  const fromMs = Math.floor(ms / QUARTER_MS) * QUARTER_MS;
  return { fromMs, toMs: fromMs + QUARTER_MS };
}

/** The local hour that a moment lies in; where the clock is set back an hour is there twice, and each is one of its own. */
export function hourOf(ms: number, timezone: string): Span {
  const name = hourName(ms, timezone);
  let { fromMs, toMs } = quarterOf(ms);
  while (hourName(fromMs - QUARTER_MS, timezone) === name) fromMs -= QUARTER_MS;
  while (hourName(toMs, timezone) === name) toMs += QUARTER_MS;
  return { fromMs, toMs };
}

function hourName(ms: number, timezone: string): string {
  const { date, time } = localTime(ms, timezone);
  const offsetMs = Date.parse(`${date}T${time}:00Z`) - Math.floor(ms / 60_000) * 60_000;
  return `${date} ${time.slice(0, 2)} ${offsetMs}`;
}

/** Local dates of many moments: asking the time zone is dear, and most moments lie in the same few days. */
export class Calendar {
  readonly timezone: string;
  readonly #days = new Map<string, Span>();
  readonly #starts = new Map<string, number>();
  readonly #hours = new Map<number, Span>();
  #last: { readonly date: string; readonly span: Span } | undefined;

  constructor(timezone: string) {
    this.timezone = timezone;
  }

  /** YYYY-MM-DD. */
  dateOf(ms: number): string {
    if (this.#last !== undefined && this.#last.span.fromMs <= ms && ms < this.#last.span.toMs) return this.#last.date;
    const { date } = localTime(ms, this.timezone);
    this.#last = { date, span: this.dayOf(date) };
    return date;
  }

  hourOf(ms: number): Span {
    const { fromMs } = quarterOf(ms);
    const known = this.#hours.get(fromMs) ?? hourOf(fromMs, this.timezone);
    if (this.#hours.size >= MOST_HOURS) this.#hours.clear();
    for (let quarter = known.fromMs; quarter < known.toMs; quarter += QUARTER_MS) this.#hours.set(quarter, known);
    return known;
  }

  dayOf(date: string): Span {
    const known = this.#days.get(date) ?? { fromMs: this.#startOf(date), toMs: this.#startOf(dayAfter(date)) };
    this.#days.set(date, known);
    return known;
  }

  #startOf(date: string): number {
    const known = this.#starts.get(date) ?? startOfDay(date, this.timezone);
    this.#starts.set(date, known);
    return known;
  }
}
