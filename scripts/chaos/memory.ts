// How much memory a process takes, and whether that stays flat.
import { statusKib } from "../trials/processes.ts";

/** Resident memory of a process, mebibytes; 0 where it is gone. */
function residentMib(pid: number): number {
  try {
    return (statusKib(pid, "VmRSS") ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

export interface MemoryWatch {
  /** Takes one more look. */
  look(): void;
  /** Most that was seen after the first `settled` looks less most that was seen before, mebibytes; 0 where it fell. */
  grownMib(): number;
  readonly mostMib: number;
}

/** @param settled looks that belong to the start: code is compiled, pools are filled */
export function watchMemory(pid: number, settled: number): MemoryWatch {
  const looks: number[] = [];
  const most = (part: readonly number[]): number => Math.round(Math.max(0, ...part));
  return {
    look: () => void looks.push(residentMib(pid)),
    grownMib: () => Math.max(0, most(looks.slice(settled)) - most(looks.slice(0, settled))),
    get mostMib() {
      return most(looks);
    },
  };
}
