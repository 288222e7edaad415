// A wall clock that a trial sets, for one process and its children: libfaketime, and a timedatectl that says what it is told.
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface FakeTimeSource {
  /** Environment of a process that asks it. */
  readonly env: Readonly<Record<string, string>>;
  /** What timedatectl says from now on. */
  say(synced: boolean): void;
}

export interface FakeClock extends FakeTimeSource {
  /** Sets the clock so many milliseconds ahead of the truth; a process that runs sees a step. */
  set(aheadMs: number): void;
}

/** Why there can be no such clock here, or undefined. */
export function fakeClockLacks(): string | undefined {
  return library() === undefined ? "libfaketime is not installed (Debian package faketime)" : undefined;
}

/** Makes a clock whose files lie in `folder`. @throws Error where libfaketime is not installed */
export function createFakeClock(folder: string, aheadMs: number, synced: boolean): FakeClock {
  const preload = library();
  if (preload === undefined) throw new Error(fakeClockLacks());
  const source = createFakeTimeSource(folder, synced);
  const clock = join(folder, "clock");
  const set = (ms: number): void => write(clock, `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1000).toFixed(3)}\n`);
  set(aheadMs);
  return {
    env: {
      ...source.env,
      // Boottime and the monotonic clock stay the kernel's.
      LD_PRELOAD: preload,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    },
    set,
    say: source.say,
  };
}

/** Makes a timedatectl that vouches for the true clock, or does not. */
export function createFakeTimeSource(folder: string, synced: boolean): FakeTimeSource {
  const programs = join(folder, "programs");
  mkdirSync(programs, { recursive: true });
  const word = join(folder, "word");
  writeFileSync(join(programs, "timedatectl"), `#!/bin/sh\ncat '${word}'\n`, { mode: 0o755 });
  const say = (yes: boolean): void => write(word, yes ? "yes\n" : "no\n");
  say(synced);
  return { env: { PATH: `${programs}${delimiter}${process.env.PATH ?? ""}` }, say };
}

/** Whole or not at all: it is read at any moment. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** The library for programs with threads; each architecture has a folder of its own. */
function library(): string | undefined {
  const roots = ["/usr/lib", "/usr/local/lib"].filter((root) => existsSync(root));
  const folders = roots.flatMap((root) => [root, ...readdirSync(root).map((name) => join(root, name))]);
  return folders.map((folder) => join(folder, "faketime", "libfaketimeMT.so.1")).find((file) => existsSync(file));
}
