// Counts of any period: whole days as they were summed up, the rest counted from the journal. For whoever asks.
import { existsSync } from "node:fs";
import type { Database } from "../journal/sqlite.ts";
import type { Span } from "../metrics/calendar.ts";
import { addCounts, type Counts, emptyCounts } from "../metrics/counts.ts";
import { type TouchpointTally, tally } from "../metrics/tally.ts";
import type { EventData } from "../words/events.ts";
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
  /** Events that may count in the period, in the order of their `seq`: to count them by other rules. */
  events(period: Span, types: readonly string[]): ReturnType<typeof told>;
  close(): void;
}

/** @param file of the agent's view, which may not be there; it is read only */
export function openTotals(file: string, source: Source, timezone: string): Totals {
  const db = openTables(":memory:", timezone);
  if (existsSync(file)) copyTables(db, file);
  const view = new View(db, timezone);
  view.catchUp(source);
  return {
    tallies: (asked) => talliesOf(db, view, source, asked),
    events: (period, types) => eventsOf(db, view, source, period, types),
    close: () => db.close(),
  };
}

function talliesOf(db: Database, view: View, source: Source, { period, shift }: Asked): TouchpointTally[] {
  const { timezone } = view.calendar;
  const dates = db.prepare("SELECT DISTINCT date FROM days ORDER BY date").pluck().all() as string[];
  const sums = new Map<string, Counts>();
  const add = (touchpoint: string, counts: Counts): void => {
    const sum = sums.get(touchpoint) ?? emptyCounts();
    sums.set(touchpoint, sum);
    addCounts(sum, counts);
  };
  for (const date of dates) {
    const day = view.calendar.dayOf(date);
    if (day.toMs <= period.fromMs || day.fromMs >= period.toMs) continue;
    const whole = period.fromMs <= day.fromMs && day.toMs <= period.toMs;
    if (whole)
      for (const { touchpoint, counts } of rowsOf(db, date, shift)) add(touchpoint, JSON.parse(counts) as Counts);
    else {
      const part = { fromMs: Math.max(day.fromMs, period.fromMs), toMs: Math.min(day.toMs, period.toMs) };
      const events = eventsOf(db, view, source, part, READ_FOR_COUNTS);
      for (const { touchpoint, open: _open, ...counts } of tally(events, {
        period: part,
        timezone,
        ...(shift === undefined ? {} : { shift }),
      }))
        add(touchpoint, counts);
    }
  }
  const open = shift === undefined ? openOf(db, period.toMs) : [];
  for (const { touchpoint } of open) if (!sums.has(touchpoint)) sums.set(touchpoint, emptyCounts());
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([touchpoint, counts]) => ({
      touchpoint,
      ...counts,
      open: open.filter((alert) => alert.touchpoint === touchpoint).map(({ data }) => data),
    }));
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

interface Open {
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
