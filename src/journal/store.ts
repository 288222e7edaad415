// The journal's database, owned by one thread: one transaction per batch, seq given inside it, reads for the uplink.
import { randomUUID } from "node:crypto";
import Database from "better-sqlite3";
import { EVENT_TYPES, type EventType, LANE, LANES } from "../words/events.ts";
import { isDamage } from "./failure.ts";
import { isTruncated, lock, makeFile, makeFolder, setAside } from "./files.ts";
import type { JournalHead, OutboxRow } from "./journal.ts";
import type { Batch, Marks, Opened, Opening, SetAside } from "./protocol.ts";
import { Damage, migrate } from "./schema.ts";

/** Pages in the write-ahead log after which it is copied into the file, between batches instead of inside one. */
const CHECKPOINT_PAGES = 1_000;
const PAGE_BYTES = 4_096;
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

/**
 * Opens the journal, making it where there is none. A file that is damaged, that knows less than was committed, or
 * that another machine wrote is set aside, and a new stream begins: a seq given twice would be a loss at the server.
 * @param told hears of a file that was set aside, at once
 * @throws Fault JOURNAL_LOCKED, JOURNAL_NEWER, or what the file system and SQLite throw
 */
export function openStore(opening: Opening, told: (aside: SetAside) => void): { store: Store; opened: Opened } {
  const { file, machine, stamp } = opening;
  makeFolder(file);
  const holder = lock(file);
  try {
    const damaged = (reason: string): void =>
      told({ code: "JOURNAL_DAMAGED", reason, file: setAside(file, "damaged", stamp) });
    if (opening.damaged !== undefined) damaged(opening.damaged);
    const fresh = { file, machine, stamp };
    let checked: Checked;
    try {
      checked = openChecked(opening.damaged === undefined ? opening : fresh);
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      damaged(thrown instanceof Error ? thrown.message : String(thrown));
      checked = openChecked(fresh);
    }
    if (checked.machine !== "" && machine !== "" && checked.machine !== machine) {
      checked.db.close();
      told({ code: "JOURNAL_MOVED", reason: "another machine wrote it", file: setAside(file, "moved", stamp) });
      checked = openChecked(fresh);
    }
    const { stream, head } = checked.head;
    return { store: new SqliteStore(checked, holder), opened: { stream, head } };
  } catch (thrown) {
    holder.close();
    throw thrown;
  }
}

interface Checked {
  readonly db: Database.Database;
  /** The machine that wrote the file; empty where it is unknown. */
  readonly machine: string;
  readonly head: JournalHead;
  readonly sql: Statements;
}

/** Opens one file as it is and makes sure that the next seq can be given in it. */
function openChecked(opening: Opening): Checked {
  makeFile(opening.file);
  if (isTruncated(opening.file)) throw new Damage("the file is shorter than its header says");
  const db = new Database(opening.file, { timeout: 5_000 });
  try {
    db.pragma("cache_size = -4096");
    migrate(db);
    if (db.pragma("journal_mode = WAL", { simple: true }) !== "wal")
      throw new Error("no write-ahead log is possible here");
    db.pragma("synchronous = FULL");
    // A net only: the thread copies the log itself when nobody waits.
    db.pragma(`wal_autocheckpoint = ${8 * CHECKPOINT_PAGES}`);
    db.pragma(`journal_size_limit = ${4 * CHECKPOINT_PAGES * PAGE_BYTES}`);
    if (metaOf(db, "stream") === undefined) begin(db, opening.machine);
    proveHead(db, opening.expect);
    return { db, machine: metaOf(db, "machine") ?? "", head: readHead(db), sql: prepareAll(db) };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function begin(db: Database.Database, machine: string): void {
  if (db.prepare("SELECT 1 FROM events LIMIT 1").get() !== undefined) throw new Damage("the stream's name is lost");
  const put = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
  db.transaction(() => {
    put.run("stream", randomUUID());
    put.run("machine", machine);
  }).immediate();
}

/** @throws Damage where the last seq is not beyond doubt */
function proveHead(db: Database.Database, expect: Opening["expect"]): void {
  const stream = metaOf(db, "stream");
  const last = db.prepare("SELECT seq, json FROM events ORDER BY seq DESC LIMIT 1").get() as
    | { seq: number; json: string }
    | undefined;
  if (last !== undefined && !last.json.includes(`,"stream":"${stream}","seq":${last.seq},`))
    throw new Damage("the last event is not of this stream");
  if (expect !== undefined && (expect.stream !== stream || (last?.seq ?? 0) < expect.head))
    throw new Damage("events that were committed are missing");
}

function metaOf(db: Database.Database, key: string): string | undefined {
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
function prepareAll(db: Database.Database) {
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

class SqliteStore implements Store {
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
    const rows = this.#sql.waiting.all(lane, from, Math.min(limit, MOST_ROWS)) as Omit<OutboxRow, "stream">[];
    return rows.map((row) => ({ stream: this.#state.stream, ...row }));
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
