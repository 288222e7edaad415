// The seam of the journal: what the rest of the agent may ask of it. The database itself lives in a worker thread.
import type { Stamped } from "../words/events.ts";

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

/** One row waiting for the broker. */
export interface OutboxRow {
  readonly stream: string;
  readonly seq: number;
  readonly lane: number;
  readonly type: string;
  /** The envelope as it will be sent, UTF-8 JSON. */
  readonly json: string;
}

/** What became of a row that was handed to the broker. */
export interface RowFate {
  /** Stream of the row; absent: the current one. A fate of an earlier stream is ignored. */
  readonly stream?: string;
  readonly seq: number;
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

export interface Journal {
  /**
   * Commits a step durably (WAL, synchronous=FULL). Steps commit in the order of the calls; the promise resolves after
   * the sync and never before an earlier step's. While the disk fails the step waits and is retried for ever; beyond a
   * bound the low-value events among those that wait are dropped and owned by a `gap`. A step without events and keep
   * is a barrier: it resolves after all before it.
   * @throws Fault JOURNAL_CLOSED after close, JOURNAL_WRITE beyond the hard bound of waiting steps: the caller's state
   * is then ahead of the disk, and it must start again from `kept`
   */
  commit(step: Step): Promise<Committed>;
  /** Values kept by committed steps whose key starts with `prefix`. */
  kept(prefix: string): Promise<Record<string, unknown>>;
  /**
   * Up to `limit` rows of one lane that wait for the broker, by seq, after `afterSeq`; from the start where `afterSeq`
   * lies beyond the head, because a new stream began.
   */
  waiting(lane: number, afterSeq: number, limit: number): Promise<OutboxRow[]>;
  /** Records what became of rows; not durable at once: a lost mark only means the row is sent again. */
  settle(fates: readonly RowFate[]): void;
  /** Records the server's word that everything up to `upto` is stored; ignored for another stream. */
  confirm(stream: string, upto: number): void;
  head(): Promise<JournalHead>;
  /** Called after each commit that added rows, and when a new stream began. */
  onCommitted(listener: () => void): void;
  /** Commits what waits, checkpoints, closes. */
  close(): Promise<void>;
}
