// Turns off everything that could write the program's memory to disk: a picture must not leave it by way of a crash.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { which } from "../supervise/child.ts";

/**
 * Core dumps and Node's diagnostic reports off, for this process and the children it starts. The launcher does the same
 * with `ulimit`; this holds when the program was started some other way.
 */
export function turnOffDumps(): void {
  if (process.report !== undefined) {
    process.report.reportOnFatalError = false;
    process.report.reportOnSignal = false;
    process.report.reportOnUncaughtException = false;
  }
  try {
    // No kind of mapping goes into a core file, whatever its size limit; children inherit it.
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // An unusual /proc; the size limit below still holds.
  }
  const prlimit = which("prlimit");
  if (prlimit !== undefined) execFile(prlimit, ["--pid", String(process.pid), "--core=0:0"], () => undefined);
}
