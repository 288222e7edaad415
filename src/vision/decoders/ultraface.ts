// Decodes UltraFace: boxes as shares of the input, and for each the shares of background and face.
import { z } from "zod";
import type { Size } from "../frame.ts";
import type { Candidate } from "./nms.ts";
import { type TensorSpec, tensorName, thresholds } from "./tensor.ts";

export const UltraFaceOutput = z.strictObject({
  decoder: z.literal("ultraface").describe("N × [background, face] and N × [x1, y1, x2, y2] as shares of the input"),
  scores: tensorName,
  boxes: tensorName,
  ...thresholds,
});
export type UltraFaceOutput = z.infer<typeof UltraFaceOutput>;

/** Scores, then boxes. */
export function ultraFaceTensors({ scores, boxes }: UltraFaceOutput): TensorSpec[] {
  return [
    { name: scores, shape: [undefined, 2], isShare: () => true },
    { name: boxes, shape: [undefined, 4], isShare: () => false },
  ];
}

/**
 * The exported graph has applied the priors (centre and size variances) already, so a box is ready but for its scale:
 * `detect_imgs_onnx.py` (predict) in the authors' repository,
 * github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB.
 */
export function decodeUltraFace(
  scores: Float32Array,
  boxes: Float32Array,
  { minScore }: UltraFaceOutput,
  input: Size,
): Candidate[] {
  const candidates: Candidate[] = [];
  for (let i = 0; i * 2 + 1 < scores.length; i += 1) {
    const score = scores[i * 2 + 1] ?? 0;
    if (score < minScore) continue;
    candidates.push({
      x1: (boxes[i * 4] ?? 0) * input.width,
      y1: (boxes[i * 4 + 1] ?? 0) * input.height,
      x2: (boxes[i * 4 + 2] ?? 0) * input.width,
      y2: (boxes[i * 4 + 3] ?? 0) * input.height,
      score,
    });
  }
  return candidates;
}
