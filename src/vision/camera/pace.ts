// How many pictures a source really brings: repetitions that fill up a slow source's rate come in bursts and count once.

/** Over how long arrivals are counted, milliseconds, and how many there should be in it at least. */
const WINDOW_MS = 10_000;
const LEAST_ARRIVALS = 10;
/** Two frames nearer to one another than this share of the interval are one arrival. */
const BURST = 0.25;

export interface Pace {
  /**
   * @param fps what the source was asked for
   * @returns arrivals as a share of what was asked for; undefined until a window is full
   */
  arrived(atMs: number, fps: number): number | undefined;
}

export function createPace(): Pace {
  let arrivals: number[] = [];
  let fromMs: number | undefined;
  let asked = 0;
  return {
    arrived(atMs, fps) {
      const newestMs = arrivals.at(-1) ?? Number.NEGATIVE_INFINITY;
      const windowMs = Math.max(WINDOW_MS, (LEAST_ARRIVALS * 1000) / fps);
      // After a pause of the source, or at another rate, what was counted says nothing.
      if (fps !== asked || atMs - newestMs > windowMs) {
        arrivals = [];
        fromMs = undefined;
        asked = fps;
      }
      fromMs ??= atMs;
      if (arrivals.length === 0 || atMs - newestMs >= (BURST * 1000) / fps) arrivals.push(atMs);
      arrivals = arrivals.filter((at) => at > atMs - windowMs);
      return atMs - fromMs < windowMs ? undefined : (arrivals.length * 1000) / (windowMs * fps);
    },
  };
}
