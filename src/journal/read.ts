// Reads a journal beside a running agent: read-only, in short reads, so that the write-ahead log can be copied meanwhile.
import { existsSync } from "node:fs";
import { Fault } from "../words/errors.ts";
import { isDamage } from "./failure.ts";
import type { JournalHead } from "./journal.ts";
import type { Gap, Range } from "./retention.ts";
import { checkVersion, metaOf } from "./schema.ts";
import { Database } from "./sqlite.ts";
import { rowSum } from "./sums.ts";
import { readHead } from "./tables.ts";
import { type Rates, ratesOf, readWear } from "./wear.ts";

/** Rows of one read. */
const PAGE_ROWS = 500;

/** One row as it stands in the file. */
export interface StoredEvent {
  readonly seq: number;
  readonly type: string;
  /** The envelope's time, UTC milliseconds. */
  readonly timeMs: number;
  /** The envelope as it is sent. */
  readonly json: string;
}

export interface EventFilter {
  /** Only rows with a greater seq. */
  readonly afterSeq?: number;
  /** Only rows up to this seq. */
  readonly throughSeq?: number;
  readonly types?: readonly string[];
  /** UTC milliseconds, included. */
  readonly fromMs?: number;
  /** UTC milliseconds, not included. */
  readonly toMs?: number;
}

export interface RefusedRow {
  readonly seq: number;
  readonly type: string;
  readonly reason: string;
}

export interface JournalReader {
  head(): JournalHead;
  /** Stream and last seq alone: what waits need not be counted for it. */
  position(): Pick<JournalHead, "stream" | "head">;
  /** Rows by seq, read page by page while the caller goes through them; ends at the head. */
  events(filter?: EventFilter): Generator<StoredEvent, void>;
  /** The last `count` rows, by seq. */
  last(count: number): StoredEvent[];
  /** Values kept by committed steps whose key starts with `prefix`; one that is no JSON is undefined. */
  kept(prefix: string): Record<string, unknown>;
  /** Rows that are there, reckoned from first, head and what was deleted: counting would read the whole file. */
  count(): number;
  /** How many of them come after `fromMs`, by bisection: a clock that jumped in between makes it approximate. */
  countSince(fromMs: number): number;
  /** The row that waits longest for the broker. */
  oldestWaiting(): StoredEvent | undefined;
  /** What the broker refused for good, newest first. */
  refused(limit: number): RefusedRow[];
  /** Every seq in the outbox that has no event. */
  orphans(): number[];
  /** Every seq whose row contradicts its checksum, read page by page. */
  changed(): Generator<number, void>;
  /** Numbers whose rows were deleted: sent ones, or such that a gap owned. */
  pruned(): Range[];
  /** Losses that no gap owns yet: the agent says them when it runs. */
  losses(): Gap[];
  /** Rows of earlier streams that still wait. */
  carried(): number;
  /** What the agent wrote per day. */
  rates(): Rates;
  /** Bytes inside the file that rows take. */
  usedBytes(): number;
  /** What SQLite's own check of the whole file finds; empty where all is well. */
  integrity(): string[];
  close(): void;
}

/**
 * Opens a journal for reading.
 * @throws Fault JOURNAL_OPEN where there is none or it cannot be read, JOURNAL_DAMAGED, JOURNAL_NEWER
 */
export function openReader(file: string): JournalReader {
  if (!existsSync(file)) throw new Fault("JOURNAL_OPEN", `there is no journal at ${file}`, { file });
  return guarded(file, () => {
    const opened = new Database(file, { readonly: true, timeout: 5_000 });
    try {
      const version = checkVersion(opened);
      if (version === 0) throw new Fault("JOURNAL_OPEN", `the journal at ${file} is empty`, { file });
      return new SqliteReader(file, opened, version);
    } catch (thrown) {
      opened.close();
      throw thrown;
    }
  });
}

/** Everything this room throws is a Fault that says what to do. */
function guarded<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const code = isDamage(thrown) ? "JOURNAL_DAMAGED" : "JOURNAL_OPEN";
    throw new Fault(code, `the journal at ${file} cannot be read: ${reason}`, { file }, thrown);
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

class SqliteReader implements JournalReader {
  readonly #file: string;
  readonly #db: Database;
  /** Of the first version: no sums, and nothing was ever deleted. */
  readonly #first: boolean;

  constructor(file: string, db: Database, version: number) {
    this.#file = file;
    this.#db = db;
    this.#first = version === 1;
  }

  head(): JournalHead {
    return guarded(this.#file, () => this.#db.transaction(() => readHead(this.#db))());
  }

  position(): Pick<JournalHead, "stream" | "head"> {
    return guarded(this.#file, () => ({
      stream: metaOf(this.#db, "stream") ?? "",
      head: this.#one("SELECT max(seq) FROM events"),
    }));
  }

  *events(filter: EventFilter = {}): Generator<StoredEvent, void> {
    const types = filter.types ?? [];
    const page = guarded(this.#file, () =>
      this.#db.prepare(
        `SELECT seq, type, timeMs, json FROM events
         WHERE seq > ? AND seq <= ? AND timeMs >= ? AND timeMs < ?
         ${types.length === 0 ? "" : `AND type IN (${types.map(() => "?").join(", ")})`}
         ORDER BY seq LIMIT ${PAGE_ROWS}`,
      ),
    );
    const { fromMs = Number.MIN_SAFE_INTEGER, toMs = Number.MAX_SAFE_INTEGER } = filter;
    let after = filter.afterSeq ?? 0;
    const through = filter.throughSeq ?? Number.MAX_SAFE_INTEGER;
    while (true) {
      const rows = guarded(this.#file, () => page.all(after, through, fromMs, toMs, ...types)) as StoredEvent[];
      yield* rows;
      after = rows.at(-1)?.seq ?? after;
      if (rows.length < PAGE_ROWS) return;
    }
  }

  last(count: number): StoredEvent[] {
    return (
      this.#all("SELECT seq, type, timeMs, json FROM events ORDER BY seq DESC LIMIT ?", count) as StoredEvent[]
    ).reverse();
  }

  kept(prefix: string): Record<string, unknown> {
    const rows = this.#all("SELECT key, value FROM keep WHERE substr(key, 1, ?) = ?", prefix.length, prefix) as {
      key: string;
      value: string;
    }[];
    return Object.fromEntries(rows.map(({ key, value }) => [key, parsed(value)]));
  }

  count(): number {
    const [first, head] = this.#span();
    const pruned = this.pruned().reduce((sum, [from, to]) => sum + Math.max(0, to - Math.max(first, from) + 1), 0);
    return Math.max(0, head - first + 1 - pruned);
  }

  countSince(fromMs: number): number {
    const [first, head] = this.#span();
    let [low, high] = [first, head + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#one("SELECT timeMs FROM events WHERE seq >= ? ORDER BY seq LIMIT 1", middle) < fromMs) low = middle + 1;
      else high = middle;
    }
    return head + 1 - low;
  }

  oldestWaiting(): StoredEvent | undefined {
    const { waiting, done } = this.head();
    if (waiting === 0) return undefined;
    return this.#all("SELECT seq, type, timeMs, json FROM events WHERE seq > ? ORDER BY seq LIMIT 1", done)[0] as
      | StoredEvent
      | undefined;
  }

  refused(limit: number): RefusedRow[] {
    return this.#all(
      "SELECT seq, coalesce(type, '?') AS type, reason FROM refused LEFT JOIN events USING (seq) ORDER BY seq DESC LIMIT ?",
      limit,
    ) as RefusedRow[];
  }

  orphans(): number[] {
    const rows = this.#all("SELECT outbox.seq FROM outbox LEFT JOIN events USING (seq) WHERE events.seq IS NULL");
    return (rows as { seq: number }[]).map((row) => row.seq);
  }

  *changed(): Generator<number, void> {
    if (this.#first) return;
    const page = guarded(this.#file, () =>
      this.#db.prepare(
        `SELECT seq, type, timeMs, json, sum FROM events WHERE seq > ? AND sum IS NOT NULL ORDER BY seq LIMIT ${PAGE_ROWS}`,
      ),
    );
    for (let after = 0; ; ) {
      const rows = guarded(this.#file, () => page.all(after)) as (StoredEvent & { sum: number })[];
      for (const { seq, type, timeMs, json, sum } of rows) if (sum !== rowSum(seq, type, timeMs, json)) yield seq;
      after = rows.at(-1)?.seq ?? after;
      if (rows.length < PAGE_ROWS) return;
    }
  }

  pruned(): Range[] {
    if (this.#first) return [];
    return (this.#all("SELECT first, last FROM pruned ORDER BY first") as { first: number; last: number }[]).map(
      ({ first, last }): Range => [first, last],
    );
  }

  losses(): Gap[] {
    if (this.#first) return [];
    return (this.#all("SELECT gap FROM lost ORDER BY id") as { gap: string }[]).map(
      ({ gap }) => JSON.parse(gap) as Gap,
    );
  }

  carried(): number {
    return this.#first ? 0 : this.#one("SELECT count(*) FROM carried JOIN again USING (stream, seq)");
  }

  rates(): Rates {
    return guarded(this.#file, () => ratesOf(readWear(this.#db).days));
  }

  usedBytes(): number {
    const pragma = (name: string): number => Number(this.#db.pragma(name, { simple: true }));
    return guarded(this.#file, () => (pragma("page_count") - pragma("freelist_count")) * pragma("page_size"));
  }

  integrity(): string[] {
    const rows = guarded(this.#file, () => this.#db.pragma("integrity_check")) as { integrity_check: string }[];
    return rows.map((row) => row.integrity_check).filter((finding) => finding !== "ok");
  }

  close(): void {
    this.#db.close();
  }

  /** First and last seq; 1 and 0 where there is none. */
  #span(): [number, number] {
    const head = this.#one("SELECT max(seq) FROM events");
    return [head === 0 ? 1 : this.#one("SELECT min(seq) FROM events"), head];
  }

  #all(sql: string, ...values: readonly (number | string)[]): unknown[] {
    return guarded(this.#file, () => this.#db.prepare(sql).all(...values));
  }

  #one(sql: string, ...values: readonly number[]): number {
    return guarded(this.#file, () =>
      Number(
        this.#db
          .prepare(sql)
          .pluck()
          .get(...values) ?? 0,
      ),
    );
  }
}
