// The journal's database, owned by one thread: one transaction per batch, seq given inside it, reads for the uplink.
import { renameSync, rmSync, statSync } from "node:fs";
import { syncFolder } from "../durable.ts";
import type { Erasable } from "../words/erased.ts";
import { type Found, findErasable } from "./erasable.ts";
import { makeFile, makeFolder } from "./files.ts";
import { AGAIN_LANE, type JournalHead, type JournalUsage, type OutboxRow, type Repaired } from "./journal.ts";
import { runsOf } from "./marks.ts";
import type { Batch, Drop, Marks, RepairPart } from "./protocol.ts";
import { repairTimes } from "./repair.ts";
import { putBackSent, putBackUnconfirmed } from "./resend.ts";
import { laneOf } from "./salvage.ts";
import { Damage, metaOf, putMeta } from "./schema.ts";
import { SHORT_LIVED, type ShortLived } from "./short-lived.ts";
import type { Database } from "./sqlite.ts";
import { rowSum, valueSum } from "./sums.ts";
import { asideName, moveAside, placeOfNew } from "./swap.ts";
import type { Statements } from "./tables.ts";
import type { Tidier } from "./tidy.ts";
import type { Wear } from "./wear.ts";
import { Wiping } from "./wipe.ts";
import { writeWitness } from "./witness.ts";

/** Pages in the write-ahead log after which it is copied into the file when nobody asks, between batches and not inside one. */
export const CHECKPOINT_PAGES = 1_000;
/** So many times as much, and it is copied though somebody may be waiting. */
const HURRY = 3;
export const PAGE_BYTES = 4_096;
/** Pages that a batch touches besides the text of its events: ends of events and outbox, keep, meta. */
const BATCH_PAGES = 4;
/** Pages written after which the quota is looked at. */
const TIDY_PAGES = 64;
/** Most rows one `waiting` answer holds, whatever is asked. */
const MOST_ROWS = 1_000;
const UNSYNCED = '"clock":"unsynced"';

/** A database that may be written, with what was read of it. */
export interface Checked {
  readonly db: Database;
  /** The machine that wrote the file; empty where it is unknown. */
  readonly machine: string;
  readonly head: JournalHead;
  readonly sql: Statements;
  readonly unclean: boolean;
}

/** What a store works with besides its database. */
export interface StoreParts {
  /** Holds the lock until it is closed. */
  readonly holder: Database;
  readonly tidier: Tidier;
  readonly shortLived: ShortLived;
  readonly wear: Wear;
  readonly file: string;
  /** Places in the last lane go on from here. */
  readonly againAfter: number;
}

interface StoredRow {
  readonly at: number;
  readonly stream?: string;
  readonly seq: number;
  readonly lane?: number;
  readonly marked: number;
  readonly type: string | null;
  readonly timeMs: number;
  readonly json: string;
  readonly sum: number | null;
}

/** The open database. Every method throws what SQLite throws; `failureOf` says what that means. */
export class Store {
  readonly #db: Database;
  readonly #parts: StoreParts;
  readonly #sql: Statements;
  /** Kept beside the tables, because counting a long backlog takes a while. */
  #state: JournalHead;
  #lastAgain: number;
  /** Highest seq of each lane that was handed out while it was unsynced. */
  readonly #handed: Record<string, number>;
  #pages = 0;
  #tidied = 0;
  readonly #inode: number;
  readonly #wiping: Wiping;

  constructor({ db, head, sql }: Checked, parts: StoreParts) {
    this.#db = db;
    this.#parts = parts;
    this.#inode = inodeOf(parts.file);
    this.#state = head;
    this.#sql = sql;
    this.#lastAgain = Math.max(parts.againAfter, Number(sql.lastAgain.get() ?? 0));
    this.#wiping = new Wiping(db, parts.file);
    this.#handed = JSON.parse(metaOf(db, "handed") ?? "{}") as Record<string, number>;
  }

  get stream(): string {
    return this.#state.stream;
  }

  /**
   * Writes a batch in one transaction and syncs it. A batch that follows another head than the file's is not written.
   * @returns the head after it
   */
  commit(batch: Batch): number {
    if (batch.head !== this.#state.head) return this.#state.head;
    if (batch.wipe === undefined) return this.#write(batch);
    return this.#wiping.around(batch.wipe, () => this.#write(batch));
  }

  #write(batch: Batch): number {
    const after = this.#transact(() => {
      let { waiting } = this.#state;
      let seq = batch.head + batch.skip;
      let bytes = 0;
      for (const entry of batch.entries) {
        if (entry.type === SHORT_LIVED) this.#parts.shortLived.met();
        seq += 1;
        const json = `${entry.before},"stream":"${this.#state.stream}","seq":${seq},${entry.after}`;
        this.#sql.event.run(seq, entry.type, entry.timeMs, json, rowSum(seq, entry.type, entry.timeMs, json));
        this.#sql.outbox.run({ lane: laneOf(entry.type), seq });
        waiting += 1;
        bytes += json.length;
      }
      for (const [key, value] of batch.keep) {
        if (value === null) this.#sql.forget.run(key);
        else this.#sql.keep.run(key, value, valueSum(key, value));
        bytes += value?.length ?? 0;
      }
      for (const id of batch.told ?? []) this.#sql.told.run(id);
      for (const drop of batch.drops ?? []) waiting -= this.#parts.tidier.drop(drop, this.#state.stream);
      if (batch.wipe !== undefined) this.#wiping.note(batch.wipe);
      if (batch.drops !== undefined) this.#parts.shortLived.deleted();
      this.#parts.wear.count(bytes);
      this.#pages += BATCH_PAGES + Math.ceil(bytes / PAGE_BYTES);
      const grown = { ...this.#state, head: seq, waiting };
      return (batch.marks ?? []).reduce((state, of) => this.#apply(of, state), grown);
    });
    return after.head;
  }

  /** What an erasure takes of this file. */
  find(erasable: Erasable, spared: readonly string[]): Found {
    return findErasable(this.#db, this.#state, erasable, spared);
  }

  /** Wipes what an erasure left; also at the looks that follow, and after a restart. True where nothing is left. */
  wipe(): boolean {
    return this.#wiping.run();
  }

  /** Writes marks without a sync of their own: losing them only sends rows again. */
  mark(marks: readonly Marks[]): void {
    this.#unsynced(() => {
      this.#transact(() => marks.reduce((state, of) => this.#apply(of, state), this.#state));
      this.#pages += BATCH_PAGES + Math.ceil(marks.reduce((sum, of) => sum + of.sent.length, 0) / 100);
    });
  }

  kept(prefix: string): Record<string, unknown> {
    const rows = this.#sql.kept.all({ prefix }) as { key: string; value: string; sum: number }[];
    return Object.fromEntries(rows.map((row) => [row.key, provedValue(row)]));
  }

  waiting(lane: number, after: number, limit: number): OutboxRow[] {
    const count = Math.min(limit, MOST_ROWS);
    const own = this.#state.stream;
    if (lane === AGAIN_LANE)
      return (this.#sql.waitingAgain.all({ own, after, limit: count }) as StoredRow[]).map((row) =>
        provedRow({ ...row, lane }, row.stream ?? own),
      );
    const rows = (this.#sql.waiting.all(lane, after, count) as StoredRow[]).map((row) => provedRow(row, own));
    const unsynced = rows.findLast((row) => row.json.includes(UNSYNCED))?.seq ?? 0;
    if (unsynced > (this.#handed[lane] ?? 0)) {
      this.#handed[lane] = unsynced;
      // On disk before the row can leave: what the broker may have is never rewritten.
      putMeta(this.#db, "handed", JSON.stringify(this.#handed));
    }
    return rows;
  }

  resend(from: number, to: number): { queued: number } {
    return this.#again(() => putBackSent(this.#db, this.#state.stream, from, to, this.#lastAgain));
  }

  resendUnconfirmed(olderThanMs: number, limit: number): { queued: number } {
    const before = this.#parts.wear.runningMs() - olderThanMs;
    const { stream } = this.#state;
    return this.#again(() => putBackUnconfirmed(this.#db, stream, before, Math.min(limit, MOST_ROWS), this.#lastAgain));
  }

  repair(part: RepairPart): Repaired & { next: number | null } {
    return this.#db.transaction(() => repairTimes(this.#db, part, this.#handed)).immediate();
  }

  plan(): Drop | null {
    return this.#parts.tidier.plan(this.#state.stream);
  }

  /** Deletes contacts that are done with, and wipes what was deleted. */
  forget(): void {
    this.#unsynced(() => this.#parts.shortLived.forget(this.#state));
    this.#parts.shortLived.wipe();
    this.wipe();
  }

  /** What expired unsent by the clock that events are stamped by, UTC milliseconds. */
  expired(nowMs: number): Drop | null {
    return this.#parts.shortLived.expired(this.#state.stream, nowMs);
  }

  /** True where somebody remembers a head of our stream beyond what this file had when it was opened. */
  witness(stream: string, head: number): boolean {
    const opened = metaOf(this.#db, "opened");
    if (stream === this.#state.stream && head > Number(opened ?? this.#state.head)) return true;
    if (opened !== undefined) this.#db.prepare("DELETE FROM meta WHERE key = 'opened'").run();
    return false;
  }

  head(): JournalHead {
    const oldest = this.#sql.oldest.get() as number | null;
    return { ...this.#state, done: oldest === null ? this.#state.head : oldest - 1 };
  }

  usage(): JournalUsage {
    return this.#parts.tidier.usage(this.#state);
  }

  /** True while the disk is full and the reserve is in use or cannot be made. */
  get isLow(): boolean {
    return this.#parts.tidier.low;
  }

  /** True while what was not sent is being dropped. */
  get isShort(): boolean {
    return this.#parts.tidier.short;
  }

  /** True where rows that were not sent must go: ask for a `plan`. */
  get isOver(): boolean {
    return this.#parts.tidier.isOver;
  }

  /** The disk is full: gives the reserve back to it. True where what failed may work now. */
  relieve(): boolean {
    const { tidier } = this.#parts;
    tidier.low ||= tidier.reserve.isThere || tidier.reserve.isMissing;
    if (!tidier.reserve.release()) return false;
    this.#db.pragma("wal_checkpoint(TRUNCATE)");
    return true;
  }

  /** What is due now and then: the reserve made again, the second memory of the head, `false` where the file is gone. */
  lookAround(): boolean {
    const { tidier, file } = this.#parts;
    if (inodeOf(file) !== this.#inode) return false;
    if (tidier.reserve.isMissing && tidier.reserve.keep()) tidier.low = false;
    if (this.#parts.wear.isDue()) {
      this.#parts.wear.save(this.#db);
      writeWitness(file, this.#state.stream, this.#state.head);
    }
    return true;
  }

  /** The file was deleted or another one put in its place: writes it again from what is still open. */
  rewrite(stamp: string): void {
    const { file } = this.#parts;
    makeFolder(file);
    const fresh = placeOfNew(file);
    rmSync(fresh, { force: true });
    makeFile(fresh);
    this.#db.prepare("VACUUM INTO ?").run(fresh);
    moveAside(file, asideName(file, "damaged", stamp));
    renameSync(fresh, file);
    syncFolder(file);
  }

  /** Lets go of the file as it is: another thread opens it, or sets it aside. */
  abandon(): void {
    this.#db.close();
    this.#parts.holder.close();
  }

  /** Copies the write-ahead log into the file once it has grown; earlier where nobody waits. */
  checkpointWhenDue(idle: boolean): void {
    if (this.#pages < (idle ? CHECKPOINT_PAGES : HURRY * CHECKPOINT_PAGES)) return;
    this.#pages = 0;
    this.#tidied = 0;
    this.#db.pragma("wal_checkpoint(PASSIVE)");
  }

  /** True where enough was written since the last time that the quota may be reached. */
  get isTidyingDue(): boolean {
    return this.isLow || this.#pages - this.#tidied >= TIDY_PAGES;
  }

  /** Gives up rows that were sent where the journal is too long, a little at a time; true where there is more to do. */
  tidy(): boolean {
    let more = false;
    this.#tidied = this.#pages;
    this.#unsynced(() => {
      more = this.#parts.tidier.slice(this.#state);
    });
    return more;
  }

  close(): void {
    try {
      this.#parts.wear.save(this.#db);
      putMeta(this.#db, "clean", String(this.#state.head));
      this.#db.pragma("wal_checkpoint(TRUNCATE)");
      writeWitness(this.#parts.file, this.#state.stream, this.#state.head);
    } finally {
      this.#db.close();
      this.#parts.holder.close();
    }
  }

  /** What is remembered beside the tables changes only when the transaction did. */
  #transact(work: () => JournalHead): JournalHead {
    const after = this.#db.transaction(work).immediate();
    this.#state = after;
    return after;
  }

  /** NORMAL writes the log without syncing it; the next batch's sync covers these pages too. */
  #unsynced(work: () => void): void {
    this.#db.pragma("synchronous = NORMAL");
    try {
      work();
    } finally {
      this.#db.pragma("synchronous = FULL");
    }
  }

  #again(work: () => number): { queued: number } {
    const queued = this.#db.transaction(work).immediate();
    this.#lastAgain += queued;
    this.#state = { ...this.#state, waiting: this.#state.waiting + queued };
    return { queued };
  }

  #apply(marks: Marks, before: JournalHead): JournalHead {
    const { stream } = marks;
    const own = stream === before.stream;
    let { waiting, refused } = before;
    const settle = (seq: number): boolean => {
      const fresh = own ? this.#sql.settle.run(seq).changes : 0;
      const again = this.#lastAgain > 0 ? this.#sql.settleAgain.run(stream, seq).changes : 0;
      waiting -= fresh + again;
      return fresh + again > 0;
    };
    for (const [seq, reason] of marks.refused) {
      if (!settle(seq)) continue;
      if (own) this.#sql.refuse.run(seq, reason);
      else this.#sql.refuseCarried.run(stream, seq, reason);
      refused += 1;
    }
    if (own && this.#lastAgain === 0)
      for (const [first, last] of runsOf(marks.sent)) waiting -= this.#sql.settleRun.run(first, last).changes;
    else
      for (const seq of marks.sent) {
        if (settle(seq) && !own) this.#sql.forgetCarried.run(stream, seq);
      }
    if (!own) this.#parts.shortLived.deleted();
    const sentMs = Math.round(this.#parts.wear.runningMs());
    for (const seq of marks.unconfirmed) {
      if (settle(seq) && !(own && seq <= before.confirmed)) this.#sql.sent.run({ stream, seq, sentMs });
    }
    if (marks.sent.length + marks.unconfirmed.length > 0) this.#parts.tidier.settled();
    if (marks.confirmed === 0) return { ...before, waiting, refused };
    this.#sql.confirmedSent.run(stream, marks.confirmed);
    if (!own) {
      waiting -= this.#sql.confirmedAgain.run(stream, marks.confirmed).changes;
      this.#sql.confirmedCarried.run(stream, marks.confirmed);
      return { ...before, waiting, refused };
    }
    const confirmed = Math.min(marks.confirmed, before.head);
    if (confirmed <= before.confirmed) return { ...before, waiting, refused };
    putMeta(this.#db, "confirmed", String(confirmed));
    return { ...before, waiting, refused, confirmed };
  }
}

function inodeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.ino ?? 0;
}

/** @throws Damage where the row is not what was committed */
function provedRow(row: StoredRow, stream: string): OutboxRow {
  const { at, seq, lane = AGAIN_LANE, type, timeMs, json, sum } = row;
  if (row.marked !== 1 || type === null || (sum !== null && sum !== rowSum(seq, type, timeMs, json)))
    throw new Damage(`event ${seq} is not what was written`);
  return { at, stream, seq, lane, type, json };
}

function provedValue({ key, value, sum }: { key: string; value: string; sum: number }): unknown {
  if (sum !== valueSum(key, value)) throw new Damage(`the kept value ${key} is not what was written`);
  return JSON.parse(value);
}
