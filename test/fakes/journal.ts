// A journal in memory that obeys the seam: for tests of what reads and writes it, not for its own promises about disks.
import { randomUUID } from "node:crypto";
import type { Committed, Journal, JournalHead, OutboxRow, RowFate, Step } from "../../src/journal/journal.ts";
import { LANE } from "../../src/words/events.ts";

export class MemoryJournal implements Journal {
  readonly stream = randomUUID();
  /** Why the broker refused a row for good, by seq. */
  readonly refused = new Map<number, string>();
  /** What was kept: key → JSON value. */
  readonly keep = new Map<string, unknown>();
  confirmed = 0;
  closed = false;
  readonly #lanes = new Map<number, OutboxRow[]>();
  readonly #settled = new Set<number>();
  readonly #listeners: (() => void)[] = [];
  #head = 0;
  #done = 0;

  async commit(step: Step): Promise<Committed> {
    if (this.closed) throw new Error("the journal is closed");
    for (const [key, value] of Object.entries(step.keep))
      if (value === null) this.keep.delete(key);
      else this.keep.set(key, structuredClone(value));
    const firstSeq = this.#head + 1;
    for (const event of step.events) {
      this.#head += 1;
      const { v, id, ...rest } = event;
      const row = {
        stream: this.stream,
        seq: this.#head,
        lane: LANE[event.type],
        type: event.type,
        json: JSON.stringify({ v, id, stream: this.stream, seq: this.#head, ...rest }),
      };
      this.#lane(row.lane).push(row);
    }
    if (step.events.length === 0) return {};
    for (const listener of this.#listeners) listener();
    return { firstSeq, lastSeq: this.#head };
  }

  async kept(prefix: string): Promise<Record<string, unknown>> {
    return Object.fromEntries([...this.keep].filter(([key]) => key.startsWith(prefix)));
  }

  async waiting(lane: number, afterSeq: number, limit: number): Promise<OutboxRow[]> {
    const rows = this.#lane(lane);
    const found: OutboxRow[] = [];
    for (let i = firstAfter(rows, afterSeq); i < rows.length && found.length < limit; i += 1) {
      const row = rows[i];
      if (row !== undefined && !this.#settled.has(row.seq)) found.push(row);
    }
    return found;
  }

  settle(fates: readonly RowFate[]): void {
    for (const { seq, refused } of fates) {
      this.#settled.add(seq);
      if (refused !== undefined) this.refused.set(seq, refused);
    }
    while (this.#settled.has(this.#done + 1)) this.#done += 1;
  }

  confirm(stream: string, upto: number): void {
    if (stream === this.stream) this.confirmed = Math.max(this.confirmed, Math.min(upto, this.#head));
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
