// The statements over the journal's tables, and the state that the uplink sees read from them.

import { LANES } from "../words/events.ts";
import type { JournalHead } from "./journal.ts";
import { metaOf } from "./schema.ts";
import type { Database } from "./sqlite.ts";
import { markSum } from "./sums.ts";

const LANE_LIST = LANES.join(", ");
const MIN_WAITING = `SELECT min(seq) FROM (${LANES.map((lane) => `SELECT min(seq) AS seq FROM outbox WHERE lane = ${lane}`).join(" UNION ALL ")})`;
const COUNTS = {
  head: "SELECT max(seq) FROM events",
  oldest: MIN_WAITING,
  waiting: "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM again)",
  refused: "SELECT (SELECT count(*) FROM refused) + (SELECT count(*) FROM refusedCarried)",
};
/** A file of version 1, read beside a running agent of that version. */
const COUNTS_1 = {
  ...COUNTS,
  waiting: "SELECT count(*) FROM outbox",
  refused: "SELECT count(*) FROM refused",
};

/** The state that the uplink sees; the reader beside a running agent uses it too. */
export function readHead(db: Database): JournalHead {
  const counts = metaOf(db, "version") === undefined ? COUNTS_1 : COUNTS;
  const one = (sql: string): number => Number(db.prepare(sql).pluck().get() ?? 0);
  const head = one(counts.head);
  const oldest = one(counts.oldest);
  return {
    stream: metaOf(db, "stream") ?? "",
    head,
    done: oldest === 0 ? head : oldest - 1,
    confirmed: Number(metaOf(db, "confirmed") ?? 0),
    waiting: one(counts.waiting),
    refused: one(counts.refused),
  };
}

/** Every statement of the store: a table or column that is missing shows here, at the start. */
export function prepareAll(db: Database) {
  return {
    event: db.prepare("INSERT INTO events (seq, type, timeMs, json, sum) VALUES (?, ?, ?, ?, ?)"),
    outbox: db.prepare(`INSERT INTO outbox (lane, seq, sum) VALUES (@lane, @seq, ${markSum("@lane", "@seq")})`),
    keep: db.prepare(
      `INSERT INTO keep (key, value, sum) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, sum = excluded.sum`,
    ),
    forget: db.prepare("DELETE FROM keep WHERE key = ?"),
    told: db.prepare("DELETE FROM lost WHERE id = ?"),
    settle: db.prepare(`DELETE FROM outbox WHERE lane IN (${LANE_LIST}) AND seq = ?`),
    settleRun: db.prepare(`DELETE FROM outbox WHERE lane IN (${LANE_LIST}) AND seq BETWEEN ? AND ?`),
    settleAgain: db.prepare("DELETE FROM again WHERE stream = ? AND seq = ?"),
    sent: db.prepare(
      `INSERT INTO sent (stream, seq, sentMs, sum) VALUES (@stream, @seq, @sentMs, ${markSum("@seq", "0")})
       ON CONFLICT DO UPDATE SET sentMs = excluded.sentMs`,
    ),
    unsend: db.prepare("DELETE FROM sent WHERE stream = ? AND seq = ?"),
    confirmedSent: db.prepare("DELETE FROM sent WHERE stream = ? AND seq <= ?"),
    refuse: db.prepare("INSERT OR REPLACE INTO refused (seq, reason) VALUES (?, ?)"),
    refuseCarried: db.prepare("INSERT OR REPLACE INTO refusedCarried (stream, seq, reason) VALUES (?, ?, ?)"),
    forgetCarried: db.prepare("DELETE FROM carried WHERE stream = ? AND seq = ?"),
    confirmedCarried: db.prepare("DELETE FROM carried WHERE stream = ? AND seq <= ?"),
    confirmedAgain: db.prepare("DELETE FROM again WHERE stream = ? AND seq <= ?"),
    kept: db.prepare("SELECT key, value, sum FROM keep WHERE substr(key, 1, length(@prefix)) = @prefix"),
    waiting: db.prepare(
      `SELECT outbox.seq AS at, outbox.seq, outbox.lane, outbox.sum IS ${markSum("outbox.lane", "outbox.seq")} AS marked,
         events.type, events.timeMs, events.json, events.sum
       FROM outbox LEFT JOIN events USING (seq)
       WHERE outbox.lane = ? AND outbox.seq > ? ORDER BY outbox.seq LIMIT ?`,
    ),
    waitingAgain: db.prepare(
      `SELECT again.at, again.stream, again.seq, again.sum IS ${markSum("again.seq", "0")} AS marked,
         coalesce(events.type, carried.type) AS type, coalesce(events.timeMs, carried.timeMs) AS timeMs,
         coalesce(events.json, carried.json) AS json,
         CASE WHEN events.seq IS NULL THEN carried.sum ELSE events.sum END AS sum
       FROM again
         LEFT JOIN events ON again.stream = @own AND events.seq = again.seq
         LEFT JOIN carried ON carried.stream = again.stream AND carried.seq = again.seq
       WHERE again.at > @after ORDER BY again.at LIMIT @limit`,
    ),
    oldest: db.prepare(MIN_WAITING).pluck(),
    lastAgain: db.prepare("SELECT max(at) FROM again").pluck(),
  };
}
export type Statements = ReturnType<typeof prepareAll>;
