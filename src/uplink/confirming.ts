// With `confirm: server`: sends rows again that the server did not confirm in time, in rounds that wait for its answer.
import { AGAIN_LANE, type Journal } from "../journal/journal.ts";
import type { Drain } from "./drain.ts";

/** Rows of the first round, and of one that follows a round without an answer. */
const FIRST_ROUND = 100;
const LARGEST_ROUND = 1_000;
/** Least time between rounds that are answered, milliseconds: copies for a server that is merely slow stay few. */
const BETWEEN_MS = 1_000;
/** Longest wait after rounds that nobody answered, milliseconds. */
const LONGEST_MS = 3_600_000;

export interface Confirming {
  /** The server confirmed something. */
  confirmed(): void;
  /** The wait for the next round ends now. */
  hurry(): void;
  stop(): void;
}

export interface ConfirmingDeps {
  readonly journal: Pick<Journal, "resendUnconfirmed">;
  readonly drain: Pick<Drain, "wake" | "isClear">;
  /** Rows unconfirmed for this long are sent again, milliseconds. */
  readonly resendAfterMs: number;
}

/**
 * One missing row keeps everything after it unconfirmed, so a round begins small: the server's next `ack` tells how
 * much was really missing. While no `ack` comes the waits double: a server that is away is not helped by copies.
 */
export function startConfirming({ journal, drain, resendAfterMs }: ConfirmingDeps): Confirming {
  const lookMs = Math.max(50, resendAfterMs / 4);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let size = FIRST_ROUND;
  let unanswered = 0;
  let asked = false;

  const next = (ms: number): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void round(), ms);
  };
  const round = async (): Promise<void> => {
    if (asked) {
      // The wait is over and no `ack` came.
      size = FIRST_ROUND;
      unanswered += 1;
    }
    asked = false;
    // The journal reports its own trouble; the next round asks again.
    const { queued } = drain.isClear(AGAIN_LANE)
      ? await journal.resendUnconfirmed(resendAfterMs, size).catch(() => ({ queued: 0 }))
      : { queued: 0 };
    if (stopped) return;
    if (queued === 0) return next(lookMs);
    asked = true;
    drain.wake();
    next(Math.min(resendAfterMs * 2 ** Math.min(unanswered, 20), Math.max(LONGEST_MS, resendAfterMs)));
  };
  next(lookMs);
  return {
    confirmed() {
      unanswered = 0;
      if (!asked) return;
      asked = false;
      size = Math.min(LARGEST_ROUND, size * 2);
      next(Math.min(BETWEEN_MS, lookMs));
    },
    hurry() {
      unanswered = 0;
      next(0);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
