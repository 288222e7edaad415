// The seam of the journal: what the rest of the agent may ask of it. The database itself lives in a worker thread.
import type { ErasureOrder } from "../words/erased.ts";
import { LANES, type Stamped } from "../words/events.ts";

/** What one step of a touchpoint wants on disk: all of it or nothing. */
export interface Step {
  readonly events: readonly Stamped[];
  /** State that must survive a restart together with the events: key → JSON value, null deletes. */
  readonly keep: Readonly<Record<string, unknown>>;
}

export interface Committed {
  /** Seq of the first and last event of the step; undefined for a step without events. */
  readonly firstSeq?: number;
  readonly lastSeq?: number;
}

/**
 * The lane of rows that wait once more or longer than their own file: put back for `resend`, not confirmed in time, or
 * carried over from a file that was set aside. The last of all lanes: what happens now goes first.
 */
export const AGAIN_LANE = 3;
/** Every lane that `waiting` knows, the most urgent first. */
export const OUTBOX_LANES = [...LANES, AGAIN_LANE] as const;

/** One row waiting for the broker. */
export interface OutboxRow {
  /** Place in its lane, to read on from; while the process lives it only grows, across streams too. */
  readonly at: number;
  /** The stream the row belongs to: in the last lane it may be an earlier one. */
  readonly stream: string;
  readonly seq: number;
  readonly lane: number;
  readonly type: string;
  /** The envelope as it will be sent, UTF-8 JSON. */
  readonly json: string;
}

/** What became of a row that was handed to the broker. */
export interface RowFate {
  /** Stream of the row; absent: the current one. A stream that is not in the file is ignored. */
  readonly stream?: string;
  readonly seq: number;
  /** Acknowledged by the broker, but not done with until the server confirms it: see `resendUnconfirmed`. */
  readonly unconfirmed?: true;
  /** Absent: acknowledged (PUBACK). Present: refused for good, with the reason; kept visible, never retried. */
  readonly refused?: string;
}

export interface JournalHead {
  /** UUID of the stream. */
  readonly stream: string;
  /** Last seq given; 0 for an empty journal. */
  readonly head: number;
  /** Every seq up to here was acknowledged by the broker, refused for good, or is owned by a gap. */
  readonly done: number;
  /** Every seq up to here was stored by the central server (`ack`). */
  readonly confirmed: number;
  /** Rows still to be sent. */
  readonly waiting: number;
  /** Rows the broker refused for good. */
  readonly refused: number;
}

/** What a repair of times came to. */
export interface Repaired {
  /** Rows rewritten: their `time` moved, their `clock` now `corrected`. */
  readonly corrected: number;
  /** Unsynced rows of that boot that the broker has or may have: only a `clock` event can repair these. */
  readonly alreadySent: number;
}

/** Which part of a boot was stamped by the wrong clock, by `mono`, milliseconds; without a bound all of it. */
export interface BootSpan {
  readonly fromMono?: number;
  readonly toMono?: number;
}

/** What the journal takes of its disk, and how long that can go on. */
export interface JournalUsage {
  /** Database and write-ahead log. */
  readonly bytes: number;
  /** Of these, what rows take; the rest is free inside the file. */
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly freeBytes: number;
  /** True where the reserve is on disk. */
  readonly reserve: boolean;
  readonly rows: number;
  /** Bytes of rows written per day of running time, and bytes that the card had to write for them; 0 until known. */
  readonly rowBytesPerDay: number;
  readonly writtenBytesPerDay: number;
  /** Days until unsent rows must be dropped while no broker answers; null until a rate is known. */
  readonly autonomyDays: number | null;
  /** Years until the card is worn out by this journal alone, reckoned with `CARD_CYCLES`; null until a rate is known. */
  readonly cardYears: number | null;
}

export interface Journal {
  /**
   * Commits a step durably (WAL, synchronous=FULL). Steps commit in the order of the calls; the promise resolves after
   * the sync and never before an earlier step's. While the disk fails the step waits and is retried for ever; beyond a
   * bound the low-value events among those that wait are dropped and owned by a `gap`. A step whose events are all of
   * low value (see retention.ts) may wait for others, `batchMs` at most. A step without events and keep is a
   * barrier: it hurries what waits and resolves after all before it.
   * @throws Fault JOURNAL_CLOSED after close, JOURNAL_WRITE beyond the hard bound of waiting steps: the caller's state
   * is then ahead of the disk, and it must start again from `kept`
   */
  commit(step: Step): Promise<Committed>;
  /** Values kept by committed steps whose key starts with `prefix`. */
  kept(prefix: string): Promise<Record<string, unknown>>;
  /**
   * Up to `limit` rows of one lane that wait for the broker, in order, after the row with `at` = `after`; 0: from the
   * start. A new stream needs no care: its rows come after every `at` given before.
   */
  waiting(lane: number, after: number, limit: number): Promise<OutboxRow[]>;
  /** Records what became of rows; not durable at once: a lost mark only means the row is sent again. */
  settle(fates: readonly RowFate[]): void;
  /** Records the server's word that everything up to `upto` is stored; a stream that is not in the file is ignored. */
  confirm(stream: string, upto: number): void;
  /**
   * Puts rows of the current stream that were sent and are still kept into the last lane, whoever confirmed them.
   * @param from first seq, `to` last seq, both included
   * @returns how many wait again; the others wait already, were refused or are no longer kept
   */
  resend(from: number, to: number): Promise<{ queued: number }>;
  /**
   * Puts rows back into the last lane that were settled as `unconfirmed` and not confirmed since: half of them
   * the lowest of the current stream, on which the server's word waits, the others those sent longest ago.
   * @param olderThanMs age since they were settled, in running time: it stands still while the agent does
   * @param limit most rows to put back
   */
  resendUnconfirmed(olderThanMs: number, limit: number): Promise<{ queued: number }>;
  /**
   * Rewrites the times of rows of a boot that had no clock: those that still wait and were never handed out by
   * `waiting`. Safe to ask again: what is corrected is left alone. Long backlogs take several transactions.
   * @param offsetMs to be added to the times
   */
  repairTime(boot: string, offsetMs: number, span?: BootSpan): Promise<Repaired>;
  /**
   * What somebody else remembers of this device's stream, such as the retained `state/delivery`: ask before sending.
   * Where the stream is ours and the head is beyond ours, this file is an old copy: it is set aside, and what it holds
   * is sent under a new stream.
   * @returns true where the stream ended
   */
  witness(stream: string, head: number): Promise<boolean>;
  head(): Promise<JournalHead>;
  usage(): Promise<JournalUsage>;
  /** Called after each commit that added rows, and when a new stream began. */
  onCommitted(listener: () => void): void;
  /** Commits what waits, checkpoints, closes. */
  close(): Promise<void>;
}

/** What is asked of a journal while nobody else uses it. */
export interface Erasing {
  /**
   * Erases rows and what is kept of the same, in one transaction with the `erased` events that own their numbers; then
   * wipes the file, its log and its copies. Nobody else may read or commit meanwhile what is to be erased. Safe to ask
   * again: what is gone is not there.
   * @param also of what is kept: beginnings of keys that stay whatever is erased, and what else changes in the transaction
   * @returns how many rows went
   */
  erase(
    order: ErasureOrder,
    also: { readonly spared: readonly string[]; readonly keep: Readonly<Record<string, unknown>> },
  ): Promise<{ count: number }>;
}
