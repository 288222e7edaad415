// The journal's files: made for this user only, and locked against a second agent.
import { closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "../durable.ts";
import { Fault } from "../words/errors.ts";
import { Database } from "./sqlite.ts";

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
export function lock(file: string): Database {
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

/** Bytes of a file, 0 where there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The code of a system or SQLite error, or "". */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}
