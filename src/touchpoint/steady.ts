// How many people are there, flicker of the detector left out: what most of the last frames saw. Pure.

/** What one frame saw; boottime milliseconds. */
export interface Count {
  readonly atMs: number;
  readonly people: number;
}

/** More frames than any camera gives within a window: what comes beyond is no camera. */
const MOST_FRAMES = 1_000;

/** Adds a frame and forgets those that are older than `windowMs`. */
export function remember(counts: readonly Count[], next: Count, windowMs: number): readonly Count[] {
  return [...lately(counts, next.atMs, windowMs), next].slice(-MOST_FRAMES);
}

/** The frames of the last `windowMs`. */
export function lately(counts: readonly Count[], atMs: number, windowMs: number): readonly Count[] {
  return counts.filter((count) => atMs - count.atMs < windowMs);
}

/**
 * The most people that at least this share of the frames saw. By half of them it is the median, the higher one of an even
 * number: neither a box too many nor one too few for less than half the time changes anything, whatever the frame rate. A
 * camera that gave one frame is believed at its word.
 */
export function steady(counts: readonly Count[], share = 0.5): number {
  const sorted = counts.map(({ people }) => people).toSorted((a, b) => b - a);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}

/** First and last of the frames in which anybody was seen. */
export function sighted(counts: readonly Count[]): { fromMs: number; toMs: number } | undefined {
  const occupied = counts.filter(({ people }) => people > 0);
  const [first, last] = [occupied[0], occupied.at(-1)];
  return first === undefined || last === undefined ? undefined : { fromMs: first.atMs, toMs: last.atMs };
}
