// Hysteresis in time: something is so only when it was so for long enough, and over only when it was not for long enough.

/** Without a word for this long nobody knows what was between: the waiting begins anew, milliseconds. */
const GAP_MS = 5_000;

/** One thing that begins after `afterMs` of being seen and ends after `recoverMs` of not being seen. */
export interface Lasting {
  /**
   * @param seen whether it is so in this picture; undefined where the picture cannot tell: what was said stays said
   * @returns whether it is so, by now
   */
  next(seen: boolean | undefined, atMs: number): boolean;
}

/** @param afterMs 0: it is never looked for */
export function createLasting(afterMs: number, recoverMs: number): Lasting {
  let is = false;
  /** Since when pictures contradict what is said. */
  let sinceMs: number | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    next(seen, atMs) {
      if (afterMs === 0) return false;
      if (atMs - lastMs > GAP_MS) sinceMs = undefined;
      lastMs = atMs;
      if (seen === undefined || seen === is) {
        sinceMs = undefined;
        return is;
      }
      sinceMs ??= atMs;
      if (atMs - sinceMs >= (is ? recoverMs : afterMs)) {
        is = seen;
        sinceMs = undefined;
      }
      return is;
    },
  };
}
