// Opens the journal's file, and gives it up where the next seq could not be trusted.
import { randomUUID } from "node:crypto";
import Database from "better-sqlite3";
import { isDamage } from "./failure.ts";
import { isTruncated, lock, makeFile, makeFolder, setAside } from "./files.ts";
import type { Opened, Opening, SetAside } from "./protocol.ts";
import { Damage, migrate } from "./schema.ts";
import {
  CHECKPOINT_PAGES,
  type Checked,
  metaOf,
  PAGE_BYTES,
  prepareAll,
  readHead,
  SqliteStore,
  type Store,
} from "./store.ts";

/**
 * Opens the journal, making it where there is none. A file that is damaged, that knows less than was committed, or
 * that another machine wrote is set aside, and a new stream begins: a seq given twice would be a loss at the server.
 * @param told hears of a file that was set aside, at once
 * @throws Fault JOURNAL_LOCKED, JOURNAL_NEWER, or what the file system and SQLite throw
 */
export function openStore(opening: Opening, told: (aside: SetAside) => void): { store: Store; opened: Opened } {
  const { file, machine, stamp } = opening;
  makeFolder(file);
  const holder = lock(file);
  try {
    const damaged = (reason: string): void =>
      told({ code: "JOURNAL_DAMAGED", reason, file: setAside(file, "damaged", stamp) });
    if (opening.damaged !== undefined) damaged(opening.damaged);
    const fresh = { file, machine, stamp };
    let checked: Checked;
    try {
      checked = openChecked(opening.damaged === undefined ? opening : fresh);
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      damaged(thrown instanceof Error ? thrown.message : String(thrown));
      checked = openChecked(fresh);
    }
    if (checked.machine !== "" && machine !== "" && checked.machine !== machine) {
      checked.db.close();
      told({ code: "JOURNAL_MOVED", reason: "another machine wrote it", file: setAside(file, "moved", stamp) });
      checked = openChecked(fresh);
    }
    const { stream, head } = checked.head;
    return { store: new SqliteStore(checked, holder), opened: { stream, head } };
  } catch (thrown) {
    holder.close();
    throw thrown;
  }
}

/** Opens one file as it is and makes sure that the next seq can be given in it. */
function openChecked(opening: Opening): Checked {
  makeFile(opening.file);
  if (isTruncated(opening.file)) throw new Damage("the file is shorter than its header says");
  const db = new Database(opening.file, { timeout: 5_000 });
  try {
    db.pragma("cache_size = -4096");
    migrate(db);
    if (db.pragma("journal_mode = WAL", { simple: true }) !== "wal")
      throw new Error("no write-ahead log is possible here");
    db.pragma("synchronous = FULL");
    // A net only: the thread copies the log itself when nobody waits.
    db.pragma(`wal_autocheckpoint = ${8 * CHECKPOINT_PAGES}`);
    db.pragma(`journal_size_limit = ${4 * CHECKPOINT_PAGES * PAGE_BYTES}`);
    if (metaOf(db, "stream") === undefined) begin(db, opening.machine);
    proveHead(db, opening.expect);
    return { db, machine: metaOf(db, "machine") ?? "", head: readHead(db), sql: prepareAll(db) };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function begin(db: Database.Database, machine: string): void {
  if (db.prepare("SELECT 1 FROM events LIMIT 1").get() !== undefined) throw new Damage("the stream's name is lost");
  const put = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
  db.transaction(() => {
    put.run("stream", randomUUID());
    put.run("machine", machine);
  }).immediate();
}

/** @throws Damage where the last seq is not beyond doubt */
function proveHead(db: Database.Database, expect: Opening["expect"]): void {
  const stream = metaOf(db, "stream");
  const last = db.prepare("SELECT seq, json FROM events ORDER BY seq DESC LIMIT 1").get() as
    | { seq: number; json: string }
    | undefined;
  if (last !== undefined && !last.json.includes(`,"stream":"${stream}","seq":${last.seq},`))
    throw new Damage("the last event is not of this stream");
  if (expect !== undefined && (expect.stream !== stream || (last?.seq ?? 0) < expect.head))
    throw new Damage("events that were committed are missing");
}
