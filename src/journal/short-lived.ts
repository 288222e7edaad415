// Call-back contacts stay on the disk for as short as can be: deleted when done with or expired, and their bytes wiped.
import type { JournalHead } from "./journal.ts";
import type { Drop } from "./protocol.ts";
import { gapsOver, rangesOf } from "./retention.ts";
import type { Database } from "./sqlite.ts";
import { type Tidier, WAITS } from "./tidy.ts";
import { emptyLog } from "./wipe.ts";

/** The type of event that is short-lived. Its rows have an index of their own: looking for them reads no others. */
export const SHORT_LIVED = "callback";
/** Rows that one transaction deletes, or one look for expired ones reads. */
const SLICE_ROWS = 250;
const EXPIRED = "a call-back contact expired before it was sent";

interface Row {
  readonly stream: string;
  readonly seq: number;
  readonly json: string;
}

/** Makes the index; needs no version of the file: an earlier program keeps it up without knowing it. */
export function indexShortLived(db: Database): void {
  db.exec(`CREATE INDEX IF NOT EXISTS shortLived ON events (seq) WHERE type = '${SHORT_LIVED}'`);
}

export class ShortLived {
  readonly #db: Database;
  readonly #tidier: Tidier;
  readonly #sql: ReturnType<typeof statements>;
  /** There is a contact in the file, or was since it was opened. */
  #met = false;
  /** Some were carried over from another file when this one was made: later none come. */
  readonly #carried: boolean;
  /** The write-ahead log may still hold what was deleted. */
  #toWipe = false;

  constructor(db: Database, tidier: Tidier) {
    this.#db = db;
    this.#tidier = tidier;
    this.#sql = statements(db);
    // What an interrupted run deleted last may still be in its log.
    this.#carried = this.#sql.anyCarried.get() !== undefined;
    if (this.#carried || this.#sql.any.get() !== undefined) {
      this.met();
      this.#toWipe = true;
    }
  }

  /** A contact is written: from now on it is looked for those that are done with. */
  met(): void {
    this.#met = true;
  }

  /** Rows were deleted elsewhere: there may be contacts among them. */
  deleted(): void {
    this.#toWipe ||= this.#met;
  }

  /** Deletes what is done with: sent, or confirmed where the server's word counts; what the broker refused waits to expire. */
  forget({ stream, head }: JournalHead): void {
    if (!this.#met) return;
    // The last row stays until another follows: it proves the head.
    const rows = this.#sql.done.all({ stream, head, limit: SLICE_ROWS }) as number[];
    if (rows.length === 0) return;
    this.#db.transaction(() => {
      for (const range of rangesOf(rows)) this.#tidier.remove(range);
    })();
    this.#toWipe = true;
  }

  /** What nobody confirmed and is too old now: to be deleted with a gap that owns it; null where there is none. */
  expired(own: string, nowMs: number): Drop | null {
    if (!this.#met) return null;
    const past = (row: Row): boolean => expiryOf(row) <= nowMs;
    const rows = (this.#sql.undone.all({ stream: own, limit: SLICE_ROWS }) as Row[]).filter(past);
    const lost = rows.length > 0 || !this.#carried ? rows : (this.#sql.carried.all(SLICE_ROWS) as Row[]).filter(past);
    const stream = lost[0]?.stream;
    if (stream === undefined) return null;
    const ranges = rangesOf(lost.filter((row) => row.stream === stream).map(({ seq }) => seq));
    const types = { [SHORT_LIVED]: ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0) };
    return { stream, ranges, gaps: gapsOver(ranges, EXPIRED, { ...(stream === own ? {} : { stream }), types }) };
  }

  /**
   * Empties the write-ahead log, which holds former states of pages. It never waits: while somebody reads an earlier
   * state, it is tried again at the next look.
   */
  wipe(): void {
    if (this.#toWipe) this.#toWipe = !emptyLog(this.#db);
  }
}

/** UTC milliseconds; a contact whose end cannot be read is not kept. The row may be damaged: it need not be JSON. */
function expiryOf({ json }: Row): number {
  const expiresMs = Date.parse(/"expires":"([^"]+)"/.exec(json)?.[1] ?? "");
  return Number.isNaN(expiresMs) ? 0 : expiresMs;
}

function statements(db: Database) {
  const unsettled = `(${WAITS("events.seq")}
    OR EXISTS (SELECT 1 FROM sent WHERE sent.stream = @stream AND sent.seq = events.seq)
    OR EXISTS (SELECT 1 FROM again WHERE again.stream = @stream AND again.seq = events.seq)
    OR EXISTS (SELECT 1 FROM refused WHERE refused.seq = events.seq))`;
  const from = `events WHERE type = '${SHORT_LIVED}'`;
  return {
    any: db.prepare(`SELECT 1 FROM ${from} LIMIT 1`),
    anyCarried: db.prepare(`SELECT 1 FROM carried WHERE type = '${SHORT_LIVED}' LIMIT 1`),
    done: db.prepare(`SELECT seq FROM ${from} AND seq < @head AND NOT ${unsettled} ORDER BY seq LIMIT @limit`).pluck(),
    undone: db.prepare(`SELECT @stream AS stream, seq, json FROM ${from} AND ${unsettled} ORDER BY seq LIMIT @limit`),
    carried: db.prepare(
      `SELECT stream, seq, json FROM carried WHERE type = '${SHORT_LIVED}' ORDER BY stream, seq LIMIT ?`,
    ),
  };
}
