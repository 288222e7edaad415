// What the main thread and the journal's thread say to each other: plain data, one answer to each request.
import type { FaultCode } from "../words/errors.ts";
import type { JournalHead, OutboxRow } from "./journal.ts";

/** How the thread is to open the file. */
export interface Opening {
  readonly file: string;
  /** Identity of this machine; empty where it is unknown. */
  readonly machine: string;
  /** Goes into the name of a file that is set aside, such as 20261122T091407311Z. */
  readonly stamp: string;
  /** What an earlier thread of this process had committed: a file that knows less cannot be trusted with a seq. */
  readonly expect?: { readonly stream: string; readonly head: number };
  /** Why the file must be set aside first: an earlier thread of this process found it damaged. */
  readonly damaged?: string;
}

export interface SetAside {
  readonly code: "JOURNAL_DAMAGED" | "JOURNAL_MOVED" | "JOURNAL_RESTORED";
  readonly reason: string;
  /** Where the old file is now. */
  readonly file: string;
}

export interface Opened {
  readonly stream: string;
  readonly head: number;
}

/** An event's JSON but for `stream` and `seq`, which come between `before` and `after`. */
export interface Entry {
  readonly type: string;
  /** UTC milliseconds of the envelope's time. */
  readonly timeMs: number;
  /** `{"v":1,"id":"…"` */
  readonly before: string;
  /** `"type":"…",…}` */
  readonly after: string;
}

/** One transaction. */
export interface Batch {
  /** The head this batch follows; at another head it is not written, so a batch sent twice is written once. */
  readonly head: number;
  /** Numbers left out before the first entry, which is the gap that owns them. */
  readonly skip: number;
  readonly entries: readonly Entry[];
  /** Key → JSON, null deletes. */
  readonly keep: readonly (readonly [string, string | null])[];
  /** Marks that ride along. */
  readonly marks?: Marks;
}

/** What became of rows; applied only to the stream they belong to. */
export interface Marks {
  readonly stream: string;
  readonly sent: readonly number[];
  readonly refused: readonly (readonly [number, string])[];
  /** 0: nothing new. */
  readonly confirmed: number;
}

/** Each request with its answer. */
export interface Exchange {
  batch: { request: Batch; answer: { head: number } };
  marks: { request: Marks; answer: null };
  kept: { request: { prefix: string }; answer: Record<string, unknown> };
  waiting: { request: { lane: number; afterSeq: number; limit: number }; answer: OutboxRow[] };
  head: { request: null; answer: JournalHead };
  close: { request: null; answer: null };
}
export type Verb = keyof Exchange;

export type Request = {
  [V in Verb]: { readonly ask: number; readonly verb: V; readonly body: Exchange[V]["request"] };
}[Verb];

/** `retry`: the same request may work later; `reopen`: only with a new connection; `damaged`: only with a new file. */
export interface Failure {
  readonly remedy: "retry" | "reopen" | "damaged";
  readonly code: FaultCode;
  readonly sentence: string;
}

export type Answer =
  | { readonly ask: number; readonly answer: unknown }
  | { readonly ask: number; readonly failure: Failure }
  | { readonly aside: SetAside }
  | { readonly opened: Opened }
  | { readonly notOpened: { readonly code: FaultCode; readonly sentence: string } };
