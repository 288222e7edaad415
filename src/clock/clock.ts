// The machine's clocks: boottime for order, the wall clock beside it, and which boot this is.
import { readFileSync } from "node:fs";

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

/** Both clocks at one moment, milliseconds. */
export interface Reading {
  /** CLOCK_BOOTTIME. */
  readonly ms: number;
  /** The wall clock, since 1970. */
  readonly unixMs: number;
  /** False where the process was held up between the two: the pair must not be compared with others. */
  readonly sharp: boolean;
}

/** Longest that one reading may take to count as one moment, milliseconds. */
const SHARP_MS = 20;
const TRIES = 3;

/** Reads both clocks, again where the process was held up in between. */
export function readClocks(boottimeMs: () => number, wallMs: () => number): Reading {
  for (let tried = 1; ; tried += 1) {
    const beforeMs = boottimeMs();
    const unixMs = wallMs();
    const ms = boottimeMs();
    const sharp = ms - beforeMs <= SHARP_MS;
    if (sharp || tried === TRIES) return { ms, unixMs, sharp };
  }
}

/** Wall clock, boottime and boot as they are now, for a program that looks once. */
export function clocksNow(): { readonly unixMs: number; readonly ms: number; readonly boot: string } {
  return { unixMs: Date.now(), ms: createBoottime().nowMs(), boot: bootId() };
}
