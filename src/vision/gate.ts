// The motion gate of one camera: which frames are looked at, and which may be let pass because nothing moves. Pure.

import type { Frame } from "./frame.ts";
import { GLANCE_GRID, glanceGrid } from "./glance.ts";

/** Still and empty for this long before the camera rests, milliseconds: longer than anybody is missed by the models. */
const CALM_MS = 2_000;
/** Between two looks at rest, milliseconds: what no glance shows is seen by the models all the same, half a second late. */
const REST_MS = 500;
/** Without a frame for this long nobody knows what was between: the background is learned anew, milliseconds. */
const GAP_MS = 2_000;
/** How fast the background follows: daylight takes minutes, people seconds. Milliseconds. */
const FOLLOW_MS = 1_000;
/** How fast a cell's noise is learned, milliseconds. */
const NOISE_MS = 5_000;
/** A cell differs when it is this many times its own usual deviation away, and at least so much, at most so much (0..255). */
const DEVIATIONS = 6;
const LEAST_STEP = 6;
const MOST_STEP = 30;
/** So many cells of the 64 × 40 that differ at once are motion: a hand at the edge, a person far away. */
const MOVING_CELLS = 3;
/** A change of the whole picture's light, 0..255, that is more than daylight and the camera's own exposure. */
const LIGHT_STEP = 12;

const CELLS = GLANCE_GRID.width * GLANCE_GRID.height;

/** Decides for each frame of one camera, in the order of time. */
export interface Gate {
  /**
   * @param atMs of a clock that never steps
   * @returns whether the models are to look at this frame
   */
  wants(frame: Frame, atMs: number): boolean;
  /** What the models saw in the frame that was wanted last: while anybody is there, every frame is looked at. */
  looked(anybody: boolean): void;
}

/** A gate that lets every frame through. */
export const OPEN_GATE: Gate = { wants: () => true, looked: () => undefined };

export function createGate(): Gate {
  const grid = new Uint8Array(CELLS);
  const motion = createMotion();
  let lookedMs = Number.NEGATIVE_INFINITY;
  let busyMs = Number.NEGATIVE_INFINITY;
  return {
    wants(frame, atMs) {
      glanceGrid(frame, grid);
      if (motion.moved(grid, atMs)) busyMs = atMs;
      const rests = atMs - busyMs >= CALM_MS;
      // The interval of frames does not divide that of rests: a frame that is a little early is near enough.
      if (rests && atMs - lookedMs < REST_MS * 0.9) return false;
      lookedMs = atMs;
      return true;
    },
    looked(anybody) {
      if (anybody) busyMs = lookedMs;
    },
  };
}

/** Tells motion from noise and daylight on coarse grids. */
export interface Motion {
  /** @param grid values of the cells, 0..255 @param atMs of a clock that never steps */
  moved(grid: Uint8Array, atMs: number): boolean;
}

export function createMotion(): Motion {
  const background = new Float32Array(CELLS);
  const noise = new Float32Array(CELLS);
  const differences = new Float32Array(CELLS);
  let atBefore = Number.NEGATIVE_INFINITY;
  return {
    moved(grid, atMs) {
      const passedMs = atMs - atBefore;
      atBefore = atMs;
      if (passedMs > GAP_MS || passedMs < 0) {
        background.set(grid);
        noise.fill(LEAST_STEP / DEVIATIONS);
        return true;
      }
      for (let i = 0; i < CELLS; i += 1) differences[i] = (grid[i] ?? 0) - (background[i] ?? 0);
      // Daylight, mains flicker and the camera's exposure change all cells alike: that much is no motion.
      const light = median(differences);
      let moving = 0;
      const follow = 1 - Math.exp(-passedMs / FOLLOW_MS);
      const learn = 1 - Math.exp(-passedMs / NOISE_MS);
      for (let i = 0; i < CELLS; i += 1) {
        const usual = noise[i] ?? 0;
        const away = Math.abs((differences[i] ?? 0) - light);
        const limit = Math.min(MOST_STEP, Math.max(LEAST_STEP, DEVIATIONS * usual));
        if (away > limit) moving += 1;
        // One large step teaches little: somebody who walks by does not make the place a noisy one.
        noise[i] = usual + learn * (Math.min(away, limit) - usual);
        background[i] = (background[i] ?? 0) + follow * (differences[i] ?? 0);
      }
      return moving >= MOVING_CELLS || Math.abs(light) > LIGHT_STEP;
    },
  };
}

/** Of values from −255 to 255, to a whole number. */
function median(values: Float32Array): number {
  const histogram = new Uint16Array(511);
  for (const value of values) {
    const at = Math.round(value) + 255;
    histogram[at] = (histogram[at] ?? 0) + 1;
  }
  let below = 0;
  for (let at = 0; at < histogram.length; at += 1) {
    below += histogram[at] ?? 0;
    if (below * 2 > values.length) return at - 255;
  }
  return 0;
}
