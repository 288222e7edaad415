// The view: counts by quarter-hour, day and shift, kept up with the journal. What it holds is what counting all anew would give.
import type { EventFilter, StoredEvent } from "../journal/read.ts";
import type { Database } from "../journal/sqlite.ts";
import { type Counts, countsAt } from "../metrics/counts.ts";
import { offsetOf, type Repairs } from "../metrics/repair.ts";
import { count, read, type Told } from "../metrics/tally.ts";
import { Calendar, quarterOf, type Span } from "../touchpoint/calendar.ts";
import { type Envelope, EVENT_DATA, type EventData } from "../words/events.ts";
import { type Concern, Concerns } from "./concerns.ts";
import { Kept, quarterKey, shiftKey, splitKey } from "./kept.ts";

/** What is read: a journal beside a running agent. */
export interface Source {
  position(): { readonly stream: string; readonly head: number };
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
  "visit",
  "queue",
] as const;
/** What the counts of a day are made from. */
export const READ_FOR_COUNTS: readonly string[] = [...COUNTED, "judgement"];
/** Rows of a day that are held in memory at once. */
const MOST_IN_MEMORY = 20_000;
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
  #concerns: Concerns;
  /** Whether `#concerns` knows what was read before. */
  #remembers = false;
  #days = new Map<string, Day>();
  readonly #touched = new Set<string>();
  readonly #kept: Kept;
  readonly #mostInMemory: number;
  #repairs: { readonly seq: number; readonly data: EventData["clock"] }[] = [];
  #lastBoot = "";

  /** @param mostInMemory rows of a day that are held in memory at once */
  constructor(db: Database, timezone: string, mostInMemory = MOST_IN_MEMORY) {
    this.#mostInMemory = mostInMemory;
    this.#db = db;
    this.#calendar = new Calendar(timezone);
    this.#kept = new Kept(db, this.#calendar);
    this.#concerns = new Concerns(this.#calendar);
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
    const { stream, head } = source.position();
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
        if (cursor % STEP_ROWS === 0) this.#concerns.forget(cursor);
      }
      if (again === undefined) break;
      cursor = this.#invalidate(again);
      this.#remember(source, cursor);
    }
    for (const [date, day] of this.#days) if (day.dirty) this.#recount(source, date, day);
    this.#put("cursor", `${cursor}`);
    this.#put("stream", stream);
    this.#flushDays();
    this.#concerns.forget(cursor);
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
    const rows = this.#kept.sql("SELECT date, firstSeq, lastSeq, dirty FROM days WHERE stream = ?").all(stream);
    this.#days = new Map(
      (rows as { date: string; firstSeq: number; lastSeq: number; dirty: number }[]).map(({ date, dirty, ...day }) => [
        date,
        { ...day, dirty: dirty === 1 },
      ]),
    );
    const repairs = this.#kept.sql("SELECT seq, data FROM repairs WHERE stream = ? ORDER BY seq").all(stream);
    this.#repairs = (repairs as { seq: number; data: string }[]).map(({ seq, data }) => ({
      seq,
      data: JSON.parse(data) as EventData["clock"],
    }));
    if (cursor < head) this.#remember(source, cursor);
    return cursor;
  }

  /** Later words may mean responses that were read before, up to `cursor`. */
  #remember(source: Source, cursor: number): void {
    this.#concerns = new Concerns(this.#calendar);
    this.#remembers = true;
    const types = ["press", "answer", "contact", "service"];
    for (const row of source.events({ afterSeq: cursor - Concerns.REACH - 1, throughSeq: cursor, types })) {
      const event = parse(row);
      if (event !== undefined) this.#heard(row.seq, event);
    }
  }

  /** One more row. @returns a seq from which on all must be read again, because times before it were repaired */
  #take(row: StoredEvent): number | undefined {
    const event = parse(row);
    if (event === undefined) return undefined;
    if (event.boot !== this.#lastBoot) {
      this.#lastBoot = event.boot;
      this.#kept
        .sql("INSERT OR IGNORE INTO boots (stream, boot, firstSeq) VALUES (?, ?, ?)")
        .run(this.#stream, event.boot, row.seq);
    }
    if (event.clock === "unsynced")
      this.#kept
        .sql(
          `UPDATE boots SET unsyncedFirst = min(coalesce(unsyncedFirst, @seq), @seq),
             unsyncedLast = max(coalesce(unsyncedLast, @seq), @seq) WHERE stream = @stream AND boot = @boot`,
        )
        .run({ seq: row.seq, stream: this.#stream, boot: event.boot });
    switch (event.type) {
      case "clock":
        return this.#repaired(event, row.seq);
      case "rollup":
        this.#kept.published(event);
        return undefined;
      case "shift":
        this.#kept.shift(event, offsetOf(event, this.repairs));
        break;
      case "alert":
        this.#kept.alert(event);
        break;
      default:
    }
    if (!READ_FOR_COUNTS.includes(event.type)) return undefined;
    const { dates, fromSeq } = this.#heard(row.seq, event);
    for (const date of dates) this.#mark(date, fromSeq, row.seq);
    return undefined;
  }

  #heard(seq: number, event: Envelope): Concern {
    return this.#concerns.of(event, seq, offsetOf(event, this.repairs));
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
    this.#kept.sql("INSERT OR REPLACE INTO repairs VALUES (?, ?, ?)").run(this.#stream, seq, JSON.stringify(data));
    const first = this.#kept
      .sql("SELECT firstSeq FROM boots WHERE stream = ? AND boot = ?")
      .pluck()
      .get(this.#stream, data.boot);
    return first === undefined ? undefined : Number(first);
  }

  /** The first row of a boot whose times were repaired in the journal itself, which nobody tells. */
  #rewritten(source: Source): number | undefined {
    const doubts = this.#kept
      .sql("SELECT boot, firstSeq, unsyncedFirst, unsyncedLast FROM boots WHERE stream = ? AND unsyncedFirst NOT NULL")
      .all(this.#stream) as { boot: string; firstSeq: number; unsyncedFirst: number; unsyncedLast: number }[];
    const changed = doubts.filter(({ unsyncedFirst, unsyncedLast }) =>
      [unsyncedFirst, unsyncedLast].some((seq) => {
        const [row] = source.events({ afterSeq: seq - 1, throughSeq: seq });
        return row !== undefined && parse(row)?.clock !== "unsynced";
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
      this.#kept.forgetDay(this.#stream, date);
      this.#days.delete(date);
    }
    this.#kept
      .sql("UPDATE boots SET unsyncedFirst = NULL, unsyncedLast = NULL WHERE stream = ? AND firstSeq >= ?")
      .run(this.#stream, from);
    this.#lastBoot = "";
    return from - 1;
  }

  /** Counts of a touchpoint in a span of whole quarter-hours. */
  quarters(span: Span, touchpoint: string): Counts {
    return this.#kept.quarters(span.fromMs, span.toMs, touchpoint);
  }

  /** Counts one day anew. */
  #recount(source: Source, date: string, day: Day): void {
    const { fromMs, toMs } = this.#calendar.dayOf(date);
    const quarters = new Map<string, Counts>();
    const shifts = new Map<string, Counts>();
    const range = { afterSeq: day.firstSeq - 1, throughSeq: day.lastSeq, types: READ_FOR_COUNTS };
    const { repairs } = this;
    const rows = {
      *[Symbol.iterator]() {
        for (const event of told(source.events(range), repairs)) yield read(event);
      },
    };
    // A day as days are is read once; one that is longer twice, since memory is what there is least of.
    count(
      day.lastSeq - day.firstSeq < this.#mostInMemory ? [...rows] : rows,
      (touchpoint, atMs, who) => {
        if (atMs < fromMs || atMs >= toMs) return [];
        const into = [countsAt(quarters, quarterKey(quarterOf(atMs).fromMs, touchpoint))];
        if (who?.shift !== undefined || who?.staff !== undefined)
          into.push(countsAt(shifts, shiftKey(touchpoint, who)));
        return into;
      },
      this.#calendar,
    );
    const givenUp = this.#kept.keepQuarters(this.#stream, { fromMs, toMs }, quarters);
    const touchpoints = new Set([...quarters.keys()].map((key) => splitKey(key)[1]));
    for (const touchpoint of touchpoints) this.#kept.sumDay(this.#stream, date, touchpoint);
    this.#kept.keepShifts(this.#stream, date, shifts, givenUp);
    day.dirty = false;
  }

  #flushDays(): void {
    const put = this.#kept.sql("INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?)");
    for (const date of this.#touched) {
      const day = this.#days.get(date);
      if (day !== undefined) put.run(this.#stream, date, day.firstSeq, day.lastSeq, day.dirty ? 1 : 0);
    }
    this.#touched.clear();
  }

  #get(key: string): string | undefined {
    return this.#kept.sql("SELECT value FROM meta WHERE key = ?").pluck().get(key) as string | undefined;
  }

  #put(key: string, value: string): void {
    this.#kept.sql("INSERT OR REPLACE INTO meta VALUES (?, ?)").run(key, value);
  }
}

/** Rows as they are counted, with what repairs add to their times. */
export function* told(rows: Iterable<StoredEvent>, repairs: Repairs): Generator<Told, void> {
  for (const row of rows) {
    const event = parse(row);
    if (event !== undefined) yield { ...event, offsetMs: offsetOf(event, repairs) };
  }
}

/** A row that was damaged on the disk is nobody's: `journal verify` names it, and counting goes on without it. */
function parse({ json }: StoredEvent): Envelope | undefined {
  try {
    return JSON.parse(json) as Envelope;
  } catch {
    return undefined;
  }
}
