// What the view keeps: counts by quarter-hour, day and shift, the last word on alerts, shifts and rollups, and what is due.
import type { Database, Statement } from "../journal/sqlite.ts";
import { type Counts, emptyCounts } from "../metrics/counts.ts";
import type { Who } from "../metrics/tally.ts";
import type { Calendar, Span } from "../touchpoint/calendar.ts";
import { RATING_BY_EXPRESSION } from "../touchpoint/rating-mood.ts";
import { type Envelope, EVENT_DATA } from "../words/events.ts";
import { addText, contentOf, countsText, eventsIn } from "./content.ts";

interface QuarterRow {
  readonly startMs: number;
  readonly touchpoint: string;
  readonly counts: string;
}

interface ShiftRow {
  readonly touchpoint: string;
  readonly shift: string;
  readonly staff: string;
  readonly counts: string;
}

/** Names the counts of a quarter-hour. */
export function quarterKey(startMs: number, touchpoint: string): string {
  return `${startMs} ${touchpoint}`;
}

/** The two halves of that name; the first has no blank. */
export function splitKey(key: string): [startMs: number, touchpoint: string] {
  const blank = key.indexOf(" ");
  return [Number(key.slice(0, blank)), key.slice(blank + 1)];
}

/** Names the counts of a shift. */
export function shiftKey(touchpoint: string, { shift = "", staff = "" }: Who): string {
  return JSON.stringify([touchpoint, shift, staff]);
}

export class Kept {
  readonly #db: Database;
  readonly #calendar: Calendar;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database, calendar: Calendar) {
    this.#db = db;
    this.#calendar = calendar;
  }

  /** A statement, prepared once. */
  sql(text: string): Statement {
    const known = this.#statements.get(text) ?? this.#db.prepare(text);
    this.#statements.set(text, known);
    return known;
  }

  /**
   * Keeps the counts of all quarter-hours of a day.
   * @returns touchpoints of which more was counted before in some of them: the journal has given it up
   */
  keepQuarters(stream: string, { fromMs, toMs }: Span, all: ReadonlyMap<string, Counts>): Set<string> {
    const rows = this.sql(
      "SELECT startMs, touchpoint, counts FROM quarters WHERE stream = ? AND startMs >= ? AND startMs < ?",
    ).all(stream, fromMs, toMs) as QuarterRow[];
    const before = new Map(rows.map((row) => [quarterKey(row.startMs, row.touchpoint), row.counts]));
    for (const [key, counts] of all) {
      const text = countsText(counts);
      if (!isNews(before.get(key), text, counts)) continue;
      const [startMs, touchpoint] = splitKey(key);
      this.sql("INSERT OR REPLACE INTO quarters VALUES (?, ?, ?, ?)").run(startMs, stream, touchpoint, text);
      this.#dueQuarter(startMs, touchpoint);
    }
    const fewer = [...before].filter(([key, counts]) => (all.get(key)?.events ?? 0) < eventsIn(counts));
    return new Set(fewer.map(([key]) => splitKey(key)[1]));
  }

  sumDay(stream: string, date: string, touchpoint: string): void {
    const { fromMs, toMs } = this.#calendar.dayOf(date);
    const counts = this.quarters(fromMs, toMs, touchpoint, stream);
    this.sql("INSERT OR REPLACE INTO dayCounts VALUES (?, ?, ?, ?)").run(date, stream, touchpoint, countsText(counts));
  }

  /**
   * Keeps the counts of all shifts of a day. A sale may be corrected to somebody else's: what was counted for a shift before
   * goes where the day is still whole.
   * @param givenUp what `keepQuarters` returned of the same day
   */
  keepShifts(stream: string, date: string, all: ReadonlyMap<string, Counts>, givenUp: ReadonlySet<string>): void {
    const rows = this.sql("SELECT touchpoint, shift, staff, counts FROM shiftCounts WHERE date = ? AND stream = ?");
    const before = new Map(
      (rows.all(date, stream) as ShiftRow[]).map((row) => [shiftKey(row.touchpoint, row), row.counts]),
    );
    for (const key of new Set([...before.keys(), ...all.keys()])) {
      const [touchpoint, shift, staff] = JSON.parse(key) as [string, string, string];
      const [former, counts] = [before.get(key), all.get(key) ?? emptyCounts()];
      const text = countsText(counts);
      if (givenUp.has(touchpoint) ? !isNews(former, text, counts) : former === text) continue;
      const where = [date, stream, touchpoint, shift, staff];
      if (all.has(key)) this.sql("INSERT OR REPLACE INTO shiftCounts VALUES (?, ?, ?, ?, ?, ?)").run(...where, text);
      else
        this.sql(
          "DELETE FROM shiftCounts WHERE date = ? AND stream = ? AND touchpoint = ? AND shift = ? AND staff = ?",
        ).run(...where);
      if (shift !== "") this.#due("shift", 0, touchpoint, shift);
    }
  }

  /** Counts of a touchpoint in a span of whole quarter-hours. */
  quarters(fromMs: number, toMs: number, touchpoint: string, stream?: string): Counts {
    const rows = this.sql(
      `SELECT counts FROM quarters WHERE startMs >= @fromMs AND startMs < @toMs AND touchpoint = @touchpoint
         AND (@stream IS NULL OR stream = @stream) ORDER BY startMs, stream`,
    )
      .pluck()
      .iterate({ fromMs, toMs, touchpoint, stream: stream ?? null });
    const sum = emptyCounts();
    for (const text of rows) addText(sum, String(text));
    return sum;
  }

  shift(event: Envelope, offsetMs: number): void {
    const { data } = EVENT_DATA.shift.safeParse(event.data);
    if (data === undefined || event.touchpoint === undefined) return;
    const ms = (instant: string | undefined): number | null =>
      instant === undefined ? null : Date.parse(instant) + offsetMs;
    this.sql("INSERT OR REPLACE INTO shifts VALUES (?, ?, ?, ?, ?)").run(
      data.shift,
      event.touchpoint,
      data.staff,
      ms(data.start),
      ms(data.end),
    );
    this.#due("shift", 0, event.touchpoint, data.shift);
  }

  alert(event: Envelope): void {
    const { data } = EVENT_DATA.alert.safeParse(event.data);
    if (data === undefined || event.touchpoint === undefined) return;
    if (data.state === "resolved") {
      this.sql("DELETE FROM alerts WHERE key = ?").run(data.key);
      return;
    }
    this.sql(
      `INSERT INTO alerts VALUES (@key, @touchpoint, @rev, @raisedMs, @data) ON CONFLICT DO UPDATE
         SET rev = excluded.rev, data = excluded.data WHERE excluded.rev > rev`,
    ).run({
      key: data.key,
      touchpoint: event.touchpoint,
      rev: data.rev,
      raisedMs: Date.parse(data.raisedAt),
      data: JSON.stringify(data),
    });
  }

  published(event: Envelope): void {
    const { data } = EVENT_DATA.rollup.safeParse(event.data);
    if (data === undefined || data.metric === RATING_BY_EXPRESSION) return;
    const { rev, ...content } = data;
    this.sql(
      `INSERT INTO published VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rev = excluded.rev, content = excluded.content
         WHERE excluded.rev >= rev`,
    ).run(data.key, rev, contentOf(content));
  }

  /** Forgets a day that is to be counted from rows that are read again. */
  forgetDay(stream: string, date: string): void {
    const { fromMs, toMs } = this.#calendar.dayOf(date);
    this.#dueSpan(fromMs, toMs);
    this.sql("DELETE FROM quarters WHERE stream = ? AND startMs >= ? AND startMs < ?").run(stream, fromMs, toMs);
    for (const table of ["dayCounts", "shiftCounts", "days"])
      this.sql(`DELETE FROM ${table} WHERE stream = ? AND date = ?`).run(stream, date);
  }

  /** Everything that was told of this span may have to be told anew. */
  #dueSpan(fromMs: number, toMs: number): void {
    const touched = this.sql(
      "SELECT DISTINCT startMs, touchpoint FROM quarters WHERE startMs >= ? AND startMs < ?",
    ).all(fromMs, toMs) as { startMs: number; touchpoint: string }[];
    for (const { startMs, touchpoint } of touched) this.#dueQuarter(startMs, touchpoint);
  }

  /** A quarter-hour, and the hour and the day that it is part of. */
  #dueQuarter(startMs: number, touchpoint: string): void {
    this.#due("15m", startMs, touchpoint);
    this.#due("hour", this.#calendar.hourOf(startMs).fromMs, touchpoint);
    this.#due("day", this.#calendar.dayOf(this.#calendar.dateOf(startMs)).fromMs, touchpoint);
  }

  #due(window: string, startMs: number, touchpoint: string, shift = ""): void {
    this.sql("INSERT OR IGNORE INTO due VALUES (?, ?, ?, ?)").run(window, startMs, touchpoint, shift);
  }
}

/** Where the journal has given up some of what was counted before, the former counts are the better ones. */
function isNews(before: string | undefined, text: string, counts: Counts): boolean {
  return before === undefined || (before !== text && eventsIn(before) <= counts.events);
}
