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

/** Calls `retry` when something happened that makes waiting pointless; returns what ends that. */
export type Hurry = (retry: () => void) => () => void;

/** Resolves after `ms`, or at once when aborted or hurried; never rejects. */
export async function pause(ms: number, signal: AbortSignal, hurry?: Hurry): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  const unhurry = hurry?.(end);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  await wait(ms, undefined, { signal: over.signal, ref: true }).catch(() => undefined);
  signal.removeEventListener("abort", end);
  unhurry?.();
}
