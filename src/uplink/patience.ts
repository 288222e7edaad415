// How long to wait before the next attempt: the usual back-off, longer where haste would do harm. Pure.
import { type BackoffSettings, backoffMs } from "../supervise/backoff.ts";
import type { Fault } from "../words/errors.ts";

export interface PatienceSettings {
  /** Two devices under one name push each other off with every attempt, so both come back slowly. */
  readonly taken: BackoffSettings;
  /** Least wait before a broker that said it is busy is asked again, milliseconds. */
  readonly busyMs: number;
}

export const DEFAULT_PATIENCE: PatienceSettings = {
  taken: { firstMs: 30_000, maxMs: 600_000, stableAfterMs: 600_000 },
  busyMs: 5_000,
};

export class Patience {
  readonly #settings: PatienceSettings;
  #taken = 0;

  constructor(settings: PatienceSettings) {
    this.#settings = settings;
  }

  /**
   * @param usualMs what the usual back-off says
   * @param servedMs how long the connection before the fault served; 0 where there was none
   * @param random a number in 0..1
   * @returns milliseconds to wait before the next attempt
   */
  waitMs(fault: Fault, usualMs: number, servedMs: number, random: number): number {
    const { taken, busyMs } = this.#settings;
    if (servedMs >= taken.stableAfterMs) this.#taken = 0;
    if (fault.code === "BROKER_TAKEN") {
      this.#taken += 1;
      return Math.max(usualMs, backoffMs(this.#taken, taken, random));
    }
    if (fault.code === "BROKER_BUSY") return Math.max(usualMs, busyMs * (1 + random));
    return usualMs;
  }
}
