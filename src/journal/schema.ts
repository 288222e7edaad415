// The tables of the journal and the steps from each version of the file to the next.
import type { Database } from "better-sqlite3";
import { Fault } from "../words/errors.ts";

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
];

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
  if (application !== APPLICATION_ID) {
    const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
    if (application !== 0 || version !== 0 || tables !== 0) throw new Damage("it is not a journal");
  }
  if (version > MIGRATIONS.length)
    throw new Fault("JOURNAL_NEWER", `the journal has version ${version}, this program knows ${MIGRATIONS.length}`, {
      version,
    });
  return version;
}

/** Brings the file to the newest version, each step whole or not at all. */
export function migrate(db: Database): void {
  const from = checkVersion(db);
  for (const [done, sql] of MIGRATIONS.entries()) {
    if (done < from) continue;
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${done + 1}`);
    }).exclusive();
  }
}
