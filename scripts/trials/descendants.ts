// What the processes that a trial started take of the machine, by what they are: processor time and resident memory.
import { readdirSync, readFileSync } from "node:fs";

export interface Taken {
  /** Processor time so far, seconds. */
  readonly cpuS: number;
  /** Resident memory, bytes; what processes share is counted for each. */
  readonly rssBytes: number;
}

/** Ticks of /proc/PID/stat in a second: fixed in Linux's interface to programs (proc(5), sysconf(_SC_CLK_TCK)). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly taken: Taken;
}

/**
 * @param labelOf names a process by its command line; undefined: it is not counted
 * @returns what all descendants of this process took, by label
 */
export function takenByDescendants(labelOf: (commandLine: string) => string | undefined): Record<string, Taken> {
  const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? readProcess(Number(name)) : []));
  const ours = new Set([process.pid]);
  // A child may have a lower number than its parent, so it is looked again until nothing is added.
  for (let size = 0; size !== ours.size; ) {
    size = ours.size;
    for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid);
  }
  const sums: Record<string, Taken> = {};
  for (const { pid, taken } of all) {
    const label = pid === process.pid || !ours.has(pid) ? undefined : labelOf(commandLineOf(pid));
    if (label === undefined) continue;
    const { cpuS = 0, rssBytes = 0 } = sums[label] ?? {};
    sums[label] = { cpuS: cpuS + taken.cpuS, rssBytes: rssBytes + taken.rssBytes };
  }
  return sums;
}

function readProcess(pid: number): Process[] {
  try {
    // The name in brackets may hold anything; what follows the last bracket is numbers, `parent` the second field there.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user, system, rssPages] = [fields[11], fields[12], fields[21]].map(Number);
    const cpuS = ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND;
    return [{ pid, parent: Number(fields[1]), taken: { cpuS, rssBytes: (rssPages ?? 0) * PAGE_BYTES } }];
  } catch {
    // It ended meanwhile.
    return [];
  }
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
