// What the journal's tests share: a folder of their own, a journal with short pauses, and a child that can be killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Erasing, Journal } from "../../src/journal/journal.ts";
import { type JournalSettings, openJournal } from "../../src/journal/open.ts";
import { openReader } from "../../src/journal/read.ts";
import { type Verdict, verifyJournal } from "../../src/journal/verify.ts";
import type { FaultCode } from "../../src/words/errors.ts";
import type { Envelope } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import type { ChildCommand, ChildLine } from "../fakes/journal-child.ts";
import { until } from "../fakes/until.ts";

export const THREAD = new URL("../../dist/src/journal/thread.js", import.meta.url);
export const CHECK = new URL("../../dist/src/journal/check-file.js", import.meta.url);
export const CRASHING_THREAD = new URL("../../dist/test/fakes/crashing-journal-thread.js", import.meta.url);
const CHILD = fileURLToPath(new URL("../../dist/test/fakes/journal-child.js", import.meta.url));

/** A path for a journal in a folder that goes away with the test. */
export function freshFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "data", "journal.db");
}

export interface Opened {
  readonly journal: Journal & Erasing;
  /** Every state reported, in order; a fault stands for its state. */
  readonly reported: (string | FaultCode)[];
}

/** Opens a real journal with short pauses; closes it with the test. */
export async function open(file: string, settings: Partial<JournalSettings> = {}): Promise<Opened> {
  const reported: string[] = [];
  const journal = await openJournal({
    file,
    threadUrl: THREAD,
    machine: "this",
    now: () => new Date("2026-11-22T09:14:07.311Z"),
    gap: (data) => stamped("gap", 0, data),
    erased: (data) => stamped("erased", 0, data),
    report: (state, fault) => reported.push(fault?.code ?? state),
    backoff: { firstMs: 10, maxMs: 50, stableAfterMs: 0 },
    ...settings,
  });
  onTestFinished(() => journal.close());
  return { journal, reported };
}

/** Every envelope on disk, by seq. */
export function stored(file: string): Envelope[] {
  const reader = openReader(file);
  const events = [...reader.events()].map((row) => JSON.parse(row.json) as Envelope);
  reader.close();
  return events;
}

export function verified(file: string): Verdict {
  const reader = openReader(file);
  const verdict = verifyJournal(reader);
  reader.close();
  return verdict;
}

/** A child process that writes a journal. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: ChildLine[];
  tell(command: ChildCommand): void;
  /** Resolves with the first line that fits, now or later. */
  said<K extends string>(key: K, fits?: (line: Record<K, unknown> & Record<string, unknown>) => boolean): Promise<void>;
  /** Resolves when the process is gone. */
  gone(): Promise<void>;
}

export function startChild(
  file: string,
  options: { env?: Record<string, string>; bounds?: readonly number[]; inside?: string } = {},
): Child {
  const args = [CHILD, file, ...(options.bounds ?? []).map(String)];
  const env = { ...process.env, ...options.env };
  // `inside` prepares a private mount namespace, in which the child then runs.
  const child =
    options.inside === undefined
      ? spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "inherit"] })
      : spawn("unshare", ["-rm", "sh", "-ec", `${options.inside}\nexec "$@"`, "sh", process.execPath, ...args], {
          env,
          stdio: ["pipe", "pipe", "inherit"],
        });
  const lines: ChildLine[] = [];
  const exited = once(child, "exit");
  createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line) as ChildLine));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return {
    process: child,
    lines,
    tell: (command) => void child.stdin.write(`${JSON.stringify(command)}\n`),
    said: (key, fits = () => true) =>
      until(
        () => lines.some((line) => key in line && fits(line as Record<typeof key, unknown> & Record<string, unknown>)),
        `the child says ${key}; it said ${JSON.stringify(lines.slice(-3))}`,
      ),
    gone: async () => void (await exited),
  };
}
