// Off which faces an expression is read: large, turned and sharp enough.
import type { ReadingLimits } from "../config/reading.ts";
import type { Unread } from "../words/events.ts";
import type { Detection } from "./decoders/nms.ts";
import type { Size } from "./frame.ts";
import { type Landmarks, LEVEL_NOSE, poseOf } from "./landmarks.ts";

/** What speaks against a face before it is cut out: too few pixels, or turned too far as far as its landmarks say. */
export function unreadable(
  { box }: Detection,
  landmarks: Landmarks | undefined,
  frame: Size,
  limits: ReadingLimits,
): Unread | undefined {
  if (Math.sqrt(box[2] * frame.width * box[3] * frame.height) < limits.smallestPx) return "small";
  if (landmarks === undefined) return undefined;
  const pose = poseOf(landmarks);
  const ahead =
    pose !== undefined && Math.abs(pose.yaw) <= limits.turned && Math.abs(pose.nose - LEVEL_NOSE) <= limits.nodded;
  return ahead ? undefined : "turned";
}

/**
 * Variance of the Laplacian (4 neighbours) of a picture of grey values 0..255, its border left out.
 * J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000.
 */
export function sharpnessOf(gray: Float32Array, { width, height }: Size): number {
  let sum = 0;
  let squares = 0;
  for (let y = 1; y < height - 1; y += 1)
    for (let x = 1; x < width - 1; x += 1) {
      const p = y * width + x;
      const beside = (gray[p - 1] ?? 0) + (gray[p + 1] ?? 0) + (gray[p - width] ?? 0) + (gray[p + width] ?? 0);
      const edge = beside - 4 * (gray[p] ?? 0);
      sum += edge;
      squares += edge * edge;
    }
  const count = Math.max(1, (width - 2) * (height - 2));
  return squares / count - (sum / count) ** 2;
}
