// What weighs on the machine: temperature, throttling and load, as the kernel tells them.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import type { Strain } from "./rate.ts";

/** Bits of Raspberry Pi's `get_throttled` that hold now: frequency capped, throttled, soft temperature limit. */
const SLOWED_NOW = 0x2 | 0x4 | 0x8;

/** @param sysDir where the kernel shows its devices, `/sys` */
export function readStrain(sysDir = "/sys"): Omit<Strain, "demand"> {
  const zones = list(join(sysDir, "class/thermal")).filter((name) => name.startsWith("thermal_zone"));
  const degrees = zones
    .map((zone) => Number(text(join(sysDir, "class/thermal", zone, "temp")) ?? Number.NaN) / 1000)
    .filter((celsius) => celsius > -40 && celsius < 150);
  const flags = Number.parseInt(text(join(sysDir, "devices/platform/soc/soc:firmware/get_throttled")) ?? "0", 16);
  return {
    celsius: degrees.length === 0 ? undefined : Math.max(...degrees),
    throttled: (flags & SLOWED_NOW) !== 0,
    loadPerProcessor: (loadavg()[0] ?? 0) / availableParallelism(),
  };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
