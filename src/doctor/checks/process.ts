// The program's own ground: Node, processor, and nothing that could write its memory to disk.
import { type Check, type Finding, failed, ok, type Patient, warn } from "../finding.ts";

const OLDEST = [20, 19] as const;

export const processCheck: Check = {
  name: "process",
  run: ({ machine, config }) => [
    judgeNode(process.version, process.arch, config.local.cameras.length > 0),
    judgeDumps(machine.text("/proc/self/limits") ?? "", process.report?.reportOnFatalError === true),
    swap(machine),
  ],
};

export function judgeNode(version: string, arch: string, cameras: boolean): Finding {
  const name = "node";
  const text = `Node ${version} on ${arch}`;
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    return failed(name, `${text} is too old`, `Install Node ${OLDEST.join(".")} or newer.`);
  if (arch === "arm")
    return (cameras ? failed : warn)(
      name,
      `${text}: no inference runtime for 32-bit Arm`,
      "Install the 64-bit system for cameras; buttons work as they are.",
    );
  return ok(name, text);
}

/** @param limits text of /proc/self/limits */
export function judgeDumps(limits: string, reports: boolean): Finding {
  const name = "core dumps";
  const soft = /^Max core file size\s+(\S+)/m.exec(limits)?.[1];
  const hint =
    "Start the program by bin/touchpoint or the service unit: pictures live in memory and must not leave it.";
  if (reports) return failed(name, "Node's diagnostic reports are on", hint);
  return soft === "0" ? ok(name, "core dumps and reports are off") : failed(name, `core dumps are on (${soft})`, hint);
}

function swap(machine: Patient["machine"]): Finding {
  return judgeSwap(machine.text("/proc/swaps") ?? "");
}

/** @param swaps text of /proc/swaps */
export function judgeSwap(swaps: string): Finding {
  const onDisk = swaps
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/)[0] ?? "")
    .filter((device) => device !== "" && !device.startsWith("/dev/zram"));
  if (onDisk.length === 0) return ok("swap", "no memory is swapped to a disk");
  return warn(
    "swap",
    `memory may be swapped to ${onDisk.join(", ")}`,
    "The service unit keeps the agent out of it (MemorySwapMax=0); `swapoff` or zram is safer still.",
  );
}
