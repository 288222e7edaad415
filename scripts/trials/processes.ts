// The processes of an agent as the kernel shows them.
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
