// The tables of the journal and the steps from each version of the file to the next.

import { Fault } from "../words/errors.ts";
import type { Database } from "./sqlite.ts";
import { rowSum, valueSum } from "./sums.ts";

/** Marks the file as a journal of this program ("TPJL"), so that another database is never written to. */
export const APPLICATION_ID = 0x54504a4c;

/**
 * Version n of the file is what the first n steps make; a step, once released, is never changed.
 * `outbox` holds what waits for the broker and is all that a drain touches: an event row is written once.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, timeMs INTEGER NOT NULL, json TEXT NOT NULL);
   CREATE TABLE outbox (lane INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (lane, seq)) WITHOUT ROWID;
   CREATE TABLE refused (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL);
   CREATE TABLE keep (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`,
  // Checksums; rows that wait again or were carried over; what was sent and not confirmed; what is no longer there.
  // `sum` of an event of version 1 may stay NULL: it cannot be proved, and is sent as it is.
  `ALTER TABLE events ADD COLUMN sum INTEGER;
   ALTER TABLE meta ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
   UPDATE meta SET sum = valueSum(key, value);
   ALTER TABLE keep ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
   UPDATE keep SET sum = valueSum(key, value);
   ALTER TABLE outbox ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
   UPDATE outbox SET sum = (lane * 2654435761 + seq * 40503 + 7) & 4294967295;
   CREATE TABLE carried (
     id INTEGER PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL, timeMs INTEGER NOT NULL,
     json TEXT NOT NULL, sum INTEGER NOT NULL, UNIQUE (stream, seq));
   CREATE TABLE again (
     at INTEGER PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, sum INTEGER NOT NULL, UNIQUE (stream, seq));
   CREATE TABLE sent (
     stream TEXT NOT NULL, seq INTEGER NOT NULL, sentMs INTEGER NOT NULL, sum INTEGER NOT NULL,
     PRIMARY KEY (stream, seq)) WITHOUT ROWID;
   CREATE INDEX sentByTime ON sent (sentMs);
   CREATE TABLE refusedCarried (stream TEXT NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL,
     PRIMARY KEY (stream, seq)) WITHOUT ROWID;
   CREATE TABLE pruned (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
   CREATE TABLE lost (id INTEGER PRIMARY KEY, gap TEXT NOT NULL);`,
];
export const VERSION = MIGRATIONS.length;

/** What is wrong with a file so that no seq may be given in it. */
export class Damage extends Error {}

/**
 * Refuses what is not a journal, or one from a later version.
 * @throws Damage for another program's database
 * @throws Fault JOURNAL_NEWER
 */
export function checkVersion(db: Database): number {
  const version = Number(db.pragma("user_version", { simple: true }));
  const application = Number(db.pragma("application_id", { simple: true }));
  const tables = Number(db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get());
  if (application !== APPLICATION_ID && (application !== 0 || version !== 0 || tables !== 0))
    throw new Damage("it is not a journal");
  const shaped = tables === 0 ? 0 : shapeOf(db);
  // A number that the tables contradict is a flipped bit, not a later version.
  if (version !== shaped && (version < MIGRATIONS.length || shaped < MIGRATIONS.length || versionTold(db) !== version))
    throw new Damage(`it says version ${version}, its tables are of version ${shaped}`);
  if (version > MIGRATIONS.length)
    throw new Fault("JOURNAL_NEWER", `the journal has version ${version}, this program knows ${MIGRATIONS.length}`, {
      version,
    });
  return version;
}

/**
 * Brings the file to the newest version, each step whole or not at all.
 * @returns the version it was of; 0 for an empty file and for one that needed nothing
 */
export function migrate(db: Database): number {
  const from = checkVersion(db);
  db.function("valueSum", (key, value) => valueSum(String(key), String(value)));
  for (const [done, sql] of MIGRATIONS.entries()) {
    if (done < from) continue;
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${done + 1}`);
      if (done + 1 > 1) putMeta(db, "version", String(done + 1));
    }).exclusive();
  }
  return from === MIGRATIONS.length ? 0 : from;
}

/** Gives every event that has none its checksum: only right on a copy that was just made of a sound file. */
export function sumEvents(db: Database): void {
  db.function("rowSum", (seq, type, timeMs, json) => rowSum(Number(seq), String(type), Number(timeMs), String(json)));
  db.exec("UPDATE events SET sum = rowSum(seq, type, timeMs, json) WHERE sum IS NULL");
}

/** Writes one value that describes the journal itself. */
export function putMeta(db: Database, key: string, value: string): void {
  db.prepare(
    "INSERT INTO meta (key, value, sum) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, sum = excluded.sum",
  ).run(key, value, valueSum(key, value));
}

/**
 * One value that describes the journal itself.
 * @throws Damage where it is not what was written
 */
export function metaOf(db: Database, key: string): string | undefined {
  const row = db.prepare("SELECT * FROM meta WHERE key = ?").get(key) as { value: string; sum?: number } | undefined;
  if (row?.sum !== undefined && row.sum !== valueSum(key, row.value))
    throw new Damage(`the journal's ${key} is damaged`);
  return row?.value;
}

/** The version that the tables are of. */
function shapeOf(db: Database): number {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  return tables.includes("carried") ? MIGRATIONS.length : 1;
}

function versionTold(db: Database): number {
  return Number(metaOf(db, "version") ?? 1);
}
