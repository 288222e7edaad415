// The tables of the view: counts by quarter-hour, day and shift, and how far the journal was read for them.
import { Database } from "../journal/sqlite.ts";
import type { Span } from "../touchpoint/calendar.ts";

/** Raised whenever tables or the meaning of counts change: a file of another version is made anew from the journal. */
const VERSION = 3;

/**
 * Everything can be made again from the journal, as far as that reaches back. `stream` is in the keys because a new journal
 * begins to count anew, while what the former one said of the same day stays.
 */
const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE boots (stream TEXT NOT NULL, boot TEXT NOT NULL, firstSeq INTEGER NOT NULL, unsyncedFirst INTEGER,
    unsyncedLast INTEGER, PRIMARY KEY (stream, boot)) WITHOUT ROWID;
  CREATE TABLE repairs (stream TEXT NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
  CREATE TABLE days (stream TEXT NOT NULL, date TEXT NOT NULL, firstSeq INTEGER NOT NULL, lastSeq INTEGER NOT NULL,
    dirty INTEGER NOT NULL, PRIMARY KEY (stream, date)) WITHOUT ROWID;
  CREATE TABLE quarters (startMs INTEGER NOT NULL, stream TEXT NOT NULL, touchpoint TEXT NOT NULL, counts TEXT NOT NULL,
    PRIMARY KEY (startMs, stream, touchpoint)) WITHOUT ROWID;
  CREATE TABLE dayCounts (date TEXT NOT NULL, stream TEXT NOT NULL, touchpoint TEXT NOT NULL, counts TEXT NOT NULL,
    PRIMARY KEY (date, stream, touchpoint)) WITHOUT ROWID;
  CREATE TABLE shiftCounts (date TEXT NOT NULL, stream TEXT NOT NULL, touchpoint TEXT NOT NULL, shift TEXT NOT NULL,
    staff TEXT NOT NULL, counts TEXT NOT NULL, PRIMARY KEY (date, stream, touchpoint, shift, staff)) WITHOUT ROWID;
  CREATE INDEX shiftCountsByShift ON shiftCounts (shift);
  CREATE TABLE shifts (shift TEXT NOT NULL, touchpoint TEXT NOT NULL, staff TEXT NOT NULL, startMs INTEGER NOT NULL,
    endMs INTEGER, PRIMARY KEY (shift, touchpoint)) WITHOUT ROWID;
  CREATE TABLE alerts (key TEXT PRIMARY KEY, touchpoint TEXT NOT NULL, rev INTEGER NOT NULL, raisedMs INTEGER NOT NULL,
    data TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE published (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, content TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE due (window TEXT NOT NULL, startMs INTEGER NOT NULL, touchpoint TEXT NOT NULL, shift TEXT NOT NULL,
    PRIMARY KEY (window, startMs, touchpoint, shift)) WITHOUT ROWID;`;

/**
 * Opens the view's database, empty where there is none, or none of this version and time zone.
 * @param file `:memory:` for one of this process alone
 */
export function openTables(file: string, timezone: string): Database {
  const db = new Database(file, { timeout: 5_000 });
  // A power cut undoes the last pass, which is made again; it must not leave half of one.
  db.pragma("journal_mode = TRUNCATE");
  db.pragma("synchronous = NORMAL");
  db.pragma("cache_size = -2000");
  // Open alerts stand here with what was said of them: when they go, their words go.
  db.pragma("secure_delete = ON");
  if (Number(db.pragma("user_version", { simple: true })) !== VERSION || timezoneOf(db) !== timezone)
    db.transaction(() => {
      const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
      for (const name of names) db.exec(`DROP TABLE "${name}"`);
      db.exec(TABLES);
      db.prepare("INSERT INTO meta VALUES ('timezone', ?)").run(timezone);
      db.pragma(`user_version = ${VERSION}`);
    }).immediate();
  return db;
}

function timezoneOf(db: Database): unknown {
  const there = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'").pluck().get();
  return there === 0 ? undefined : db.prepare("SELECT value FROM meta WHERE key = 'timezone'").pluck().get();
}

/**
 * Copies what a reader needs of another process's view into this empty one; nothing where it has other tables.
 * @param quarters the span of which single quarter-hours are wanted; older ones are summed up in their days
 */
export function copyTables(db: Database, file: string, quarters: Span): boolean {
  db.prepare("ATTACH ? AS kept").run(file);
  try {
    const version = Number(db.pragma("kept.user_version", { simple: true }));
    if (version !== VERSION) return false;
    const timezone = "SELECT value FROM %.meta WHERE key = 'timezone'";
    const [own, other] = ["main", "kept"].map((name) => db.prepare(timezone.replace("%", name)).pluck().get());
    if (own !== other) return false;
    db.transaction(() => {
      for (const name of ["meta", "boots", "repairs", "days", "dayCounts", "shiftCounts", "shifts", "alerts"])
        db.exec(`INSERT OR REPLACE INTO main.${name} SELECT * FROM kept.${name}`);
      // The last ones always: a day that is counted anew needs what it said before.
      db.prepare(
        `INSERT INTO main.quarters SELECT * FROM kept.quarters WHERE startMs >= @fromMs AND startMs < @toMs
           OR startMs >= (SELECT max(startMs) FROM kept.quarters) - 172800000`,
      ).run(quarters);
    })();
    return true;
  } finally {
    db.exec("DETACH kept");
  }
}
