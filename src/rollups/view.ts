// The view: counts by quarter-hour, day and shift, kept up with the journal. What it holds is what counting all anew would give.
import type { EventFilter, StoredEvent } from "../journal/read.ts";
import type { Database, Statement } from "../journal/sqlite.ts";
import { type Counts, emptyCounts } from "../metrics/counts.ts";
import { offsetOf, type Repairs } from "../metrics/repair.ts";
import { count, NEXT_DAY_MS, quartersOf, type Told } from "../metrics/tally.ts";
import { merge } from "../metrics/tree.ts";
import { Calendar, quarterOf } from "../touchpoint/calendar.ts";
import { RATING_BY_EXPRESSION } from "../touchpoint/rating-mood.ts";
import { type Envelope, EVENT_DATA, type EventData } from "../words/events.ts";
import { contentOf } from "./content.ts";
import { Responses } from "./responses.ts";

/** What is read: a journal beside a running agent. */
export interface Source {
  head(): { readonly stream: string; readonly head: number };
  events(filter?: EventFilter): Iterable<StoredEvent>;
}

/** Events that are counted. */
export const COUNTED = [
  "press",
  "answer",
  "contact",
  "service",
  "transaction",
  "activity",
  "alert",
  "coverage",
  "survey",
  "shift",
  "mood",
] as const;
/** What the counts of a day are made from. */
export const READ_FOR_COUNTS: readonly string[] = [...COUNTED, "judgement"];
/** Rows between two looks at how much is kept in memory. */
const STEP_ROWS = 5_000;

interface Day {
  firstSeq: number;
  lastSeq: number;
  dirty: boolean;
}

export class View {
  readonly #db: Database;
  readonly #calendar: Calendar;
  #stream = "";
  #responses = new Responses();
  /** Whether `#responses` knows what was read before. */
  #remembers = false;
  #days = new Map<string, Day>();
  readonly #touched = new Set<string>();
  readonly #statements = new Map<string, Statement>();
  #repairs: { readonly seq: number; readonly data: EventData["clock"] }[] = [];
  #lastBoot = "";

  constructor(db: Database, timezone: string) {
    this.#db = db;
    this.#calendar = new Calendar(timezone);
  }

  get calendar(): Calendar {
    return this.#calendar;
  }

  /** Repairs of clocks of the journal that was read last. */
  get repairs(): Repairs {
    return this.#repairs.map(({ data }) => data);
  }

  get stream(): string {
    return this.#stream;
  }

  /** Reads what is new in the journal, and counts every day anew that it concerns; whole or not at all. */
  catchUp(source: Source): void {
    try {
      this.#db.transaction(() => this.#catchUp(source)).immediate();
    } catch (thrown) {
      // What is in memory may be ahead of the file.
      this.#stream = "";
      throw thrown;
    }
  }

  #catchUp(source: Source): void {
    const { stream, head } = source.head();
    let cursor = this.#begin(source, stream, head);
    const rewritten = this.#rewritten(source);
    if (rewritten !== undefined) {
      cursor = this.#invalidate(rewritten);
      this.#remember(source, cursor);
    }
    for (;;) {
      let again: number | undefined;
      for (const row of source.events({ afterSeq: cursor })) {
        again = this.#take(row);
        if (again !== undefined) break;
        cursor = row.seq;
        if (cursor % STEP_ROWS === 0) this.#responses.forget(cursor);
      }
      if (again === undefined) break;
      cursor = this.#invalidate(again);
      this.#remember(source, cursor);
    }
    for (const [date, day] of this.#days) if (day.dirty) this.#recount(source, date, day);
    this.#put("cursor", `${cursor}`);
    this.#put("stream", stream);
    this.#flushDays();
    this.#responses.forget(cursor);
  }

  /** What is known of this journal; a new one is read from its beginning. @returns the last seq that was read */
  #begin(source: Source, stream: string, head: number): number {
    const read = this.#get("stream") === stream ? Number(this.#get("cursor") ?? 0) : 0;
    // An old copy of the journal was put back: what it does not know yet is to come again.
    const cursor = Math.min(read, head);
    if (this.#stream === stream) {
      if (!this.#remembers && cursor < head) this.#remember(source, cursor);
      return cursor;
    }
    this.#stream = stream;
    this.#remembers = false;
    this.#lastBoot = "";
    const rows = this.#sql("SELECT date, firstSeq, lastSeq, dirty FROM days WHERE stream = ?").all(stream);
    this.#days = new Map(
      (rows as { date: string; firstSeq: number; lastSeq: number; dirty: number }[]).map(({ date, dirty, ...day }) => [
        date,
        { ...day, dirty: dirty === 1 },
      ]),
    );
    const repairs = this.#sql("SELECT seq, data FROM repairs WHERE stream = ? ORDER BY seq").all(stream);
    this.#repairs = (repairs as { seq: number; data: string }[]).map(({ seq, data }) => ({
      seq,
      data: JSON.parse(data) as EventData["clock"],
    }));
    if (cursor < head) this.#remember(source, cursor);
    return cursor;
  }

  /** Later words may mean responses that were read before, up to `cursor`. */
  #remember(source: Source, cursor: number): void {
    this.#responses = new Responses();
    this.#remembers = true;
    const types = ["press", "answer", "contact", "service"];
    for (const row of source.events({ afterSeq: cursor - Responses.REACH - 1, throughSeq: cursor, types }))
      this.#concern(parse(row), row.seq, false);
  }

  /** One more row. @returns a seq from which on all must be read again, because times before it were repaired */
  #take(row: StoredEvent): number | undefined {
    const event = parse(row);
    if (event.boot !== this.#lastBoot) {
      this.#lastBoot = event.boot;
      this.#sql("INSERT OR IGNORE INTO boots (stream, boot, firstSeq) VALUES (?, ?, ?)").run(
        this.#stream,
        event.boot,
        row.seq,
      );
    }
    if (event.clock === "unsynced")
      this.#sql(
        `UPDATE boots SET unsyncedFirst = min(coalesce(unsyncedFirst, @seq), @seq),
             unsyncedLast = max(coalesce(unsyncedLast, @seq), @seq) WHERE stream = @stream AND boot = @boot`,
      ).run({ seq: row.seq, stream: this.#stream, boot: event.boot });
    switch (event.type) {
      case "clock":
        return this.#repaired(event, row.seq);
      case "rollup":
        this.#published(event);
        return undefined;
      case "shift":
        this.#shift(event);
        break;
      case "alert":
        this.#alert(event);
        break;
      default:
    }
    if (READ_FOR_COUNTS.includes(event.type)) this.#concern(event, row.seq, true);
    return undefined;
  }

  /** Marks every day that the event may change. @param fresh false: it was counted before, and is only remembered */
  #concern(event: Envelope, seq: number, fresh: boolean): void {
    const offsetMs = offsetOf(event, this.repairs);
    const ms = Date.parse(event.time) + offsetMs;
    const { data } = event;
    const dates = new Set<string>();
    const at = (moment: number): void => {
      if (Number.isFinite(moment)) dates.add(this.#calendar.dateOf(moment));
    };
    let from = seq;
    const named = (ids: unknown): void => {
      for (const response of this.#responses.named(ids, seq, [...dates])) {
        for (const date of response.dates) dates.add(date);
        from = Math.min(from, response.seq);
      }
    };
    const lasts = (): void => {
      const [fromMs, toMs] = [Date.parse(String(data.start)) + offsetMs, Date.parse(String(data.end)) + offsetMs];
      for (const quarter of quartersOf({ fromMs, toMs })) at(Math.max(quarter.fromMs, fromMs));
    };
    switch (event.type) {
      case "press":
      case "answer":
        at(ms);
        if (data.transaction !== undefined) at(ms - NEXT_DAY_MS);
        named([data.follows]);
        this.#responses.add(event.id, seq, [...dates]);
        break;
      case "judgement":
        named(data.presses);
        break;
      case "contact":
        at(Date.parse(String(data.end)) + offsetMs);
        named(data.presses);
        break;
      case "service":
        if (data.state !== "closed") return;
        at(ms);
        named(data.presses);
        lasts();
        break;
      case "survey":
        at(ms);
        named(data.answers);
        break;
      case "shift":
        lasts();
        break;
      case "mood":
        at(Date.parse(String(data.end)) + offsetMs);
        break;
      case "coverage":
        at(Date.parse(String(data.start)) + offsetMs);
        break;
      case "alert":
        at(Date.parse(String(data.raisedAt)));
        break;
      default:
        at(ms);
    }
    if (fresh) for (const date of dates) this.#mark(date, from, seq);
  }

  #mark(date: string, fromSeq: number, seq: number): void {
    const day = this.#days.get(date) ?? { firstSeq: fromSeq, lastSeq: seq, dirty: true };
    this.#days.set(date, day);
    day.firstSeq = Math.min(day.firstSeq, fromSeq);
    day.lastSeq = Math.max(day.lastSeq, seq);
    day.dirty = true;
    this.#touched.add(date);
  }

  #repaired(event: Envelope, seq: number): number | undefined {
    const { data } = EVENT_DATA.clock.safeParse(event.data);
    if (data === undefined || this.#repairs.some((known) => known.seq === seq)) return undefined;
    this.#repairs.push({ seq, data });
    this.#sql("INSERT OR REPLACE INTO repairs VALUES (?, ?, ?)").run(this.#stream, seq, JSON.stringify(data));
    const first = this.#sql("SELECT firstSeq FROM boots WHERE stream = ? AND boot = ?")
      .pluck()
      .get(this.#stream, data.boot);
    return first === undefined ? undefined : Number(first);
  }

  /** The first row of a boot whose times were repaired in the journal itself, which nobody tells. */
  #rewritten(source: Source): number | undefined {
    const doubts = this.#sql(
      "SELECT boot, firstSeq, unsyncedFirst, unsyncedLast FROM boots WHERE stream = ? AND unsyncedFirst NOT NULL",
    ).all(this.#stream) as { boot: string; firstSeq: number; unsyncedFirst: number; unsyncedLast: number }[];
    const changed = doubts.filter(({ unsyncedFirst, unsyncedLast }) =>
      [unsyncedFirst, unsyncedLast].some((seq) => {
        const [row] = source.events({ afterSeq: seq - 1, throughSeq: seq });
        return row !== undefined && parse(row).clock !== "unsynced";
      }),
    );
    return changed.length === 0 ? undefined : Math.min(...changed.map(({ firstSeq }) => firstSeq));
  }

  /** Forgets all that rests on rows from `seq` on. @returns the seq to read on from */
  #invalidate(seq: number): number {
    let from = seq;
    const touched = [...this.#days].filter(([, { lastSeq }]) => lastSeq >= seq);
    for (const [, { firstSeq }] of touched) from = Math.min(from, firstSeq);
    // Days are whole: what begins earlier takes those before it along.
    const again = [...this.#days].filter(([, { lastSeq }]) => lastSeq >= from);
    if (again.length > touched.length) return this.#invalidate(from);
    for (const [date] of again) {
      const { fromMs, toMs } = this.#calendar.dayOf(date);
      this.#dueSpan(fromMs, toMs);
      this.#sql("DELETE FROM quarters WHERE stream = ? AND startMs >= ? AND startMs < ?").run(
        this.#stream,
        fromMs,
        toMs,
      );
      for (const table of ["dayCounts", "shiftCounts", "days"])
        this.#sql(`DELETE FROM ${table} WHERE stream = ? AND date = ?`).run(this.#stream, date);
      this.#days.delete(date);
    }
    this.#sql("UPDATE boots SET unsyncedFirst = NULL, unsyncedLast = NULL WHERE stream = ? AND firstSeq >= ?").run(
      this.#stream,
      from,
    );
    this.#lastBoot = "";
    return from - 1;
  }

  /** Counts one day anew. */
  #recount(source: Source, date: string, day: Day): void {
    const { fromMs, toMs } = this.#calendar.dayOf(date);
    const quarters = new Map<string, Counts>();
    const shifts = new Map<string, Counts>();
    const range = { afterSeq: day.firstSeq - 1, throughSeq: day.lastSeq, types: READ_FOR_COUNTS };
    count(
      told(source.events(range), this.repairs),
      (touchpoint, atMs, who) => {
        if (atMs < fromMs || atMs >= toMs) return [];
        const key = `${quarterOf(atMs).fromMs} ${touchpoint}`;
        const into = [of(quarters, key)];
        if (who?.shift !== undefined || who?.staff !== undefined)
          into.push(of(shifts, JSON.stringify([touchpoint, who.shift ?? "", who.staff ?? ""])));
        return into;
      },
      this.#calendar,
    );
    for (const [key, counts] of quarters) {
      const [startMs, touchpoint] = split(key);
      this.#keepQuarter(startMs, touchpoint, counts);
    }
    const touchpoints = new Set([...quarters.keys()].map((key) => split(key)[1]));
    for (const touchpoint of touchpoints) this.#sumDay(date, touchpoint);
    for (const [key, counts] of shifts) {
      const [touchpoint, shift, staff] = JSON.parse(key) as [string, string, string];
      this.#keepShift(date, touchpoint, shift, staff, counts);
    }
    day.dirty = false;
  }

  #keepQuarter(startMs: number, touchpoint: string, counts: Counts): void {
    const where = [startMs, this.#stream, touchpoint];
    const before = this.#sql("SELECT counts FROM quarters WHERE startMs = ? AND stream = ? AND touchpoint = ?")
      .pluck()
      .get(...where) as string | undefined;
    const text = contentOf(counts);
    // The journal has given up some of what was counted here: the former counts are the better ones.
    if (before === text || (before !== undefined && (JSON.parse(before) as Counts).events > counts.events)) return;
    this.#sql("INSERT OR REPLACE INTO quarters VALUES (?, ?, ?, ?)").run(...where, text);
    const hour = this.#calendar.hourOf(startMs);
    this.#due("15m", startMs, touchpoint);
    this.#due("hour", hour.fromMs, touchpoint);
    this.#due("day", this.#calendar.dayOf(this.#calendar.dateOf(startMs)).fromMs, touchpoint);
  }

  #sumDay(date: string, touchpoint: string): void {
    const { fromMs, toMs } = this.#calendar.dayOf(date);
    const counts = this.quarters(fromMs, toMs, touchpoint, this.#stream);
    this.#sql("INSERT OR REPLACE INTO dayCounts VALUES (?, ?, ?, ?)").run(
      date,
      this.#stream,
      touchpoint,
      contentOf(counts),
    );
  }

  #keepShift(date: string, touchpoint: string, shift: string, staff: string, counts: Counts): void {
    const where = [date, this.#stream, touchpoint, shift, staff];
    const before = this.#sql(
      "SELECT counts FROM shiftCounts WHERE date = ? AND stream = ? AND touchpoint = ? AND shift = ? AND staff = ?",
    )
      .pluck()
      .get(...where) as string | undefined;
    const text = contentOf(counts);
    if (before === text || (before !== undefined && (JSON.parse(before) as Counts).events > counts.events)) return;
    this.#sql("INSERT OR REPLACE INTO shiftCounts VALUES (?, ?, ?, ?, ?, ?)").run(...where, text);
    if (shift !== "") this.#due("shift", 0, touchpoint, shift);
  }

  /** Counts of a touchpoint in a span of whole quarter-hours. */
  quarters(fromMs: number, toMs: number, touchpoint: string, stream?: string): Counts {
    const rows = this.#sql(
      `SELECT counts FROM quarters WHERE startMs >= @fromMs AND startMs < @toMs AND touchpoint = @touchpoint
         AND (@stream IS NULL OR stream = @stream) ORDER BY startMs, stream`,
    )
      .pluck()
      .iterate({ fromMs, toMs, touchpoint, stream: stream ?? null });
    const sum = emptyCounts();
    for (const text of rows) merge(sum, JSON.parse(String(text)) as Counts);
    return sum;
  }

  #shift(event: Envelope): void {
    const { data } = EVENT_DATA.shift.safeParse(event.data);
    if (data === undefined || event.touchpoint === undefined) return;
    const offsetMs = offsetOf(event, this.repairs);
    const ms = (instant: string | undefined): number | null =>
      instant === undefined ? null : Date.parse(instant) + offsetMs;
    this.#sql("INSERT OR REPLACE INTO shifts VALUES (?, ?, ?, ?, ?)").run(
      data.shift,
      event.touchpoint,
      data.staff,
      ms(data.start),
      ms(data.end),
    );
    this.#due("shift", 0, event.touchpoint, data.shift);
  }

  #alert(event: Envelope): void {
    const { data } = EVENT_DATA.alert.safeParse(event.data);
    if (data === undefined || event.touchpoint === undefined) return;
    if (data.state === "resolved") {
      this.#sql("DELETE FROM alerts WHERE key = ?").run(data.key);
      return;
    }
    this.#sql(
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

  #published(event: Envelope): void {
    const { data } = EVENT_DATA.rollup.safeParse(event.data);
    if (data === undefined || data.metric === RATING_BY_EXPRESSION) return;
    const { rev, ...content } = data;
    this.#sql(
      `INSERT INTO published VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rev = excluded.rev, content = excluded.content
         WHERE excluded.rev >= rev`,
    ).run(data.key, rev, contentOf(content));
  }

  /** Everything that was told of this span may have to be told anew. */
  #dueSpan(fromMs: number, toMs: number): void {
    const touched = this.#sql(
      "SELECT DISTINCT startMs, touchpoint FROM quarters WHERE startMs >= ? AND startMs < ?",
    ).all(fromMs, toMs) as { startMs: number; touchpoint: string }[];
    for (const { startMs, touchpoint } of touched) {
      this.#due("15m", startMs, touchpoint);
      this.#due("hour", this.#calendar.hourOf(startMs).fromMs, touchpoint);
      this.#due("day", this.#calendar.dayOf(this.#calendar.dateOf(startMs)).fromMs, touchpoint);
    }
  }

  #due(window: string, startMs: number, touchpoint: string, shift = ""): void {
    this.#sql("INSERT OR IGNORE INTO due VALUES (?, ?, ?, ?)").run(window, startMs, touchpoint, shift);
  }

  #flushDays(): void {
    const put = this.#sql("INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?)");
    for (const date of this.#touched) {
      const day = this.#days.get(date);
      if (day !== undefined) put.run(this.#stream, date, day.firstSeq, day.lastSeq, day.dirty ? 1 : 0);
    }
    this.#touched.clear();
  }

  /** A statement, prepared once. */
  #sql(text: string): Statement {
    const known = this.#statements.get(text) ?? this.#db.prepare(text);
    this.#statements.set(text, known);
    return known;
  }

  #get(key: string): string | undefined {
    return this.#sql("SELECT value FROM meta WHERE key = ?").pluck().get(key) as string | undefined;
  }

  #put(key: string, value: string): void {
    this.#sql("INSERT OR REPLACE INTO meta VALUES (?, ?)").run(key, value);
  }
}

/** Rows as they are counted, with what repairs add to their times. */
export function* told(rows: Iterable<StoredEvent>, repairs: Repairs): Generator<Told, void> {
  for (const row of rows) {
    const event = parse(row);
    yield { ...event, offsetMs: offsetOf(event, repairs) };
  }
}

function parse({ json }: StoredEvent): Envelope {
  return JSON.parse(json) as Envelope;
}

function of(counts: Map<string, Counts>, key: string): Counts {
  const known = counts.get(key) ?? emptyCounts();
  counts.set(key, known);
  return known;
}

/** The two halves of a key; the first has no blank. */
function split(key: string): [number, string] {
  const blank = key.indexOf(" ");
  return [Number(key.slice(0, blank)), key.slice(blank + 1)];
}
