// The agent's clocks: boottime for order, UTC for people, and whether UTC can be trusted.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";

const execFileAsync = promisify(execFile);

/** What /proc/uptime rounds down to, milliseconds. */
const UPTIME_STEP_MS = 10;

/**
 * Offset from the monotonic clock to CLOCK_BOOTTIME. /proc/uptime is boottime cut to 10 ms, so the offset is at least
 * what a reading shows and less than 10 ms more; the largest reading is the best. A larger step means the machine slept.
 * @returns the better of the known offset and this reading, milliseconds
 */
export function boottimeOffset(known: number | undefined, uptimeMs: number, monotonicMs: number): number {
  const reading = uptimeMs - monotonicMs;
  if (known === undefined || reading > known || known - reading > 2 * UPTIME_STEP_MS) return reading;
  return known;
}

/** CLOCK_BOOTTIME in milliseconds, as good as Node can read it without native code. */
export function createBoottime(
  uptimeMs: () => number = readUptimeMs,
  monotonicMs: () => number = () => Number(process.hrtime.bigint() / 1000n) / 1000,
): { nowMs: () => number; refresh: () => void } {
  let offset = boottimeOffset(undefined, uptimeMs(), monotonicMs());
  return {
    nowMs: () => monotonicMs() + offset,
    refresh: () => {
      offset = boottimeOffset(offset, uptimeMs(), monotonicMs());
    },
  };
}

function readUptimeMs(): number {
  return Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000;
}

/** This boot of this machine; events of two boots never share a `mono` axis. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim().replaceAll("-", "").slice(0, 16);
}

/**
 * Whether a time source has set the clock since boot: the kernel's own word (adjtimex, which timedatectl prints and
 * every NTP daemon sets), or systemd-timesyncd's mark. Where nobody can say, the clock counts as unsynced.
 */
export async function clockSynced(): Promise<boolean> {
  if (existsSync("/run/systemd/timesync/synchronized")) return true;
  try {
    const { stdout } = await execFileAsync("timedatectl", ["show", "--property=NTPSynchronized", "--value"], {
      timeout: 5_000,
    });
    return stdout.trim() === "yes";
  } catch {
    return false;
  }
}
