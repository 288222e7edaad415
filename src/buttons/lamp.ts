// What a lamp and a beeper do for each indication: one table of timed levels, and the player that follows it.
import type { Indication } from "../words/inputs.ts";

/** Levels in turn, beginning with on: on, off, on … in milliseconds. After the last the output is off. */
export interface Pattern {
  readonly ms: readonly number[];
  readonly repeat: boolean;
}

const SILENT: Pattern = { ms: [], repeat: false };

export const LAMP: Readonly<Record<Indication, Pattern>> = {
  off: SILENT,
  felt: { ms: [120], repeat: false },
  thanks: { ms: [250, 150, 600], repeat: false },
  attention: { ms: [500, 1_500], repeat: true },
  error: { ms: [200, 300], repeat: true },
  paused: { ms: [2_700, 300], repeat: true },
};

export const BEEPER: Readonly<Record<Indication, Pattern>> = {
  off: SILENT,
  felt: { ms: [60], repeat: false },
  thanks: SILENT,
  attention: { ms: [100, 100, 100], repeat: false },
  error: { ms: [400], repeat: false },
  paused: SILENT,
};

/** The level `elapsedMs` after a pattern began, and how long it lasts from then; no length means for ever. */
export function levelAt(pattern: Pattern, elapsedMs: number): { on: boolean; forMs?: number } {
  const total = pattern.ms.reduce((sum, ms) => sum + ms, 0);
  if (total === 0 || (!pattern.repeat && elapsedMs >= total)) return { on: false };
  let rest = pattern.repeat ? elapsedMs % total : elapsedMs;
  for (const [index, ms] of pattern.ms.entries()) {
    if (rest < ms) return { on: index % 2 === 0, forMs: ms - rest };
    rest -= ms;
  }
  return { on: false };
}

/** An output that patterns are played on. */
export interface Player {
  show(indication: Indication): void;
  /** Plays no more and leaves the level as it is. */
  close(): void;
}

/**
 * Plays the table's patterns through `set`, which is called on changes of level only and must not throw.
 * A new indication replaces the one that is playing. After `felt` and `thanks` the repeating one that they interrupted
 * goes on: a fault stays visible after a press.
 */
export function playPatterns(table: Readonly<Record<Indication, Pattern>>, set: (on: boolean) => void): Player {
  let timer: NodeJS.Timeout | undefined;
  let level = false;
  let lasting: Pattern = SILENT;
  let lastingMs = 0;
  let closed = false;

  const play = (pattern: Pattern, startMs: number): void => {
    const { on, forMs } = levelAt(pattern, performance.now() - startMs);
    if (forMs === undefined && lasting.repeat && pattern !== lasting) {
      play(lasting, lastingMs);
      return;
    }
    if (on !== level) {
      level = on;
      set(on);
    }
    if (forMs !== undefined) timer = setTimeout(() => play(pattern, startMs), Math.max(1, Math.ceil(forMs)));
  };

  return {
    show(indication) {
      if (closed) return;
      clearTimeout(timer);
      timer = undefined;
      const startMs = performance.now();
      if (indication !== "felt" && indication !== "thanks") {
        lasting = table[indication];
        lastingMs = startMs;
      }
      play(table[indication], startMs);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
