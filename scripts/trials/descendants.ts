// What the processes that a trial started take of the machine, by what they are: processor time and resident memory.
import { commandLine, descendants, statFields, TICKS_PER_SECOND } from "./processes.ts";

export interface Taken {
  /** Processor time so far, seconds. */
  readonly cpuS: number;
  /** Resident memory, bytes; what processes share is counted for each. */
  readonly rssBytes: number;
}

const PAGE_BYTES = 4_096;

/**
 * @param labelOf names a process by its command line; undefined: it is not counted
 * @returns what all descendants of this process took, by label
 */
export function takenByDescendants(labelOf: (commandLine: string) => string | undefined): Record<string, Taken> {
  const sums: Record<string, Taken> = {};
  for (const pid of descendants(process.pid)) {
    const label = labelOf(commandLine(pid).join(" "));
    if (label === undefined) continue;
    const fields = statFields(pid);
    const [user = 0, system = 0, rssPages = 0] = [11, 12, 21].map((field) => Number(fields[field] ?? 0));
    const { cpuS = 0, rssBytes = 0 } = sums[label] ?? {};
    sums[label] = {
      cpuS: cpuS + (user + system) / TICKS_PER_SECOND,
      rssBytes: rssBytes + rssPages * PAGE_BYTES,
    };
  }
  return sums;
}
