// Puts a new journal in the place of an old one, so that a power cut at any step leaves the old or the new one whole.
import { existsSync, linkSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "../durable.ts";
import { sizeOf } from "./files.ts";
import { metaOf } from "./schema.ts";
import { Database } from "./sqlite.ts";

/** Files that were set aside and are kept; older ones are removed, their rows were saved when they were set aside. */
const MOST_ASIDE = 3;
/** In a new journal that waits for its place: the name that the old one gets. */
export const ASIDE_KEY = "aside";

/** Where a new journal is made. */
export function placeOfNew(file: string): string {
  return `${file}.new`;
}

/**
 * Takes a new journal, complete and synced at `placeOfNew`, into the place of `file`; the old one and its log get the
 * name in the new one's meta.
 */
export function swapIn(file: string, aside: string): void {
  moveAside(file, aside);
  renameSync(placeOfNew(file), file);
  syncFolder(file);
}

/** Finishes what a power cut interrupted, or forgets a new journal that was not complete. */
export function finishSwap(file: string): void {
  const fresh = placeOfNew(file);
  if (!existsSync(fresh)) return;
  const aside = existsSync(file) ? undefined : completed(fresh);
  if (aside !== undefined) swapIn(file, aside);
  for (const left of [fresh, `${fresh}-journal`, `${fresh}-wal`, `${fresh}-shm`]) rmSync(left, { force: true });
}

/** The name for a file that is set aside. */
export function asideName(file: string, why: string, stamp: string): string {
  let aside = `${file}.${why}-${stamp}`;
  for (let n = 2; existsSync(aside); n++) aside = `${file}.${why}-${stamp}-${n}`;
  return aside;
}

/** Moves a file and its write-ahead log out of the way. */
export function moveAside(file: string, aside: string): void {
  if (existsSync(file)) renameSync(file, aside);
  // A log left behind alone could be taken for the log of the file that follows.
  if (sizeOf(`${file}-wal`) > 0) renameSync(`${file}-wal`, `${aside}-wal`);
  rmSync(`${file}-wal`, { force: true });
  rmSync(`${file}-shm`, { force: true });
  syncFolder(file);
}

/** Keeps a second name for a file that is about to be replaced. */
export function keepCopy(file: string, copy: string): void {
  rmSync(copy, { force: true });
  linkSync(file, copy);
  syncFolder(file);
}

/** Removes all but the newest files that were set aside. */
export function thinAsides(file: string): void {
  const asides = namesBeside(file, ASIDE).sort((a, b) => (stampOf(a) < stampOf(b) ? -1 : 1));
  for (const name of asides.slice(0, -MOST_ASIDE)) removeWithLog(file, name);
}

/** Removes every earlier state of the file: what was set aside, and what an upgrade kept. */
export function removeCopies(file: string): void {
  const copies = [...namesBeside(file, ASIDE), ...namesBeside(file, UPGRADED)];
  for (const name of copies) removeWithLog(file, name);
  if (copies.length > 0) syncFolder(file);
}

const ASIDE = /^(damaged|restored|moved)-[0-9TZ]+(-\d+)?$/;
const UPGRADED = /^v\d+$/;

/** Names in the file's folder that are the file's own and end so. */
function namesBeside(file: string, end: RegExp): string[] {
  const prefix = `${basename(file)}.`;
  return readdirSync(dirname(file)).filter((name) => name.startsWith(prefix) && end.test(name.slice(prefix.length)));
}

function removeWithLog(file: string, name: string): void {
  // The file last: by its name it is found again where a power cut comes in between.
  for (const end of ["-wal", "-shm", ""]) rmSync(join(dirname(file), `${name}${end}`), { force: true });
}

function stampOf(name: string): string {
  return name.slice(name.search(/-[0-9]{8}T/));
}

/** The name for the old file that a complete new one carries; undefined where it is not complete. */
function completed(fresh: string): string | undefined {
  try {
    const db = new Database(fresh, { readonly: true });
    try {
      return metaOf(db, ASIDE_KEY);
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}
