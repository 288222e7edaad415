// What happens in the drawn scene, as numbers: who comes when, where they stand, whether they smile. Pure, by seed.
import { LOOKS } from "./figure.ts";

/** One person coming to the till, standing there and leaving. Times in milliseconds from the scene's start. */
export interface Visit {
  readonly look: number;
  /** The figure begins to walk in. */
  readonly comesMs: number;
  /** It stands at the till from here … */
  readonly standsMs: number;
  /** … to here. */
  readonly turnsMs: number;
  /** It has left the picture. */
  readonly goneMs: number;
  /** From here to `turnsMs` it laughs; undefined where it stays calm. */
  readonly smilesMs: number | undefined;
  /** Where it stands: middle of the body as a share of the picture's width. */
  readonly x: number;
  /** Height of the whole figure over the picture's height; the legs are below the picture's edge. */
  readonly height: number;
  readonly comesFrom: "left" | "right";
  readonly leavesTo: "left" | "right";
}

/** Where figures stand, as corners in shares of the picture: a zone for the touchpoint. */
export const TILL_ZONE: readonly (readonly [number, number])[] = [
  [0.25, 0],
  [0.75, 0],
  [0.75, 1],
  [0.25, 1],
];

const WALK_MS = 1_400;

/** Visits in the order of time, for ever; the same seed gives the same visits. */
export function* visits(seed: number): Generator<Visit, never> {
  const random = mulberry32(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  let freeMs = between(500, 1_500);
  let look = Math.floor(between(0, LOOKS.length));
  for (;;) {
    const comesMs = Math.round(freeMs);
    const standsMs = comesMs + WALK_MS;
    const turnsMs = standsMs + Math.round(between(4_000, 7_500));
    const goneMs = turnsMs + WALK_MS;
    yield {
      look,
      comesMs,
      standsMs,
      turnsMs,
      goneMs,
      smilesMs: random() < 0.6 ? standsMs + Math.round((turnsMs - standsMs) * between(0.3, 0.5)) : undefined,
      x: between(0.4, 0.6),
      height: between(1.35, 1.6),
      comesFrom: random() < 0.5 ? "left" : "right",
      leavesTo: random() < 0.5 ? "left" : "right",
    };
    look = (look + 1 + Math.floor(random() * (LOOKS.length - 1))) % LOOKS.length;
    freeMs = goneMs + between(2_500, 4_500);
  }
}

/** The visits that begin before `untilMs`: the truth a test compares with. */
export function visitsUntil(seed: number, untilMs: number): Visit[] {
  const found: Visit[] = [];
  for (const visit of visits(seed)) {
    if (visit.comesMs >= untilMs) return found;
    found.push(visit);
  }
  return found;
}

/** A figure at one moment: middle of the body (share of width; outside 0..1 it is out of the picture), bob, smile. */
export interface Pose {
  readonly visit: Visit;
  readonly x: number;
  /** Up and down of walking, share of the picture's height. */
  readonly bob: number;
  /** 0 or 1. */
  readonly smile: number;
}

/** How far outside the edge a figure begins, as a share of the width. */
const OUTSIDE = 0.2;

/** Where the figure of `visit` is at `atMs`; undefined while it is not in the picture. */
export function poseAt(visit: Visit, atMs: number): Pose | undefined {
  if (atMs < visit.comesMs || atMs >= visit.goneMs) return undefined;
  const edge = (side: "left" | "right"): number => (side === "left" ? -OUTSIDE : 1 + OUTSIDE);
  const walking = atMs < visit.standsMs || atMs >= visit.turnsMs;
  const progress =
    atMs < visit.standsMs
      ? (atMs - visit.comesMs) / (visit.standsMs - visit.comesMs)
      : (visit.goneMs - atMs) / (visit.goneMs - visit.turnsMs);
  const from = edge(atMs < visit.standsMs ? visit.comesFrom : visit.leavesTo);
  return {
    visit,
    x: walking ? from + (visit.x - from) * smooth(progress) : visit.x,
    bob: walking ? 0.012 * Math.abs(Math.sin((atMs / 1000) * Math.PI * 2)) : 0,
    smile: visit.smilesMs !== undefined && atMs >= visit.smilesMs && atMs < visit.turnsMs ? 1 : 0,
  };
}

function smooth(t: number): number {
  const inside = Math.min(1, Math.max(0, t));
  return inside * inside * (3 - 2 * inside);
}

/** Tommy Ettinger's mulberry32: 32 bits of state are plenty for a play. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
