// Cuts one face out of a frame as the expression model wants it: square, grey, small.
import type { Box } from "../words/inputs.ts";
import type { Frame, Size } from "./frame.ts";
import { tapsOf } from "./letterbox.ts";

/**
 * The square of the picture around a face box, pixels; it may reach beyond the frame.
 * @param scale side of the square over the geometric mean of the box's sides
 */
export function cropAround(box: Box, frame: Size, scale: number): { left: number; top: number; side: number } {
  const width = box[2] * frame.width;
  const height = box[3] * frame.height;
  const side = scale * Math.sqrt(width * height);
  return {
    left: box[0] * frame.width + (width - side) / 2,
    top: box[1] * frame.height + (height - side) / 2,
    side,
  };
}

/** Draws the face into `gray` (target.width × target.height, 0..255); beyond the frame its edge is repeated. */
export function drawFace(frame: Frame, box: Box, scale: number, target: Size, gray: Float32Array): void {
  const crop = cropAround(box, frame, scale);
  const across = tapsOf(frame.width, target.width, crop.left, crop.side);
  const down = tapsOf(frame.height, target.height, crop.top, crop.side);
  const { rgb } = frame;
  for (let y = 0; y < target.height; y += 1) {
    for (let x = 0; x < target.width; x += 1) {
      let sum = 0;
      const left = across.first[x] ?? 0;
      const top = down.first[y] ?? 0;
      for (let j = 0; j < down.count; j += 1) {
        const v = down.weights[y * down.count + j] ?? 0;
        if (v === 0) continue;
        for (let i = 0; i < across.count; i += 1) {
          const w = v * (across.weights[x * across.count + i] ?? 0);
          if (w === 0) continue;
          const p = ((top + j) * frame.width + left + i) * 3;
          sum += w * (0.299 * (rgb[p] ?? 0) + 0.587 * (rgb[p + 1] ?? 0) + 0.114 * (rgb[p + 2] ?? 0));
        }
      }
      gray[y * target.width + x] = sum;
    }
  }
}
