// Histories for the tests: rows as a journal holds them, and a journal of rows in memory that is read like one on disk.
import { randomUUID } from "node:crypto";
import type { StoredEvent } from "../../src/journal/read.ts";
import type { Source } from "../../src/rollups/view.ts";
import type { EventData, EventType, Stamped } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";

/** An event of this type at a moment, valid but for what the case is about. */
export function said<T extends EventType>(
  type: T,
  time: string | number,
  data: Partial<EventData[T]> = {},
  more: Partial<Stamped> = {},
): Stamped {
  const event = stamped(type, 0);
  return {
    ...event,
    time: new Date(time).toISOString(),
    touchpoint: "till",
    ...more,
    data: { ...event.data, ...data },
  };
}

export class History implements Source {
  readonly stream = randomUUID();
  readonly rows: (StoredEvent & { readonly event: Stamped })[] = [];
  /** Rows that were deleted from the beginning of `rows`. */
  readonly gone: unknown[] = [];
  /** How many rows were read. */
  reads = 0;

  push(...events: readonly Stamped[]): void {
    for (const event of events) this.#put(this.rows.length + this.gone.length, event);
  }

  /** Rewrites a row where it stands, as the repair of a clock does. */
  rewrite(seq: number, change: (event: Stamped) => Stamped): void {
    const row = this.rows[seq - 1];
    if (row !== undefined) this.#put(seq - 1, change(row.event));
  }

  #put(index: number, event: Stamped): void {
    const seq = index + 1;
    const at = index - this.gone.length;
    const json = JSON.stringify({ ...event, stream: this.stream, seq });
    this.rows[at] = { seq, type: event.type, timeMs: Date.parse(event.time), json, event };
  }

  head(): { stream: string; head: number } {
    return { stream: this.stream, head: this.rows.length + this.gone.length };
  }

  *events({ afterSeq = 0, throughSeq = Number.MAX_SAFE_INTEGER, types }: Parameters<Source["events"]>[0] = {}) {
    const index = (seq: number): number => Math.max(0, seq - this.gone.length);
    for (const row of this.rows.slice(index(afterSeq), index(throughSeq))) {
      this.reads += 1;
      if (types === undefined || types.includes(row.type)) yield row;
    }
  }
}
