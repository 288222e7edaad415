// Seeded random numbers, so that a day or a trial that failed can be run again as it was.

/** Numbers in 0..1 (1 excluded), the same for the same seed: mulberry32, public domain, by Tommy Ettinger. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A number in `from`..`to`. */
export function between(random: () => number, from: number, to: number): number {
  return from + random() * (to - from);
}
