// Marks on a picture for a technician's eyes: boxes, zones, and faces blurred beyond recovery.
import type { Box } from "../../words/inputs.ts";
import type { Frame } from "../frame.ts";

export type Colour = readonly [red: number, green: number, blue: number];

/** Side of the coarsest picture of a face that is kept, blocks: too few for any feature. */
const BLOCKS = 4;

/** The part of the frame that a box covers, grown on all sides by a share of its size, in whole pixels. */
function covered(frame: Frame, box: Box, grow: number): { x1: number; y1: number; x2: number; y2: number } {
  const [x, y, w, h] = box;
  return {
    x1: Math.max(0, Math.floor((x - w * grow) * frame.width)),
    y1: Math.max(0, Math.floor((y - h * grow) * frame.height)),
    x2: Math.min(frame.width, Math.ceil((x + w * (1 + grow)) * frame.width)),
    y2: Math.min(frame.height, Math.ceil((y + h * (1 + grow)) * frame.height)),
  };
}

/**
 * Replaces what a box covers, and a third around it, by the means of 4 × 4 blocks, blended into each other: sixteen
 * colours are all that is left of a face.
 */
export function blurFace(frame: Frame, box: Box): void {
  const { x1, y1, x2, y2 } = covered(frame, box, 0.33);
  const width = x2 - x1;
  const height = y2 - y1;
  if (width <= 0 || height <= 0) return;
  const sums = new Float64Array(BLOCKS * BLOCKS * 3);
  const counts = new Float64Array(BLOCKS * BLOCKS);
  const blockOf = (offset: number, size: number): number => Math.min(BLOCKS - 1, Math.floor((offset * BLOCKS) / size));
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const block = blockOf(y, height) * BLOCKS + blockOf(x, width);
      const p = ((y1 + y) * frame.width + x1 + x) * 3;
      counts[block] = (counts[block] ?? 0) + 1;
      for (let c = 0; c < 3; c += 1) sums[block * 3 + c] = (sums[block * 3 + c] ?? 0) + (frame.rgb[p + c] ?? 0);
    }
  const mean = (bx: number, by: number, c: number): number => {
    const block = clamp(by) * BLOCKS + clamp(bx);
    return (sums[block * 3 + c] ?? 0) / Math.max(1, counts[block] ?? 0);
  };
  for (let y = 0; y < height; y += 1) {
    const v = (y * BLOCKS) / height - 0.5;
    const by = Math.floor(v);
    for (let x = 0; x < width; x += 1) {
      const u = (x * BLOCKS) / width - 0.5;
      const bx = Math.floor(u);
      const p = ((y1 + y) * frame.width + x1 + x) * 3;
      for (let c = 0; c < 3; c += 1) {
        const above = mean(bx, by, c) * (1 - (u - bx)) + mean(bx + 1, by, c) * (u - bx);
        const below = mean(bx, by + 1, c) * (1 - (u - bx)) + mean(bx + 1, by + 1, c) * (u - bx);
        frame.rgb[p + c] = Math.round(above * (1 - (v - by)) + below * (v - by));
      }
    }
  }
}

function clamp(block: number): number {
  return Math.min(BLOCKS - 1, Math.max(0, block));
}

/** Outline of a box, two pixels thick. */
export function drawBox(frame: Frame, box: Box, colour: Colour): void {
  const { x1, y1, x2, y2 } = covered(frame, box, 0);
  for (let t = 0; t < 2; t += 1) {
    for (let x = x1; x < x2; x += 1) {
      dot(frame, x, y1 + t, colour);
      dot(frame, x, y2 - 1 - t, colour);
    }
    for (let y = y1; y < y2; y += 1) {
      dot(frame, x1 + t, y, colour);
      dot(frame, x2 - 1 - t, y, colour);
    }
  }
}

/** A bar along the lower edge of a box, as long as `share` of its width. */
export function drawBar(frame: Frame, box: Box, share: number, colour: Colour): void {
  const { x1, x2, y2 } = covered(frame, box, 0);
  const end = x1 + Math.round((x2 - x1) * Math.min(1, Math.max(0, share)));
  for (let y = y2 + 2; y < y2 + 6; y += 1) for (let x = x1; x < end; x += 1) dot(frame, x, y, colour);
}

/** Outline of a polygon whose corners are shares of the frame. */
export function drawPolygon(frame: Frame, polygon: readonly (readonly [number, number])[], colour: Colour): void {
  drawPath(frame, [...polygon, ...polygon.slice(0, 1)], colour);
}

/** Straight lines from point to point, shares of the frame, two pixels thick. */
export function drawPath(frame: Frame, points: readonly (readonly [number, number])[], colour: Colour): void {
  points.slice(1).forEach(([toX, toY], i) => {
    const [x, y] = points[i] ?? [toX, toY];
    const steps = Math.ceil(Math.hypot((toX - x) * frame.width, (toY - y) * frame.height)) + 1;
    for (let s = 0; s <= steps; s += 1) {
      const px = Math.min(frame.width - 2, Math.round((x + ((toX - x) * s) / steps) * frame.width));
      const py = Math.min(frame.height - 2, Math.round((y + ((toY - y) * s) / steps) * frame.height));
      for (const [dx, dy] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ] as const)
        dot(frame, px + dx, py + dy, colour);
    }
  });
}

/** One pixel; outside the frame nothing. */
export function dot(frame: Frame, x: number, y: number, colour: Colour): void {
  if (x < 0 || y < 0 || x >= frame.width || y >= frame.height) return;
  frame.rgb.set(colour, (y * frame.width + x) * 3);
}
