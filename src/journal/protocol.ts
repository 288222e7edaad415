// What the main thread and the journal's thread say to each other: plain data, one answer to each request.

import type { Erasable } from "../words/erased.ts";
import type { FaultCode } from "../words/errors.ts";
import type { RowColumns } from "./columns.ts";
import type { Found } from "./erasable.ts";
import type { BootSpan, JournalHead, JournalUsage, Repaired } from "./journal.ts";
import type { Gap, Range } from "./retention.ts";
import type { Wipe } from "./wipe.ts";

/** Bounds of what the journal takes of its disk. */
export interface Quota {
  /** Largest size of the file, bytes. */
  readonly maxBytes: number;
  /** Sent rows older than this, by the newest row's time, are given up, milliseconds. */
  readonly maxAgeMs: number;
  /** Space kept for a full disk, bytes; 0: none. */
  readonly reserveBytes: number;
}

/** How the thread is to open the file. */
export interface Opening {
  readonly file: string;
  /** Identity of this machine; empty where it is unknown. */
  readonly machine: string;
  /** Name of this device, as its events carry it; without it nothing is taken over from another machine's file. */
  readonly device?: string | undefined;
  readonly quota: Quota;
  /** Goes into the name of a file that is set aside, such as 20261122T091407311Z. */
  readonly stamp: string;
  /** What an earlier thread of this process had committed: a file that knows less cannot be trusted with a seq. */
  readonly expect?: { readonly stream: string; readonly head: number } | undefined;
  /** Why the file must be set aside first: an earlier thread of this process found it damaged. */
  readonly damaged?: string | undefined;
  /** What somebody else remembers of the stream, beyond what the file ever had: it is an old copy. */
  readonly remembered?: { readonly stream: string; readonly head: number } | undefined;
  /** Highest place in the last lane that an earlier thread of this process gave out. */
  readonly againAfter?: number;
}

export interface SetAside {
  readonly code: "JOURNAL_DAMAGED" | "JOURNAL_MOVED" | "JOURNAL_RESTORED";
  readonly reason: string;
  /** Where the old file is now. */
  readonly file: string;
}

/** A loss that no gap owns yet. */
export interface Loss {
  readonly id: number;
  readonly gap: Gap;
}

export interface Opened {
  readonly stream: string;
  readonly head: number;
  readonly losses: readonly Loss[];
  /** The last run ended without closing the file. */
  readonly unclean: boolean;
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
  /** Losses that the first entries own. */
  readonly told?: readonly number[];
  /** Rows that are deleted; gaps among the first entries own them, or `erased` events among the others. */
  readonly drops?: readonly Drop[];
  /** Rows are erased: what they leave must be wiped. */
  readonly wipe?: Wipe;
  /** Marks that ride along. */
  readonly marks?: readonly Marks[];
}

/** Rows of one stream to be deleted. */
export interface Drop {
  readonly stream: string;
  readonly ranges: readonly Range[];
  readonly gaps: readonly Gap[];
}

/** What became of rows of one stream. */
export interface Marks {
  readonly stream: string;
  readonly sent: readonly number[];
  /** Sent, and to be sent again unless the server confirms them. */
  readonly unconfirmed: readonly number[];
  readonly refused: readonly (readonly [number, string])[];
  /** 0: nothing new. */
  readonly confirmed: number;
}

export interface RepairPart {
  readonly boot: string;
  readonly offsetMs: number;
  readonly span: BootSpan;
  /** Only rows below this seq; the answer's `next` goes on from there. */
  readonly before: number;
  /** A part before this one met rows of the boot. */
  readonly begun: boolean;
}

/** Each request with its answer. */
export interface Exchange {
  batch: { request: Batch; answer: { head: number } };
  marks: { request: readonly Marks[]; answer: null };
  kept: { request: { prefix: string }; answer: Record<string, unknown> };
  waiting: { request: { lane: number; after: number; limit: number }; answer: RowColumns };
  resend: { request: { from: number; to: number }; answer: { queued: number } };
  unconfirmed: { request: { olderThanMs: number; limit: number }; answer: { queued: number } };
  repair: { request: RepairPart; answer: Repaired & { next: number | null } };
  /** What is to be dropped, because the journal is too long; null: nothing. */
  plan: { request: null; answer: Drop | null };
  /** What expired by this time without being sent; null: nothing. */
  expired: { request: { nowMs: number }; answer: Drop | null };
  /** What an erasure takes. */
  find: { request: { erasable: Erasable; spared: readonly string[] }; answer: Found };
  /** Wipes what an erasure left; false: somebody reads an earlier state, and it is tried again later. */
  wipe: { request: null; answer: { done: boolean } };
  /** Somebody remembers this much of our stream; true where our file is an old copy. */
  witness: { request: { stream: string; head: number }; answer: { old: boolean } };
  head: { request: null; answer: JournalHead };
  usage: { request: null; answer: JournalUsage };
  close: { request: null; answer: null };
  /** Gives up the file as it is and ends; never answered. */
  leave: { request: null; answer: never };
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

/**
 * What the thread says unasked. `low`: the disk is full and the reserve is in use; `over`: the journal is too long, ask
 * for a plan; `short`: what was not sent is being dropped; `gone`: the file was missing and was written again, the thread ends; `damaged`: nobody asked, and yet.
 */
export type Condition =
  | { readonly low: boolean }
  | { readonly short: boolean }
  | { readonly over: true }
  | { readonly gone: string }
  | { readonly damaged: string };

export type Answer =
  | { readonly ask: number; readonly answer: unknown }
  | { readonly ask: number; readonly failure: Failure }
  | { readonly condition: Condition }
  | { readonly aside: SetAside }
  | { readonly opened: Opened }
  | { readonly notOpened: { readonly code: FaultCode; readonly sentence: string } };
