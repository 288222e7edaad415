// Jittered exponential back-off, and a wait that an abort ends at once.
import { setTimeout as wait } from "node:timers/promises";

export interface BackoffSettings {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A run at least this long counts as stable: the next failure starts again at `firstMs`. */
  readonly stableAfterMs: number;
}

export const DEFAULT_BACKOFF: BackoffSettings = { firstMs: 500, maxMs: 30_000, stableAfterMs: 10_000 };

/**
 * Delay before attempt `failures + 1`: "full jitter" between half and all of firstMs·2^(failures−1), bounded by maxMs,
 * so that forty devices that lost the same broker do not come back in the same second.
 * @param random a number in 0..1
 */
export function backoffMs(failures: number, settings: BackoffSettings, random: number): number {
  const ceiling = Math.min(settings.maxMs, settings.firstMs * 2 ** Math.max(0, Math.min(failures - 1, 30)));
  return ceiling / 2 + (ceiling / 2) * random;
}

/** Resolves after `ms`, or at once when aborted; never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: true }).catch(() => undefined);
}
