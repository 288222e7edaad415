// Brings a journal of an earlier version to this one by way of a copy, so that the old file stays whole beside it.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "../durable.ts";
import { makeFile, sizeOf } from "./files.ts";
import { checkVersion, migrate, sumEvents, VERSION } from "./schema.ts";
import { Database } from "./sqlite.ts";
import { keepCopy, placeOfNew } from "./swap.ts";

/** The copy and what SQLite needs while it makes it, as a multiple of the file. */
const ROOM = 2.5;

/**
 * Where the file is of an earlier version: makes the new one beside it, keeps the old one as `{file}.v{version}`, then
 * puts the new one in its place. On a disk without room for a copy the file is changed where it is instead, later, by
 * `migrate`. A power cut at any step leaves the old file or the new one.
 */
export function upgrade(file: string): void {
  if (sizeOf(file) === 0) return;
  const old = new Database(file, { timeout: 5_000 });
  let version: number;
  const fresh = placeOfNew(file);
  try {
    version = checkVersion(old);
    if (version === 0 || version === VERSION) return;
    const disk = statfsSync(dirname(file));
    if (disk.bavail * disk.bsize < (sizeOf(file) + sizeOf(`${file}-wal`)) * ROOM) return;
    old.pragma("wal_checkpoint(TRUNCATE)");
    for (const left of [fresh, `${fresh}-journal`]) rmSync(left, { force: true });
    makeFile(fresh);
    old.pragma("auto_vacuum = INCREMENTAL");
    old.prepare("VACUUM INTO ?").run(fresh);
  } finally {
    old.close();
  }
  const db = new Database(fresh);
  try {
    db.pragma("synchronous = OFF");
    migrate(db);
    sumEvents(db);
  } finally {
    db.close();
  }
  const fd = openSync(fresh, "r+");
  fsyncSync(fd);
  closeSync(fd);
  keepCopy(file, `${file}.v${version}`);
  renameSync(fresh, file);
  syncFolder(file);
}
