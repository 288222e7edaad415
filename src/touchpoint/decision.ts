// What a step of the touchpoint engine is given and what it answers.

import type { Fault } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import type { Indication, PressRef } from "../words/inputs.ts";
import type { Presence } from "../words/presence.ts";

/** The clock of one step, injected: the engine never asks for the time itself. */
export interface Moment {
  /** Boottime now, milliseconds. */
  readonly ms: number;
  /** The same moment as UTC, milliseconds since 1970. */
  readonly unixMs: number;
  /** Whether a time source vouches for `unixMs`. */
  readonly clock: "synced" | "unsynced";
  /** This boot: boottime of another one has nothing to do with `ms`. */
  readonly boot: string;
  /** A new UUIDv7 for an event of the given UTC moment. */
  readonly newId: (unixMs: number) => string;
}

export type Effect =
  | { readonly kind: "indicate"; readonly pad: string; readonly pattern: Indication }
  | { readonly kind: "acknowledge"; readonly pad: string; readonly ref: PressRef }
  /** Close a camera, with the sentence of who paused it; or, without one, open it again. */
  | { readonly kind: "pause"; readonly camera: string; readonly paused?: string }
  /** Tell of an alert outside the broker too; the same key and rev may be told twice. */
  | { readonly kind: "notify"; readonly alert: Extract<Fact, { type: "alert" }> }
  /** Whether anybody is there now. `turned`: that changed, and it is not only said again or of more people. */
  | { readonly kind: "presence"; readonly touchpoint: string; readonly presence: Presence; readonly turned: boolean };

/** Outcome of one step beside the new state. */
export interface Decision {
  /** Events of this step: one transaction. */
  readonly facts: readonly Fact[];
  /** State that must survive a restart, in the same transaction; null deletes the key. */
  readonly keep: Readonly<Record<string, unknown>>;
  /** Done at once: what is felt. */
  readonly atOnce: readonly Effect[];
  /** Done only when the transaction is on disk: what is promised. */
  readonly afterCommit: readonly Effect[];
  /** What came in and was not believed. */
  readonly dropped: readonly Fault[];
}

export const NOTHING: Decision = { facts: [], keep: {}, atOnce: [], afterCommit: [], dropped: [] };

/** Both decisions as one. */
export function both(a: Decision, b: Decision): Decision {
  if (a === NOTHING) return b;
  if (b === NOTHING) return a;
  return {
    facts: [...a.facts, ...b.facts],
    keep: { ...a.keep, ...b.keep },
    atOnce: [...a.atOnce, ...b.atOnce],
    afterCommit: [...a.afterCommit, ...b.afterCommit],
    dropped: [...a.dropped, ...b.dropped],
  };
}

/** UTC text, millisecond precision, of a boottime moment. */
export function utc(moment: Moment, atMs: number): string {
  return new Date(Math.round(moment.unixMs - (moment.ms - atMs))).toISOString();
}
