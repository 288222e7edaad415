// Keeps the journal within its quota: sent rows go first and silently, what was not sent only with a gap that owns it.
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { LANES } from "../words/events.ts";
import { sizeOf } from "./files.ts";
import type { JournalHead, JournalUsage } from "./journal.ts";
import type { Drop, Quota } from "./protocol.ts";
import { Reserve } from "./reserve.ts";
import { type Gap, gapsOver, ownedBy, type Range, rangesOf, united, worthOf } from "./retention.ts";
import type { Database } from "./sqlite.ts";
import { cardYears, type Wear } from "./wear.ts";

/** Numbers that one slice looks through, and rows that it deletes at most: a press waits no longer than that. */
const SLICE_SEQS = 4_000;
const SLICE_ROWS = 250;
/** What one plan frees at least, and as a share of the quota. */
const PLAN_BYTES = 65_536;
const PLAN_SHARE = 0.05;
const PLAN_ROWS = 4_000;
/** Bytes that a row takes besides its text: keys, sums, the outbox. */
const ROW_BYTES = 48;
/** Waiting gaps that a plan meets before it makes them into one. */
const MANY_GAPS = 16;
/** Free pages inside the file that are left for rows to come. */
const SPARE_PAGES = 1_024;
const MOST_FREE_PAGES = 64;
/** On a full disk rows need so much room, inside the file or on what the reserve gave back. */
const NEEDED_BYTES = 262_144;

interface Candidate {
  readonly seq: number;
  readonly type: string;
  readonly bytes: number;
  readonly json: string;
}

export class Tidier {
  readonly #db: Database;
  readonly #file: string;
  readonly #quota: Quota;
  readonly #wear: Wear;
  readonly reserve: Reserve;
  readonly #sql: ReturnType<typeof statements>;
  /** The disk is full: the file must not grow, whatever its quota. */
  low = false;
  /** What was not sent is being dropped, because the quota is reached and nothing leaves. */
  short = false;
  /** Sent rows before this seq were looked for already. */
  #from = 0;
  #settled = true;
  /** Where the next plan goes on looking, by worth. */
  readonly #planFrom = [0, 0, 0];
  #exhausted = false;

  constructor(db: Database, file: string, quota: Quota, wear: Wear) {
    this.#db = db;
    this.#file = file;
    this.#quota = quota;
    this.#wear = wear;
    this.reserve = new Reserve(file, quota.reserveBytes);
    this.#sql = statements(db);
  }

  /** True where rows that were not sent must go, because no sent ones are left. */
  get isOver(): boolean {
    return this.#exhausted && this.#excess() > 0;
  }

  /** Rows were sent: there may be something to give up again. */
  settled(): void {
    this.#settled = true;
  }

  /** One short transaction of deleting what was sent; true where there is more to do. */
  slice(state: JournalHead): boolean {
    const aged = this.#agedBefore();
    if (this.#excess() <= 0 && aged === undefined) {
      this.#exhausted = false;
      if (this.#usedBytes() < this.#quota.maxBytes * (1 - 2 * PLAN_SHARE)) this.short = false;
      return this.#shrink();
    }
    if (this.#from > state.head) {
      if (!this.#settled) {
        this.#exhausted = true;
        return false;
      }
      this.#from = 0;
      this.#settled = false;
    }
    const from = Math.max(this.#from, Number(this.#sql.first.get() ?? state.head + 1));
    const rows = this.#sql.prunable.all({
      from,
      // The last row stays: it proves the head.
      to: Math.min(from + SLICE_SEQS, state.head),
      beforeMs: this.#excess() > 0 ? Number.MAX_SAFE_INTEGER : (aged ?? 0),
      stream: state.stream,
      limit: SLICE_ROWS,
    }) as Pick<Candidate, "seq" | "type" | "json">[];
    this.#from = rows.length === SLICE_ROWS ? (rows.at(-1)?.seq ?? from) : from + SLICE_SEQS;
    if (rows.length > 0) this.short = false;
    if (rows.length > 0)
      this.#db.transaction(() => {
        for (const range of rangesOf(rows.map((row) => row.seq))) this.remove(range);
        // A gap that goes takes along the proof of what it owned.
        for (const row of rows) if (row.type === "gap") for (const range of ownedRanges(row.json)) this.#note(range);
      })();
    return true;
  }

  /** What of the unsent is to go next: the least valuable, the oldest first; null where there is nothing to gain. */
  plan(stream: string): Drop | null {
    if (this.#excess() <= 0) return null;
    const aim = this.low ? PLAN_BYTES * 4 : Math.max(PLAN_BYTES, this.#quota.maxBytes * PLAN_SHARE);
    // On a full disk presses wait in memory rather than push one another out.
    for (const worth of this.low ? ([0, 1] as const) : ([0, 1, 2] as const)) {
      const carried = this.#planCarried(worth, aim);
      const drop = carried ?? this.#planOwn(stream, worth, aim);
      if (drop === undefined) continue;
      this.short = true;
      return drop;
    }
    return null;
  }

  /** Deletes rows that events in the same transaction own; returns how many of them waited. */
  drop({ stream, ranges }: Pick<Drop, "stream" | "ranges">, ownStream: string): number {
    const own = stream === ownStream;
    let waited = 0;
    for (const [first, last] of ranges) {
      waited += this.#sql.dropAgain.run(stream, first, last).changes;
      this.#sql.dropSent.run(stream, first, last);
      if (own) {
        for (const lane of LANES) waited += this.#sql.dropOutbox.run(lane, first, last).changes;
        this.remove([first, last]);
      } else this.#sql.dropCarried.run(stream, first, last);
    }
    return waited;
  }

  usage(state: JournalHead): JournalUsage {
    const disk = statfsSync(dirname(this.#file));
    const freeBytes = freeBytesAt(this.#file);
    const usedBytes = this.#usedBytes();
    const bytes = sizeOf(this.#file) + sizeOf(`${this.#file}-wal`);
    const rates = this.#wear.rates();
    const rows = this.#rows();
    const waitingShare = Math.min(1, state.waiting / Math.max(1, rows));
    // Sent rows give way to new ones; the file may grow up to its quota or to the end of the disk.
    const room = Math.min(this.#quota.maxBytes, bytes + freeBytes) - usedBytes * waitingShare;
    return {
      bytes,
      usedBytes,
      maxBytes: this.#quota.maxBytes,
      freeBytes,
      reserve: this.reserve.isThere,
      rows,
      ...rates,
      autonomyDays: rates.rowBytesPerDay === 0 ? null : Math.max(0, Math.floor(room / rates.rowBytesPerDay)),
      cardYears: cardYears(disk.blocks * disk.bsize, rates.writtenBytesPerDay),
    };
  }

  #planOwn(stream: string, worth: 0 | 1 | 2, aim: number): Drop | undefined {
    const lost: number[] = [];
    const types: Record<string, number> = {};
    const gaps: { readonly seq: number; readonly gap: Gap }[] = [];
    let bytes = 0;
    let from = this.#planFrom[worth] ?? 0;
    while (bytes < aim && lost.length < PLAN_ROWS) {
      const rows = this.#sql.unsent.all({ from, to: from + SLICE_SEQS, stream }) as Candidate[];
      for (const row of rows) {
        const gap = row.type === "gap" ? ownGap(row.json) : undefined;
        if (gap !== undefined) gaps.push({ seq: row.seq, gap });
        if (worthOf(row.type) !== worth || bytes >= aim) continue;
        lost.push(row.seq);
        types[row.type] = (types[row.type] ?? 0) + 1;
        bytes += row.bytes + ROW_BYTES;
      }
      from += SLICE_SEQS;
      const next = this.#sql.nextUnsent.get({ from, stream }) as number | null;
      if (next === null) break;
      from = Math.max(from, next);
    }
    if (lost.length === 0) {
      this.#planFrom[worth] = 0;
      return undefined;
    }
    let ranges = rangesOf(lost);
    // Many small gaps become one that owns them too: otherwise gaps alone would fill the file in the end.
    if (gaps.length >= MANY_GAPS) {
      ranges = united([...ranges, ...gaps.flatMap(({ seq, gap }): Range[] => [[seq, seq], ...ownedBy(gap)])]);
      types.gap = gaps.length;
      for (const { gap } of gaps)
        for (const [type, count] of Object.entries(gap.types ?? {})) types[type] = (types[type] ?? 0) + count;
    }
    return { stream, ranges, gaps: gapsOver(ranges, this.#why(), { types }) };
  }

  #planCarried(worth: 0 | 1 | 2, aim: number): Drop | undefined {
    let stream: string | undefined;
    const lost: number[] = [];
    const types: Record<string, number> = {};
    let bytes = 0;
    for (const row of this.#sql.carried.iterate() as IterableIterator<Candidate & { stream: string }>) {
      if (worthOf(row.type) !== worth || (stream !== undefined && row.stream !== stream)) continue;
      stream = row.stream;
      lost.push(row.seq);
      types[row.type] = (types[row.type] ?? 0) + 1;
      bytes += row.bytes + ROW_BYTES;
      if (bytes >= aim || lost.length >= PLAN_ROWS) break;
    }
    if (stream === undefined) return undefined;
    const ranges = rangesOf(lost);
    return { stream, ranges, gaps: gapsOver(ranges, this.#why(), { stream, types }) };
  }

  /** Rows that are there, reckoned: counting them would read the whole file. */
  #rows(): number {
    const first = Number(this.#sql.first.get() ?? 1);
    const span = Number(this.#sql.head.get() ?? 0) - first + 1;
    return Math.max(0, span - Number(this.#sql.pruned.get(first, first)));
  }

  #why(): string {
    return this.low ? "the disk is full" : "the journal reached its largest size";
  }

  /** Bytes beyond what may be used. */
  #excess(): number {
    const quota = this.#usedBytes() - this.#quota.maxBytes;
    if (!this.low) return quota;
    const room = this.#pragma("freelist_count") * this.#pragma("page_size") + freeBytesAt(this.#file);
    return Math.max(quota, NEEDED_BYTES - room);
  }

  #usedBytes(): number {
    return (this.#pragma("page_count") - this.#pragma("freelist_count")) * this.#pragma("page_size");
  }

  /** Times before this are too old, by the newest row that a good clock stamped; undefined where none is. */
  #agedBefore(): number | undefined {
    const newest = this.#sql.newest.get() as { timeMs: number; json: string } | undefined;
    if (newest === undefined || newest.json.includes('"clock":"unsynced"')) return undefined;
    const before = newest.timeMs - this.#quota.maxAgeMs;
    const oldest = this.#sql.oldest.get() as number | undefined;
    return oldest !== undefined && oldest < before && (this.#from <= Number(this.#sql.head.get()) || this.#settled)
      ? before
      : undefined;
  }

  /** Gives free pages back to the disk where there are many; true where there are more. */
  #shrink(): boolean {
    const free = this.#pragma("freelist_count");
    const pages = this.#pragma("page_count");
    const tooLong = pages * this.#pragma("page_size") > this.#quota.maxBytes;
    if (this.low || !(tooLong ? free > MOST_FREE_PAGES : free > SPARE_PAGES && free > pages / 2)) return false;
    if (this.#pragma("auto_vacuum") !== 2) return false;
    this.#db.pragma("incremental_vacuum(64)");
    return this.#pragma("freelist_count") < free;
  }

  /** Deletes rows that were sent or that a gap owns, and notes that they are gone. */
  remove([first, last]: Range): void {
    this.#sql.remove.run(first, last);
    this.#note([first, last]);
  }

  /** Remembers that these numbers were there once. */
  #note([first, last]: Range): void {
    let [from, to] = [first, last];
    const before = this.#sql.prunedBefore.get(first) as { first: number; last: number } | undefined;
    if (before !== undefined && before.last >= first - 1) from = before.first;
    if (before !== undefined) to = before.last >= first - 1 ? Math.max(to, before.last) : to;
    for (let after = this.#after(from, to); after !== undefined; after = this.#after(from, to)) {
      to = Math.max(to, after.last);
      this.#sql.unprune.run(after.first);
    }
    this.#sql.prune.run(from, to);
  }

  #after(from: number, to: number): { first: number; last: number } | undefined {
    return this.#sql.prunedAfter.get(from, to + 1) as { first: number; last: number } | undefined;
  }

  #pragma(name: string): number {
    return Number(this.#db.pragma(name, { simple: true }));
  }
}

function freeBytesAt(file: string): number {
  const disk = statfsSync(dirname(file));
  return disk.bavail * disk.bsize;
}

function ownGap(json: string): Gap | undefined {
  const { data } = JSON.parse(json) as { data: Gap };
  return data.source === "journal" && data.stream === undefined ? data : undefined;
}

function ownedRanges(json: string): Range[] {
  const gap = ownGap(json);
  return gap === undefined ? [] : ownedBy(gap);
}

/** Condition: this row of the current stream still waits to be sent. */
export const WAITS = (seq: string): string =>
  `(${LANES.map((lane) => `EXISTS (SELECT 1 FROM outbox WHERE lane = ${lane} AND outbox.seq = ${seq})`).join(" OR ")})`;

function statements(db: Database) {
  return {
    prunable: db.prepare(
      `SELECT seq, type, CASE type WHEN 'gap' THEN json ELSE '' END AS json FROM events
       WHERE seq >= @from AND seq < @to AND timeMs < @beforeMs AND NOT ${WAITS("events.seq")}
         AND NOT EXISTS (SELECT 1 FROM sent WHERE sent.stream = @stream AND sent.seq = events.seq)
         AND NOT EXISTS (SELECT 1 FROM again WHERE again.stream = @stream AND again.seq = events.seq)
       ORDER BY seq LIMIT @limit`,
    ),
    unsent: db.prepare(
      `SELECT seq, type, length(json) AS bytes, CASE type WHEN 'gap' THEN json ELSE '' END AS json FROM events
       WHERE seq >= @from AND seq < @to
         AND (${WAITS("events.seq")} OR EXISTS (SELECT 1 FROM sent WHERE sent.stream = @stream AND sent.seq = events.seq))
       ORDER BY seq`,
    ),
    nextUnsent: db
      .prepare(
        `SELECT min(seq) FROM (
           ${LANES.map((lane) => `SELECT min(seq) AS seq FROM outbox WHERE lane = ${lane} AND seq >= @from`).join(" UNION ALL ")}
           UNION ALL SELECT min(seq) FROM sent WHERE stream = @stream AND seq >= @from)`,
      )
      .pluck(),
    carried: db.prepare("SELECT stream, seq, type, length(json) AS bytes FROM carried ORDER BY stream, seq"),
    remove: db.prepare("DELETE FROM events WHERE seq BETWEEN ? AND ?"),
    dropOutbox: db.prepare("DELETE FROM outbox WHERE lane = ? AND seq BETWEEN ? AND ?"),
    dropAgain: db.prepare("DELETE FROM again WHERE stream = ? AND seq BETWEEN ? AND ?"),
    dropSent: db.prepare("DELETE FROM sent WHERE stream = ? AND seq BETWEEN ? AND ?"),
    dropCarried: db.prepare("DELETE FROM carried WHERE stream = ? AND seq BETWEEN ? AND ?"),
    prunedBefore: db.prepare("SELECT first, last FROM pruned WHERE first <= ? ORDER BY first DESC LIMIT 1"),
    prunedAfter: db.prepare("SELECT first, last FROM pruned WHERE first > ? AND first <= ? ORDER BY first LIMIT 1"),
    unprune: db.prepare("DELETE FROM pruned WHERE first = ?"),
    prune: db.prepare("INSERT INTO pruned (first, last) VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last"),
    newest: db.prepare("SELECT timeMs, json FROM events ORDER BY seq DESC LIMIT 1"),
    oldest: db.prepare("SELECT timeMs FROM events ORDER BY seq LIMIT 1").pluck(),
    first: db.prepare("SELECT min(seq) FROM events").pluck(),
    head: db.prepare("SELECT max(seq) FROM events").pluck(),
    pruned: db.prepare("SELECT coalesce(sum(last - max(first, ?) + 1), 0) FROM pruned WHERE last >= ?").pluck(),
  };
}
