// Steps that wait for the disk: bounded, in order, and what had to be dropped is owned by a gap. Pure.

import { Fault } from "../words/errors.ts";
import type { Stamped } from "../words/events.ts";
import type { Committed, Step } from "./journal.ts";
import type { Batch, Drop, Entry, Loss } from "./protocol.ts";
import { type Gap, LOW_VALUE } from "./retention.ts";
import type { Wipe } from "./wipe.ts";

/** Bounds of what waits in memory while the disk does not answer. */
export interface QueueBounds {
  /** More waiting events than this, and the oldest of low value are dropped. */
  readonly events: number;
  /** More waiting steps than this, and new ones are refused. */
  readonly steps: number;
}
export const DEFAULT_BOUNDS: QueueBounds = { events: 10_000, steps: 20_000 };

/** One transaction takes no more than this, so that no sync keeps the next steps waiting for long. */
const BATCH_STEPS = 500;
const BATCH_EVENTS = 2_000;
/** While the disk is full a gap is written only for this many lost events: each gap takes space too. */
const LOST_WORTH_A_GAP = 500;
/** Losses that one transaction owns. */
const BATCH_LOSSES = 50;

/** Rows that go in the transaction of a step, whose own events own them. */
export interface Erasure {
  readonly parts: readonly Pick<Drop, "stream" | "ranges">[];
  readonly wipe: Wipe;
}

interface Waiting {
  entries: Entry[];
  readonly keep: readonly (readonly [string, string | null])[];
  readonly erasure?: Erasure | undefined;
  readonly settled: (outcome: Committed | Fault) => void;
}

interface Lost {
  readonly reason: string;
  readonly types: Record<string, number>;
}

/** A batch on its way, and whom to tell. */
export interface Cargo {
  readonly batch: Batch;
  readonly steps: readonly Waiting[];
  readonly lost: Lost | undefined;
  readonly losses: readonly Loss[];
  /** Head after the batch. */
  readonly expected: number;
}

export class StepQueue {
  readonly #bounds: QueueBounds;
  readonly #gap: (data: Gap) => Stamped;
  #steps: Waiting[] = [];
  #events = 0;
  #lowValue = 0;
  #lost: Lost | undefined;
  #losses: Loss[] = [];
  #drops: Drop[] = [];
  #low = false;

  /** @param gap makes the event that owns a loss */
  constructor(bounds: QueueBounds, gap: (data: Gap) => Stamped) {
    this.#bounds = bounds;
    this.#gap = gap;
  }

  get isEmpty(): boolean {
    return (
      this.#steps.length === 0 && this.#losses.length === 0 && this.#drops.length === 0 && this.#lostDue() === undefined
    );
  }

  /** Rows wait to be deleted. */
  get isDropping(): boolean {
    return this.#drops.length > 0;
  }

  /** The disk is full, or no longer: meanwhile events of low value are dropped as they come. */
  set low(low: boolean) {
    this.#low = low;
  }

  /** Losses that the file knows and no gap owns yet; they replace those of an earlier file. */
  owe(losses: readonly Loss[]): void {
    this.#losses = [...losses];
  }

  /** Rows to be deleted with gaps that own them; undefined forgets those that wait, because their file is gone. */
  drop(drop: Drop | undefined): void {
    this.#drops = drop === undefined ? [] : [...this.#drops, drop];
  }

  /**
   * Adds a step at the end.
   * @throws Fault JOURNAL_WRITE beyond the bound of steps; TypeError where data is no JSON
   */
  add(step: Step, settled: (outcome: Committed | Fault) => void, erasure?: Erasure): void {
    let entries = step.events.map(entryOf);
    if (this.#low) {
      this.#lose(
        entries.filter((entry) => LOW_VALUE.has(entry.type)),
        "the disk is full",
      );
      entries = entries.filter((entry) => !LOW_VALUE.has(entry.type));
    }
    if (this.#steps.length >= this.#bounds.steps) {
      this.#lose(entries, "the disk failed and memory was full");
      throw new Fault("JOURNAL_WRITE", "too many steps wait for the disk", { waiting: this.#steps.length });
    }
    const keep = Object.entries(step.keep).map(([key, value]) => [key, jsonOrNull(value)] as const);
    this.#steps.push({ entries, keep, settled, erasure });
    this.#count(entries, 1);
    if (this.#events > this.#bounds.events) this.#shed();
  }

  /** Takes the next batch; undefined where nothing waits. */
  take(head: number): Cargo | undefined {
    if (this.isEmpty) return undefined;
    const lost = this.#lostDue();
    if (lost !== undefined) this.#lost = undefined;
    const skip = lost === undefined ? 0 : sum(lost.types);
    const entries: Entry[] = [];
    if (lost !== undefined) {
      const { reason, types } = lost;
      const data = { source: "journal", from: head + 1, to: head + skip, count: skip, types, reason } as const;
      entries.push(entryOf(this.#gap(data)));
    }
    const losses = this.#losses.splice(0, BATCH_LOSSES);
    const drops = this.#drops.splice(0);
    const owned = [...losses.map((loss) => loss.gap), ...drops.flatMap((drop) => drop.gaps)];
    for (const gap of owned) entries.push(entryOf(this.#gap(gap)));
    const keep = new Map<string, string | null>();
    let taken = 0;
    for (const step of this.#steps) {
      if (taken === BATCH_STEPS || (taken > 0 && entries.length + step.entries.length > BATCH_EVENTS)) break;
      entries.push(...step.entries);
      for (const [key, value] of step.keep) keep.set(key, value);
      taken += 1;
    }
    const steps = this.#steps.splice(0, taken);
    const erasures = steps.flatMap(({ erasure }) => erasure ?? []);
    for (const { parts } of erasures) drops.push(...parts.map((part) => ({ ...part, gaps: [] })));
    for (const step of steps) this.#count(step.entries, -1);
    const batch = {
      head,
      skip,
      entries,
      keep: [...keep],
      ...(losses.length === 0 ? {} : { told: losses.map((loss) => loss.id) }),
      ...(drops.length === 0 ? {} : { drops }),
      ...(erasures[0] === undefined ? {} : { wipe: erasures.find(({ wipe }) => wipe === "file")?.wipe ?? "rows" }),
    };
    return { batch, steps, lost, losses, expected: head + skip + entries.length };
  }

  /** Puts a batch that was certainly not written back to the front: it belonged to a stream that ended. */
  putBack(cargo: Cargo): void {
    this.#steps = [...cargo.steps, ...this.#steps];
    for (const step of cargo.steps) this.#count(step.entries, 1);
    for (const [type, count] of Object.entries(cargo.lost?.types ?? {}))
      this.#tally(type, count, cargo.lost?.reason ?? "");
  }

  /** Tells every waiting step the same. */
  refuseAll(fault: Fault): void {
    for (const step of this.#steps.splice(0)) step.settled(fault);
  }

  /** What was lost in memory, where its gap is due. */
  #lostDue(): Lost | undefined {
    const waits = this.#low && this.#lost !== undefined && sum(this.#lost.types) < LOST_WORTH_A_GAP;
    return waits ? undefined : this.#lost;
  }

  #shed(): void {
    for (const step of this.#steps) {
      if (this.#lowValue === 0 || this.#events <= this.#bounds.events) return;
      const dropped = step.entries.filter((entry) => LOW_VALUE.has(entry.type));
      if (dropped.length === 0) continue;
      this.#count(step.entries, -1);
      step.entries = step.entries.filter((entry) => !LOW_VALUE.has(entry.type));
      this.#count(step.entries, 1);
      this.#lose(dropped, "the disk failed and too much waited in memory");
    }
  }

  #lose(entries: readonly Entry[], reason: string): void {
    for (const entry of entries) this.#tally(entry.type, 1, reason);
  }

  #tally(type: string, count: number, reason: string): void {
    this.#lost ??= { reason, types: {} };
    this.#lost.types[type] = (this.#lost.types[type] ?? 0) + count;
  }

  #count(entries: readonly Entry[], sign: 1 | -1): void {
    this.#events += sign * entries.length;
    if (entries.length > 0) this.#lowValue += sign * entries.filter((entry) => LOW_VALUE.has(entry.type)).length;
  }
}

/** Tells each step of a written batch which numbers its events got. */
export function tellSteps(cargo: Cargo): void {
  const own = cargo.steps.reduce((count, step) => count + step.entries.length, 0);
  // Gaps come first.
  let seq = cargo.expected - own;
  for (const step of cargo.steps) {
    const count = step.entries.length;
    step.settled(count === 0 ? {} : { firstSeq: seq + 1, lastSeq: seq + count });
    seq += count;
  }
}

/** True where a batch only asks whether all before it is done. */
export function isBarrier(batch: Batch): boolean {
  return batch.entries.length === 0 && batch.keep.length === 0 && batch.drops === undefined;
}

/** Field order is the contract's; stream and seq come between the halves, inside the transaction. */
function entryOf(event: Stamped): Entry {
  const { v, id, type, time, tz, clock, boot, mono, site, device, touchpoint, data } = event;
  return {
    type,
    timeMs: Date.parse(time),
    before: JSON.stringify({ v, id }).slice(0, -1),
    after: JSON.stringify({ type, time, tz, clock, boot, mono, site, device, touchpoint, data }).slice(1),
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
