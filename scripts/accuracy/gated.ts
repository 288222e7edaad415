// Made scenes seen through the motion gate: painted coarsely, with a sensor's noise, and only looked at where it says so. Pure.

import { seededRandom } from "../../src/simulate/random.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { createGate } from "../../src/vision/gate.ts";
import type { Scene } from "./scene.ts";

/** Two pixels a side for each cell that the gate compares. */
const SIZE = { width: 128, height: 80 } as const;
/** A cheap sensor's noise in a lit shop, 0..255, and how much somebody differs from the wall behind them at least. */
const NOISE = 4;
const STEP = 25;

/**
 * What is left of a scene where frames pass without a look. The gate sees every frame that arrives; the detector's mistakes in
 * those that it lets through are the same as without it.
 */
export function gated(scene: Scene, seed: number): Scene & { readonly share: number } {
  const paint = createPainter(seed);
  const gate = createGate();
  const frames: Scene["frames"][number][] = [];
  const truth: Scene["truth"][number][] = [];
  scene.frames.forEach((seen, i) => {
    const view = scene.truth[i];
    if (view === undefined || !gate.wants(paint(view), seen.atMs)) return;
    gate.looked(seen.persons.length > 0);
    frames.push(seen);
    truth.push(view);
  });
  return { ...scene, frames, truth, share: frames.length / scene.frames.length };
}

/** Walls of two shades; whoever is in front of them is lighter or darker than both, each by their own shade. */
function createPainter(seed: number): (view: Scene["truth"][number]) => Frame {
  const random = seededRandom(seed);
  const { width, height } = SIZE;
  const rgb = new Uint8Array(width * height * 3);
  const wall = Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return 90 + 40 * ((Math.floor(x / 24) + Math.floor(y / 20)) % 2);
  });
  // Three uniform numbers are near enough to a bell.
  const noise = Float32Array.from({ length: 65_521 }, () => (random() + random() + random() - 1.5) * 2 * NOISE);
  const plane = new Float32Array(width * height);
  return (view) => {
    plane.set(wall);
    for (const [person, [x, y, w, h]] of view) {
      const shade = (person % 2 === 0 ? -1 : 1) * (STEP + 10 * (person % 3));
      const [left, right] = [Math.round(x * width), Math.round((x + w) * width)];
      for (
        let row = Math.max(0, Math.round(y * height));
        row < Math.min(height, Math.round((y + h) * height));
        row += 1
      )
        for (let column = Math.max(0, left); column < Math.min(width, right); column += 1)
          plane[row * width + column] = (shade < 0 ? 90 : 130) + shade;
    }
    // The same noise from another place of it in each frame: drawing it anew is most of the time that a scene takes.
    const from = Math.floor(random() * noise.length);
    for (let i = 0; i < plane.length; i += 1) {
      const value = (plane[i] ?? 0) + (noise[(from + i) % noise.length] ?? 0);
      rgb[i * 3] = value;
      rgb[i * 3 + 1] = value;
      rgb[i * 3 + 2] = value;
    }
    return { width, height, rgb };
  };
}
