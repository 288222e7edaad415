// Puts rows that were sent back into the last lane, to be sent once more.

import { LANES } from "../words/events.ts";
import type { Database } from "./sqlite.ts";
import { markSum } from "./sums.ts";

const WAITS = LANES.map((lane) => `EXISTS (SELECT 1 FROM outbox WHERE lane = ${lane} AND outbox.seq = events.seq)`);

/**
 * Rows of the journal's own stream from `from` to `to` that are kept, neither wait nor were refused.
 * @param after the last place given in the lane
 * @returns how many wait again
 */
export function putBackSent(db: Database, stream: string, from: number, to: number, after: number): number {
  return db
    .prepare(
      `INSERT OR IGNORE INTO again (at, stream, seq, sum)
       SELECT @after + row_number() OVER (ORDER BY seq), @stream, seq, ${markSum("seq", "0")} FROM events
       WHERE seq BETWEEN @from AND @to AND NOT (${WAITS.join(" OR ")})
         AND NOT EXISTS (SELECT 1 FROM refused WHERE refused.seq = events.seq)
         AND NOT EXISTS (SELECT 1 FROM again WHERE again.stream = @stream AND again.seq = events.seq)`,
    )
    .run({ stream, from, to, after }).changes;
}

/**
 * Rows that were settled as unconfirmed before `beforeMs` of running time: one half the lowest of the journal's own
 * stream, the others those that were sent longest ago. The server's word is cumulative, so the first row that it misses
 * holds back everything: were it lost once more and then the last in turn, the server would say nothing new for rounds
 * on end. Were there only the lowest, a number that never arrives would keep all others from their turn.
 * @returns how many wait again
 */
export function putBackUnconfirmed(db: Database, own: string, beforeMs: number, limit: number, after: number): number {
  type Key = { readonly stream: string; readonly seq: number };
  const lowest = db
    .prepare("SELECT stream, seq FROM sent WHERE stream = ? AND sentMs <= ? ORDER BY seq LIMIT ?")
    .all(own, beforeMs, Math.ceil(limit / 2)) as Key[];
  const add = db.prepare(
    `INSERT OR IGNORE INTO again (at, stream, seq, sum) VALUES (@at, @stream, @seq, ${markSum("@seq", "0")})`,
  );
  const done = db.prepare("DELETE FROM sent WHERE stream = ? AND seq = ?");
  let queued = 0;
  const putBack = (rows: readonly Key[]): void => {
    for (const { stream, seq } of rows) {
      done.run(stream, seq);
      queued += add.run({ at: after + queued + 1, stream, seq }).changes;
    }
  };
  putBack(lowest);
  putBack(
    db
      .prepare("SELECT stream, seq FROM sent WHERE sentMs <= ? ORDER BY sentMs, seq LIMIT ?")
      .all(beforeMs, limit - lowest.length) as Key[],
  );
  return queued;
}
