// Whether somebody vouches for the wall clock: the kernel's own word, or the mark of systemd's time client.
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { promisify } from "node:util";

const execFileAsync = promisify(execFile);

/** What a time source says of the wall clock; undefined where nobody answers. */
export type Word = "synced" | "unsynced" | undefined;

/** The time of this file is set at each answer of a time server. */
const MARK = "/run/systemd/timesync/synchronized";
/** Longest time between two answers: systemd's client asks every 34 minutes at least; one may be missed. */
const MARK_FRESH_MS = 70 * 60_000;
const ANSWER_MS = 5_000;

/** Before this the program did not exist: a clock that says so is wrong, whoever vouches for it. */
export const EARLIEST_MS = Date.UTC(2025, 0, 1);

/**
 * The kernel's word (adjtimex, printed by timedatectl): every time client gives it when it has set the clock, and the
 * kernel itself takes it back when somebody else sets the clock, or when the client has been silent for hours. Where
 * timedatectl cannot answer, systemd-timesyncd's mark counts while it is fresh by the wall clock: a step makes it stale.
 */
export async function askTimeSource(): Promise<Word> {
  try {
    const { stdout } = await execFileAsync("timedatectl", ["show", "--property=NTPSynchronized", "--value"], {
      timeout: ANSWER_MS,
    });
    const said = stdout.trim();
    if (said === "yes" || said === "no") return said === "yes" ? "synced" : "unsynced";
  } catch {
    // Not installed, no service manager, or too slow: the mark is asked.
  }
  return wordOfMark(statSync(MARK, { throwIfNoEntry: false })?.mtimeMs, Date.now());
}

/**
 * @param markMs time of systemd-timesyncd's mark, where there is one
 * @param nowMs the wall clock
 */
export function wordOfMark(markMs: number | undefined, nowMs: number): Word {
  if (markMs === undefined) return undefined;
  const ageMs = nowMs - markMs;
  return ageMs >= -1_000 && ageMs <= MARK_FRESH_MS ? "synced" : "unsynced";
}
