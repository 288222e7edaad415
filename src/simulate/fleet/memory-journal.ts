// A journal in memory that obeys the seam, for a fleet in one process and for tests; it promises nothing about disks.
import { randomUUID } from "node:crypto";
import {
  AGAIN_LANE,
  type Committed,
  type Journal,
  type JournalHead,
  type JournalUsage,
  type OutboxRow,
  type Repaired,
  type RowFate,
  type Step,
} from "../../journal/journal.ts";
import { LANE, type Stamped } from "../../words/events.ts";

export class MemoryJournal implements Journal {
  readonly stream = randomUUID();
  /** Why the broker refused a row for good, by seq. */
  readonly refused = new Map<number, string>();
  /** What was kept: key → JSON value. */
  readonly keep = new Map<string, unknown>();
  /** What `witness` was told. */
  readonly witnessed: { readonly stream: string; readonly head: number }[] = [];
  confirmed = 0;
  closed = false;
  readonly #lanes = new Map<number, OutboxRow[]>();
  readonly #settled = new Set<number>();
  /** What the broker has and the server did not confirm: seq → when it was settled, by `performance.now`. */
  readonly #unconfirmed = new Map<number, number>();
  #again: OutboxRow[] = [];
  #places = 0;
  readonly #listeners: (() => void)[] = [];
  #head = 0;
  #done = 0;

  /** Commits one event into a lane of its own choice: no event of this version is as urgent as lane 0. */
  urgent(event: Stamped, lane: number): number {
    this.#add(event, lane);
    for (const listener of this.#listeners) listener();
    return this.#head;
  }

  async commit(step: Step): Promise<Committed> {
    if (this.closed) throw new Error("the journal is closed");
    for (const [key, value] of Object.entries(step.keep))
      if (value === null) this.keep.delete(key);
      else this.keep.set(key, structuredClone(value));
    const firstSeq = this.#head + 1;
    for (const event of step.events) this.#add(event, LANE[event.type]);
    if (step.events.length === 0) return {};
    for (const listener of this.#listeners) listener();
    return { firstSeq, lastSeq: this.#head };
  }

  async kept(prefix: string): Promise<Record<string, unknown>> {
    return Object.fromEntries([...this.keep].filter(([key]) => key.startsWith(prefix)));
  }

  async waiting(lane: number, after: number, limit: number): Promise<OutboxRow[]> {
    if (lane === AGAIN_LANE) return this.#again.filter((row) => row.at > after).slice(0, limit);
    const rows = this.#lane(lane);
    const found: OutboxRow[] = [];
    for (let i = firstAfter(rows, after); i < rows.length && found.length < limit; i += 1) {
      const row = rows[i];
      if (row !== undefined && !this.#settled.has(row.seq)) found.push(row);
    }
    return found;
  }

  settle(fates: readonly RowFate[]): void {
    for (const { seq, refused, unconfirmed } of fates) {
      this.#settled.add(seq);
      this.#again = this.#again.filter((row) => row.seq !== seq);
      if (unconfirmed === true && seq > this.confirmed) this.#unconfirmed.set(seq, performance.now());
      if (refused !== undefined) this.refused.set(seq, refused);
    }
    while (this.#settled.has(this.#done + 1)) this.#done += 1;
  }

  confirm(stream: string, upto: number): void {
    if (stream !== this.stream) return;
    this.confirmed = Math.max(this.confirmed, Math.min(upto, this.#head));
    for (const seq of this.#unconfirmed.keys()) if (seq <= this.confirmed) this.#unconfirmed.delete(seq);
  }

  async resend(from: number, to: number): Promise<{ queued: number }> {
    return this.#putBack((seq) => seq >= from && seq <= to && this.#settled.has(seq) && !this.refused.has(seq));
  }

  async resendUnconfirmed(olderThanMs: number, limit: number): Promise<{ queued: number }> {
    const before = performance.now() - olderThanMs;
    const due = [...this.#unconfirmed].filter(([, settledMs]) => settledMs <= before).slice(0, limit);
    for (const [seq] of due) this.#unconfirmed.delete(seq);
    return this.#putBack((seq) => due.some(([one]) => one === seq));
  }

  /** Rows in memory keep their times. */
  async repairTime(): Promise<Repaired> {
    return { corrected: 0, alreadySent: 0 };
  }

  async witness(stream: string, head: number): Promise<boolean> {
    this.witnessed.push({ stream, head });
    return stream === this.stream && head > this.#head;
  }

  async usage(): Promise<JournalUsage> {
    return {
      bytes: 0,
      usedBytes: 0,
      maxBytes: 0,
      freeBytes: 0,
      reserve: false,
      rows: this.#head,
      rowBytesPerDay: 0,
      writtenBytesPerDay: 0,
      autonomyDays: null,
      cardYears: null,
    };
  }

  async head(): Promise<JournalHead> {
    return {
      stream: this.stream,
      head: this.#head,
      done: this.#done,
      confirmed: this.confirmed,
      waiting: this.#head - this.#settled.size,
      refused: this.refused.size,
    };
  }

  onCommitted(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #add(event: Stamped, lane: number): void {
    this.#head += 1;
    const { v, id, ...rest } = event;
    const json = JSON.stringify({ v, id, stream: this.stream, seq: this.#head, ...rest });
    this.#lane(lane).push({ at: this.#head, stream: this.stream, seq: this.#head, lane, type: event.type, json });
  }

  #putBack(fits: (seq: number) => boolean): { queued: number } {
    const rows = [...this.#lanes.values()].flat().filter((row) => fits(row.seq));
    const fresh = rows.filter((row) => !this.#again.some((one) => one.seq === row.seq));
    for (const row of fresh.sort((a, b) => a.seq - b.seq)) {
      this.#places += 1;
      this.#again.push({ ...row, at: this.#places, lane: AGAIN_LANE });
    }
    if (fresh.length > 0) for (const listener of this.#listeners) listener();
    return { queued: fresh.length };
  }

  #lane(number: number): OutboxRow[] {
    const rows = this.#lanes.get(number) ?? [];
    this.#lanes.set(number, rows);
    return rows;
  }
}

/** Index of the first row with a seq above `seq`. */
function firstAfter(rows: readonly OutboxRow[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.seq ?? 0) > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}
