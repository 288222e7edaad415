// Processes as the kernel shows them: their children, command lines, fields of stat and of status.
import { readdirSync, readFileSync } from "node:fs";

/** Ids of all children of a process and of theirs, started by whichever thread. */
export function descendants(pid: number): number[] {
  const children = tasks(pid).flatMap((task) => childrenOf(pid, task));
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** The command line of a process; empty when it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/** Ticks of /proc/PID/stat in a second: fixed in Linux's interface to programs (proc(5), sysconf(_SC_CLK_TCK)). */
export const TICKS_PER_SECOND = 100;

/**
 * What follows the name in /proc/PID/stat: state, parent … user time twelfth, system time thirteenth, resident pages
 * twenty-second; empty when it is gone.
 */
export function statFields(pid: number | string): string[] {
  try {
    // The name stands in brackets and may hold anything.
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

/**
 * A field of /proc/PID/status that is in kilobytes, such as VmRSS; undefined where it has none.
 * @throws where the process is gone
 */
export function statusKib(pid: number | "self", field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return found === undefined ? undefined : Number(found);
}

function tasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function childrenOf(pid: number, task: string): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
