// Decodes our own detectors: N × [x1, y1, x2, y2, score].
import { z } from "zod";
import type { Candidate } from "./nms.ts";
import { type TensorSpec, tensorName, thresholds } from "./tensor.ts";

export const Boxes5Output = z.strictObject({
  decoder: z.literal("boxes5").describe("N × [x1, y1, x2, y2, score], pixels on the letterboxed input"),
  name: tensorName,
  ...thresholds,
});
export type Boxes5Output = z.infer<typeof Boxes5Output>;

export function boxes5Tensors({ name }: Boxes5Output): TensorSpec[] {
  return [{ name, shape: [undefined, 5], isShare: (i) => i % 5 === 4 }];
}

/** @param boxes N × 5 numbers, pixels on the model's input */
export function decodeBoxes5(boxes: Float32Array, { minScore }: Boxes5Output): Candidate[] {
  const candidates: Candidate[] = [];
  for (let i = 0; i + 4 < boxes.length; i += 5) {
    const score = boxes[i + 4] ?? 0;
    if (score < minScore) continue;
    candidates.push({
      x1: boxes[i] ?? 0,
      y1: boxes[i + 1] ?? 0,
      x2: boxes[i + 2] ?? 0,
      y2: boxes[i + 3] ?? 0,
      score,
    });
  }
  return candidates;
}
