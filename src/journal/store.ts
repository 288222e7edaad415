// The journal's database, owned by one thread: one transaction per batch, seq given inside it, reads for the uplink.
import type Database from "better-sqlite3";
import { EVENT_TYPES, type EventType, LANE, LANES } from "../words/events.ts";
import type { JournalHead, OutboxRow } from "./journal.ts";
import type { Batch, Marks } from "./protocol.ts";
import { Damage } from "./schema.ts";

/** Pages in the write-ahead log after which it is copied into the file, between batches instead of inside one. */
export const CHECKPOINT_PAGES = 1_000;
export const PAGE_BYTES = 4_096;
/** Pages that a batch touches besides the text of its events: ends of events and outbox, keep, meta. */
const BATCH_PAGES = 4;
/** Most rows one `waiting` answer holds, whatever is asked. */
const MOST_ROWS = 1_000;

/** The open database. Every method throws what SQLite throws; `failureOf` says what that means. */
export interface Store {
  /**
   * Writes a batch in one transaction and syncs it. A batch that follows another head than the file's is not written.
   * @returns the head after it
   */
  commit(batch: Batch): number;
  /** Writes marks without a sync of their own: losing them only sends rows again. */
  mark(marks: Marks): void;
  kept(prefix: string): Record<string, unknown>;
  waiting(lane: number, afterSeq: number, limit: number): OutboxRow[];
  head(): JournalHead;
  /** Copies the write-ahead log into the file once it has grown; call it when nobody waits. */
  checkpointWhenDue(): void;
  close(): void;
}

/** A database that may be written, with what was read of it. */
export interface Checked {
  readonly db: Database.Database;
  /** The machine that wrote the file; empty where it is unknown. */
  readonly machine: string;
  readonly head: JournalHead;
  readonly sql: Statements;
}

/** One value that describes the journal itself. */
export function metaOf(db: Database.Database, key: string): string | undefined {
  return db.prepare("SELECT value FROM meta WHERE key = ?").pluck().get(key) as string | undefined;
}

const MAX_SEQ = "SELECT max(seq) FROM events";
const COUNT_WAITING = "SELECT count(*) FROM outbox";
const COUNT_REFUSED = "SELECT count(*) FROM refused";
const MIN_WAITING = `SELECT min(seq) FROM (${LANES.map((lane) => `SELECT min(seq) AS seq FROM outbox WHERE lane = ${lane}`).join(" UNION ALL ")})`;

/** The state that the uplink sees, read from the tables; the reader beside a running agent uses it too. */
export function readHead(db: Database.Database): JournalHead {
  const one = (sql: string): number => Number(db.prepare(sql).pluck().get() ?? 0);
  const head = one(MAX_SEQ);
  const oldest = one(MIN_WAITING);
  return {
    stream: metaOf(db, "stream") ?? "",
    head,
    done: oldest === 0 ? head : oldest - 1,
    confirmed: Number(metaOf(db, "confirmed") ?? 0),
    waiting: one(COUNT_WAITING),
    refused: one(COUNT_REFUSED),
  };
}

/** Every statement of the store: a table or column that is missing shows here, at the start. */
export function prepareAll(db: Database.Database) {
  return {
    event: db.prepare("INSERT INTO events (seq, type, timeMs, json) VALUES (?, ?, ?, ?)"),
    outbox: db.prepare("INSERT INTO outbox (lane, seq) VALUES (?, ?)"),
    keep: db.prepare("INSERT INTO keep (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"),
    forget: db.prepare("DELETE FROM keep WHERE key = ?"),
    settle: db.prepare(`DELETE FROM outbox WHERE lane IN (${LANES.join(", ")}) AND seq = ?`),
    refuse: db.prepare("INSERT INTO refused (seq, reason) VALUES (?, ?)"),
    confirm: db.prepare(
      "INSERT INTO meta (key, value) VALUES ('confirmed', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    ),
    kept: db.prepare("SELECT key, value FROM keep WHERE substr(key, 1, length(@prefix)) = @prefix"),
    waiting: db.prepare(
      `SELECT outbox.seq, outbox.lane, events.type, events.json FROM outbox JOIN events USING (seq)
       WHERE outbox.lane = ? AND outbox.seq > ? ORDER BY outbox.seq LIMIT ?`,
    ),
    oldest: db.prepare(MIN_WAITING).pluck(),
  };
}
type Statements = ReturnType<typeof prepareAll>;

export class SqliteStore implements Store {
  readonly #db: Database.Database;
  readonly #holder: Database.Database;
  /** Kept beside the tables, because counting a long backlog takes a while. */
  #state: JournalHead;
  #pages = 0;
  readonly #sql: Statements;

  constructor({ db, head, sql }: Checked, holder: Database.Database) {
    this.#db = db;
    this.#holder = holder;
    this.#state = head;
    this.#sql = sql;
  }

  commit(batch: Batch): number {
    if (batch.head !== this.#state.head) return this.#state.head;
    const after = this.#transact(() => {
      let seq = batch.head + batch.skip;
      let bytes = 0;
      for (const entry of batch.entries) {
        seq += 1;
        const json = `${entry.before},"stream":"${this.#state.stream}","seq":${seq},${entry.after}`;
        this.#sql.event.run(seq, entry.type, entry.timeMs, json);
        this.#sql.outbox.run(laneOf(entry.type), seq);
        bytes += json.length;
      }
      for (const [key, value] of batch.keep) {
        if (value === null) this.#sql.forget.run(key);
        else this.#sql.keep.run(key, value);
        bytes += value?.length ?? 0;
      }
      const marked = batch.marks === undefined ? this.#state : this.#apply(batch.marks, this.#state);
      this.#pages += BATCH_PAGES + Math.ceil(bytes / PAGE_BYTES);
      return { ...marked, head: seq, waiting: marked.waiting + batch.entries.length };
    });
    return after.head;
  }

  mark(marks: Marks): void {
    // NORMAL writes the log without syncing it; the next batch's sync covers these pages too.
    this.#db.pragma("synchronous = NORMAL");
    try {
      this.#transact(() => this.#apply(marks, this.#state));
      this.#pages += BATCH_PAGES + Math.ceil(marks.sent.length / 100);
    } finally {
      this.#db.pragma("synchronous = FULL");
    }
  }

  kept(prefix: string): Record<string, unknown> {
    const rows = this.#sql.kept.all({ prefix }) as { key: string; value: string }[];
    return Object.fromEntries(rows.map((row) => [row.key, parsed(row.value)]));
  }

  waiting(lane: number, afterSeq: number, limit: number): OutboxRow[] {
    const from = afterSeq > this.#state.head ? 0 : afterSeq;
    const rows = this.#sql.waiting.all(lane, from, Math.min(limit, MOST_ROWS)) as Omit<OutboxRow, "stream" | "at">[];
    return rows.map((row) => ({ at: row.seq, stream: this.#state.stream, ...row }));
  }

  head(): JournalHead {
    const oldest = this.#sql.oldest.get() as number | null;
    return { ...this.#state, done: oldest === null ? this.#state.head : oldest - 1 };
  }

  checkpointWhenDue(): void {
    if (this.#pages < CHECKPOINT_PAGES) return;
    this.#pages = 0;
    this.#db.pragma("wal_checkpoint(PASSIVE)");
  }

  close(): void {
    try {
      this.#db.pragma("wal_checkpoint(TRUNCATE)");
    } finally {
      this.#db.close();
      this.#holder.close();
    }
  }

  /** What is remembered beside the tables changes only when the transaction did. */
  #transact(work: () => JournalHead): JournalHead {
    const after = this.#db.transaction(work).immediate();
    this.#state = after;
    return after;
  }

  #apply(marks: Marks, before: JournalHead): JournalHead {
    if (marks.stream !== before.stream) return before;
    let { waiting, refused } = before;
    for (const [seq, reason] of marks.refused) {
      if (this.#sql.settle.run(seq).changes === 0) continue;
      this.#sql.refuse.run(seq, reason);
      waiting -= 1;
      refused += 1;
    }
    for (const seq of marks.sent) waiting -= this.#sql.settle.run(seq).changes;
    const confirmed = Math.min(marks.confirmed, before.head);
    if (confirmed <= before.confirmed) return { ...before, waiting, refused };
    this.#sql.confirm.run(String(confirmed));
    return { ...before, waiting, refused, confirmed };
  }
}

function laneOf(type: string): number {
  const known = EVENT_TYPES.find((name: EventType) => name === type);
  return known === undefined ? 2 : LANE[known];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Damage("a kept value is not JSON");
  }
}
