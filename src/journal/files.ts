// The journal's files: made for this user only, locked against a second agent, set aside when they cannot be trusted.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Fault } from "../words/errors.ts";

const SQLITE_HEADER_BYTES = 100;

/**
 * Makes the folder of `file` and those above it, for this user only, where they are missing. One by one: Node's
 * `recursive` never returns on a file system that refuses a new folder with ENOENT, as /proc does.
 */
export function makeFolder(file: string): void {
  const folder = dirname(file);
  if (existsSync(folder)) return;
  makeFolder(folder);
  mkdirSync(folder, { mode: 0o700 });
}

/** Makes an empty file, for this user only, where there is none; SQLite gives its side files the same mode. */
export function makeFile(file: string): void {
  if (existsSync(file)) return;
  closeSync(openSync(file, "a", 0o600));
  syncFolder(file);
}

/**
 * Takes the data folder for this process until the returned connection is closed or the process dies. The lock is a
 * file of its own, so that reading next to a running agent stays possible.
 * @throws Fault JOURNAL_LOCKED
 */
export function lock(file: string): Database.Database {
  const holder = new Database(`${file}.lock`, { timeout: 0 });
  try {
    holder.pragma("journal_mode = OFF");
    holder.exec("BEGIN EXCLUSIVE");
    return holder;
  } catch (thrown) {
    holder.close();
    if (codeOf(thrown).startsWith("SQLITE_BUSY"))
      throw new Fault("JOURNAL_LOCKED", "another process has this journal open", {}, thrown);
    throw thrown;
  }
}

/** Moves the journal and its write-ahead log to `{file}.{why}-{stamp}` and returns the new name. */
export function setAside(file: string, why: string, stamp: string): string {
  let aside = `${file}.${why}-${stamp}`;
  for (let n = 2; existsSync(aside); n++) aside = `${file}.${why}-${stamp}-${n}`;
  // The log goes first: left behind alone it could be taken for the log of the file that follows.
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
  rmSync(`${file}-shm`, { force: true });
  if (existsSync(file)) renameSync(file, aside);
  syncFolder(file);
  return aside;
}

/** True where the file ends before the last page its header counts, and no write-ahead log holds the rest. */
export function isTruncated(file: string): boolean {
  const bytes = statSync(file).size;
  if (bytes === 0 || sizeOf(`${file}-wal`) > 0) return false;
  const header = Buffer.alloc(SQLITE_HEADER_BYTES);
  const opened = openSync(file, "r");
  try {
    if (readSync(opened, header, 0, SQLITE_HEADER_BYTES, 0) < SQLITE_HEADER_BYTES) return true;
  } finally {
    closeSync(opened);
  }
  // Offsets 16 and 28 of the SQLite file format: page size (1 stands for 65536) and size of the database in pages.
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  return bytes < pageSize * header.readUInt32BE(28);
}

/** Bytes of a file, 0 where there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The code of a system or SQLite error, or "". */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}

function syncFolder(file: string): void {
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
}
