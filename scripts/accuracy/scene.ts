// Scenes of people walking, with known truth, and what an imperfect detector sees of them. Pure, by seed.

import { between, seededRandom } from "../../src/simulate/random.ts";
import type { Seen } from "../../src/words/inputs.ts";

/** How hard a scene is for a detector and a tracker. */
export interface Difficulty {
  /** People a minute. */
  readonly perMinute: number;
  readonly fps: number;
  /** Share of frames that never arrive. */
  readonly lostFrames: number;
  /** Chance that somebody in full view is missed in a frame. */
  readonly missed: number;
  /** Standard deviation of each coordinate, as a share of the box. */
  readonly jitter: number;
  /** Boxes without anybody, per frame. */
  readonly ghosts: number;
  /** Whether those nearer hide those behind them. */
  readonly hides: boolean;
  /** Share of people who turn round, half of them within the band of the line. */
  readonly turns: number;
}

export const EASY: Difficulty = {
  perMinute: 6,
  fps: 10,
  lostFrames: 0,
  missed: 0,
  jitter: 0.01,
  ghosts: 0,
  hides: false,
  turns: 0,
};

/** The line of these scenes, from bottom to top in the middle: to the left is in. Half its band is where some turn round. */
export const LINE = { x: 0.5, band: 0.03 } as const;

export interface Crossing {
  readonly atMs: number;
  readonly direction: "in" | "out";
}

export interface Scene {
  readonly frames: readonly Seen[];
  /** Box of each person in view, by their number, for every frame. */
  readonly truth: readonly ReadonlyMap<number, Seen["persons"][number]["box"]>[];
  readonly crossings: readonly Crossing[];
}

/** Somebody walking across the picture: where they are at a moment is a straight line through these. */
interface Walk {
  readonly height: number;
  /** Where the feet are, share of the height; who stands lower is nearer. */
  readonly foot: number;
  readonly points: readonly { readonly atMs: number; readonly x: number }[];
}

/** Width of an upright person over the height, both as shares of a 16:9 picture. */
const ASPECT = 0.22;

export function makeScene(seed: number, difficulty: Difficulty, lengthMs: number): Scene {
  const random = seededRandom(seed);
  const walks: Walk[] = [];
  const everyMs = 60_000 / difficulty.perMinute;
  for (let atMs = between(random, 0, everyMs); atMs < lengthMs - 15_000; atMs += between(random, 0.3, 1.7) * everyMs)
    walks.push(walk(random, atMs, difficulty));
  const frames: Seen[] = [];
  const truth: Map<number, Seen["persons"][number]["box"]>[] = [];
  for (let i = 0; i * (1000 / difficulty.fps) < lengthMs; i += 1) {
    const atMs = (i * 1000) / difficulty.fps;
    const view = new Map<number, Seen["persons"][number]["box"]>();
    walks.forEach((one, n) => {
      const box = boxAt(one, atMs);
      if (box !== undefined) view.set(n, box);
    });
    // What is seen of a frame that is lost is drawn all the same, so that the others do not depend on it.
    const persons = detect(random, view, difficulty);
    if (random() < difficulty.lostFrames) continue;
    frames.push({ kind: "seen", camera: "scene", atMs, faces: [], persons });
    truth.push(view);
  }
  return { frames, truth, crossings: walks.flatMap(crossingsOf).toSorted((a, b) => a.atMs - b.atMs) };
}

function walk(random: () => number, startMs: number, { turns }: Difficulty): Walk {
  const height = between(random, 0.3, 0.5);
  const foot = between(random, 0.55, 0.95);
  const speed = between(random, 0.12, 0.3) / 1000;
  const [from, to] = random() < 0.5 ? [-0.1, 1.1] : [1.1, -0.1];
  const points = [{ atMs: startMs, x: from }];
  const go = (x: number): void => {
    const last = points.at(-1) ?? { atMs: startMs, x: from };
    points.push({ atMs: last.atMs + Math.abs(x - last.x) / speed, x });
  };
  const stay = (forMs: number): void => {
    const last = points.at(-1) ?? { atMs: startMs, x: from };
    points.push({ atMs: last.atMs + forMs, x: last.x });
  };
  if (random() < turns) {
    const beyond = Math.sign(to - from) * (random() < 0.5 ? LINE.band / 2 : 0.2);
    go(LINE.x + beyond);
    stay(between(random, 0, 2_000));
    go(from);
  } else {
    if (random() < 0.3) {
      // Not at the line itself, where nobody could say when they crossed.
      go(LINE.x + (random() < 0.5 ? -1 : 1) * between(random, 0.1, 0.35));
      stay(between(random, 1_000, 4_000));
    }
    go(to);
  }
  return { height, foot, points };
}

function placeAt({ points }: Walk, atMs: number): number | undefined {
  for (let i = 1; i < points.length; i += 1) {
    const [a, b] = [points[i - 1], points[i]];
    if (a === undefined || b === undefined || atMs < a.atMs || atMs >= b.atMs) continue;
    return a.x + ((b.x - a.x) * (atMs - a.atMs)) / (b.atMs - a.atMs);
  }
  return undefined;
}

/** What of the person lies in the picture; nothing where that is too little to be called a person. */
function boxAt(one: Walk, atMs: number): Seen["persons"][number]["box"] | undefined {
  const x = placeAt(one, atMs);
  if (x === undefined) return undefined;
  const width = ASPECT * one.height;
  const [left, right] = [Math.max(0, x - width / 2), Math.min(1, x + width / 2)];
  return right - left < width / 3 ? undefined : [left, one.foot - one.height, right - left, one.height];
}

function crossingsOf(one: Walk): Crossing[] {
  const found: Crossing[] = [];
  const { points } = one;
  // A crossing is one that goes beyond the band; turning round within it is none.
  let side = Math.sign((points[0]?.x ?? 0) - LINE.x);
  for (const [i, point] of points.entries()) {
    const offset = point.x - LINE.x;
    if (Math.abs(offset) < LINE.band || Math.sign(offset) === side) continue;
    const before = points[i - 1] ?? point;
    // Counted is who is beyond the band, as somebody may stop within it for long.
    const share = (LINE.x + Math.sign(offset) * LINE.band - before.x) / (point.x - before.x);
    found.push({ atMs: before.atMs + (point.atMs - before.atMs) * share, direction: offset < 0 ? "in" : "out" });
    side = Math.sign(offset);
  }
  return found;
}

function detect(random: () => number, view: Scene["truth"][number], difficulty: Difficulty): Seen["persons"] {
  const persons: Seen["persons"] = [];
  const noise = (): number => difficulty.jitter * (random() + random() + random() + random() - 2) * Math.sqrt(3);
  for (const box of view.values()) {
    const visible = difficulty.hides ? visibleShare(box, [...view.values()]) : 1;
    const [x, y, w, h] = box;
    const seen: Seen["persons"][number]["box"] = [
      x + w * noise(),
      y + h * noise(),
      w * Math.max(0.3, 1 + noise()),
      h * Math.max(0.3, 1 + noise()),
    ];
    const score = Math.min(1, (0.75 + 0.2 * random()) * (0.3 + 0.7 * visible));
    if (random() >= difficulty.missed && visible >= 0.3) persons.push({ box: seen, score });
  }
  for (let ghosts = difficulty.ghosts; random() < ghosts; ghosts -= 1)
    persons.push({ box: [random() * 0.9, random() * 0.6, 0.08, 0.35], score: between(random, 0.3, 0.7) });
  return persons;
}

/** How much of a box no nearer one covers, by the one that covers most: 0..1. */
function visibleShare(
  [x, y, w, h]: Seen["persons"][number]["box"],
  all: readonly Seen["persons"][number]["box"][],
): number {
  const covered = all.map(([ox, oy, ow, oh]) => {
    if (oy + oh <= y + h) return 0;
    const across = Math.min(x + w, ox + ow) - Math.max(x, ox);
    const down = Math.min(y + h, oy + oh) - Math.max(y, oy);
    return across <= 0 || down <= 0 ? 0 : (across * down) / (w * h);
  });
  return 1 - Math.max(0, ...covered);
}
