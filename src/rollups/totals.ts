// Counts of any period: whole days as they were summed up, the rest counted from the journal. For whoever asks.
import { existsSync } from "node:fs";
import type { Database } from "../journal/sqlite.ts";
import { type Counts, countsAt } from "../metrics/counts.ts";
import type { Hour } from "../metrics/silence.ts";
import { type TouchpointTally, tally } from "../metrics/tally.ts";
import { merge } from "../metrics/tree.ts";
import { common, type Span } from "../touchpoint/calendar.ts";
import type { EventData } from "../words/events.ts";
import { addText } from "./content.ts";
import { copyTables, openTables } from "./tables.ts";
import { READ_FOR_COUNTS, type Source, told, View } from "./view.ts";

export interface Asked {
  readonly period: Span;
  /** Only this shift or person. */
  readonly shift?: string;
}

/** The journal and what is known of it already, up to date. */
export interface Totals {
  /** Counts by touchpoint. */
  tallies(asked: Asked): TouchpointTally[];
  /** The last word on alerts that are not resolved and were raised before, UTC milliseconds. */
  open(beforeMs: number): Open[];
  /** Hour by hour, what may show whether reasons go with silence; empty where the span is longer than a month. */
  hours(touchpoint: string): Hour[];
  /** Events that may count in the period, in the order of their `seq`: to count them by other rules. */
  events(period: Span, types: readonly string[]): ReturnType<typeof told>;
  close(): void;
}

/** Longest span of which hours are told one by one, milliseconds. */
const HOURS_OF_MS = 32 * 86_400_000;
const NONE: Span = { fromMs: 0, toMs: 0 };

/**
 * @param file of the agent's view, which may not be there; it is read only
 * @param hours the span of which hours will be asked for
 */
export function openTotals(file: string, source: Source, timezone: string, hours: Span = NONE): Totals {
  const db = openTables(":memory:", timezone);
  const single = hours.toMs - hours.fromMs <= HOURS_OF_MS ? hours : NONE;
  if (existsSync(file)) copyTables(db, file, single);
  const view = new View(db, timezone);
  view.catchUp(source);
  return {
    tallies: (asked) => talliesOf(db, view, source, asked),
    open: (beforeMs) => openOf(db, beforeMs),
    hours: (touchpoint) => hoursOf(db, view, touchpoint, single),
    events: (period, types) => eventsOf(db, view, source, period, types),
    close: () => db.close(),
  };
}

function talliesOf(db: Database, view: View, source: Source, { period, shift }: Asked): TouchpointTally[] {
  const { timezone } = view.calendar;
  const dates = db.prepare("SELECT DISTINCT date FROM days ORDER BY date").pluck().all() as string[];
  const sums = new Map<string, Counts>();
  for (const date of dates) {
    const day = view.calendar.dayOf(date);
    if (day.toMs <= period.fromMs || day.fromMs >= period.toMs) continue;
    const whole = period.fromMs <= day.fromMs && day.toMs <= period.toMs;
    if (whole)
      for (const { touchpoint, counts } of rowsOf(db, date, shift)) addText(countsAt(sums, touchpoint), counts);
    else {
      const part = common(day, period);
      const events = eventsOf(db, view, source, part, READ_FOR_COUNTS);
      for (const { touchpoint, open: _open, ...counts } of tally(events, {
        period: part,
        timezone,
        ...(shift === undefined ? {} : { shift }),
      }))
        merge(countsAt(sums, touchpoint), counts);
    }
  }
  const open = shift === undefined ? openOf(db, period.toMs) : [];
  for (const { touchpoint } of open) countsAt(sums, touchpoint);
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([touchpoint, counts]) => ({
      touchpoint,
      ...counts,
      open: open.filter((alert) => alert.touchpoint === touchpoint).map(({ data }) => data),
    }));
}

function hoursOf(db: Database, { calendar }: View, touchpoint: string, { fromMs, toMs }: Span): Hour[] {
  const rows = db
    .prepare("SELECT startMs, counts FROM quarters WHERE startMs >= ? AND startMs < ? AND touchpoint = ?")
    .all(fromMs, toMs, touchpoint) as { startMs: number; counts: string }[];
  const hours = new Map<number, Counts>();
  for (const { startMs, counts } of rows) {
    addText(countsAt(hours, calendar.hourOf(startMs).fromMs), counts);
  }
  return [...hours.values()].map(({ contacts, reasons }) => {
    const named: Record<string, number> = {};
    for (const of of Object.values(reasons)) merge(named, of);
    return { answered: contacts.answered, silent: contacts.silent, reasons: named };
  });
}

function rowsOf(db: Database, date: string, shift: string | undefined): { touchpoint: string; counts: string }[] {
  const rows =
    shift === undefined
      ? db.prepare("SELECT touchpoint, counts FROM dayCounts WHERE date = ? ORDER BY stream").all(date)
      : db
          .prepare(
            "SELECT touchpoint, counts FROM shiftCounts WHERE date = @date AND @shift IN (shift, staff) ORDER BY stream, shift",
          )
          .all({ date, shift });
  return rows as { touchpoint: string; counts: string }[];
}

function eventsOf(
  db: Database,
  view: View,
  source: Source,
  { fromMs, toMs }: Span,
  types: readonly string[],
): ReturnType<typeof told> {
  const [from, to] = [view.calendar.dateOf(fromMs), view.calendar.dateOf(toMs - 1)];
  const range = db
    .prepare(
      "SELECT min(firstSeq) AS first, max(lastSeq) AS last FROM days WHERE stream = ? AND date >= ? AND date <= ?",
    )
    .get(view.stream, from, to) as { first: number | null; last: number | null };
  if (range.first === null || range.last === null) return told([], []);
  return told(source.events({ afterSeq: range.first - 1, throughSeq: range.last, types }), view.repairs);
}

export interface Open {
  readonly touchpoint: string;
  readonly data: EventData["alert"];
}

function openOf(db: Database, beforeMs: number): Open[] {
  const rows = db.prepare("SELECT touchpoint, data FROM alerts WHERE raisedMs < ? ORDER BY raisedMs").all(beforeMs);
  return (rows as { touchpoint: string; data: string }[]).map(({ touchpoint, data }) => ({
    touchpoint,
    data: JSON.parse(data) as Open["data"],
  }));
}
