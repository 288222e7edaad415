// Starts a child process that cannot outlive the agent, and ends it politely, then firmly.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { Fault } from "../words/errors.ts";

/** Longest wait between SIGTERM and SIGKILL, milliseconds. */
const TERM_MS = 2_000;

/** Full path of a program on PATH, or undefined; an absolute path is taken as it is. */
export function which(program: string): string | undefined {
  if (isAbsolute(program)) return program;
  for (const folder of (process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin").split(delimiter)) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/**
 * Starts `program` so that the kernel kills it when the thread that started it dies, even by SIGKILL: an orphaned
 * gpiomon or ffmpeg would keep the line or the camera busy. (`setpriv --pdeathsig` of util-linux; without it the
 * service manager's control group does the same.)
 * @throws Fault CHILD_MISSING when the program is not installed
 */
export function startChild(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const file = which(program);
  if (file === undefined) throw new Fault("CHILD_MISSING", `${program} is not installed`, { program });
  const setpriv = which("setpriv");
  return setpriv === undefined
    ? spawn(file, args, options)
    : spawn(setpriv, ["--pdeathsig", "SIGKILL", file, ...args], options);
}

/** Resolves with exit code and signal; rejects when the program could not be started at all. */
export async function exited(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (child.exitCode !== null || child.signalCode !== null) return { code: child.exitCode, signal: child.signalCode };
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

/** Ends a child: SIGTERM, and SIGKILL where that was not enough. Resolves when it is gone. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = exited(child).catch(() => undefined);
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), TERM_MS);
  await gone;
  clearTimeout(timer);
}
