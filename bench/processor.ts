// Processor time of this process and of its running children, as the kernel counts it.
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks per second in /proc; the same on every Linux that Node runs on. */
const TICKS = 100;

/** Seconds since their start: user and system time of all threads. */
export function processorSeconds(): { own: number; children: number } {
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(name);
    // After the program's name in brackets: state, parent … user time 12th, system time 13th.
    if (Number(fields[1]) === process.pid) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return { own: (user + system) / 1e6, children: ticks / TICKS };
}

function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It ended between the list and the look.
    return [];
  }
}
