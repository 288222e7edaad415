// Processor time of this process and of its running children, as the kernel counts it.
import { readdirSync } from "node:fs";
import { statFields, TICKS_PER_SECOND } from "../scripts/trials/processes.ts";

/** Seconds since their start: user and system time of all threads. */
export function processorSeconds(): { own: number; children: number } {
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(name);
    if (Number(fields[1]) === process.pid) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return { own: (user + system) / 1e6, children: ticks / TICKS_PER_SECOND };
}
