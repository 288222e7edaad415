// Decodes detector output, N × [x1, y1, x2, y2, score], into boxes on the frame.
import type { Box } from "../../words/inputs.ts";
import type { Letterbox } from "../letterbox.ts";

export interface Detection {
  /** x, y, width, height as shares of the frame, clipped to it. */
  readonly box: Box;
  /** 0..1 */
  readonly score: number;
}

interface Corners {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly score: number;
}

/**
 * @param output N × 5 numbers, pixels on the letterboxed input
 * @returns detections with score ≥ minScore after non-maximum suppression, best first
 */
export function decodeBoxes5(
  output: Float32Array,
  letterbox: Letterbox,
  settings: { readonly minScore: number; readonly nmsIou: number },
): Detection[] {
  const candidates: Corners[] = [];
  for (let i = 0; i + 4 < output.length; i += 5) {
    const score = output[i + 4] ?? 0;
    if (score < settings.minScore) continue;
    const corners = {
      x1: output[i] ?? 0,
      y1: output[i + 1] ?? 0,
      x2: output[i + 2] ?? 0,
      y2: output[i + 3] ?? 0,
      score: Math.min(1, score),
    };
    if (corners.x2 > corners.x1 && corners.y2 > corners.y1) candidates.push(corners);
  }
  return suppress(candidates, settings.nmsIou).flatMap((corners) => {
    const box = onFrame(corners, letterbox);
    return box === undefined ? [] : [{ box, score: corners.score }];
  });
}

/** Non-maximum suppression: greedy, best score first; the earlier candidate wins a tie. */
function suppress(candidates: readonly Corners[], nmsIou: number): Corners[] {
  const kept: Corners[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score))
    if (kept.every((better) => overlap(better, candidate) <= nmsIou)) kept.push(candidate);
  return kept;
}

/** Intersection over union, 0..1. */
export function overlap(a: Omit<Corners, "score">, b: Omit<Corners, "score">): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - shared);
}

/** Takes the letterbox off; undefined when nothing of the box lies on the picture. */
function onFrame(corners: Corners, letterbox: Letterbox): Box | undefined {
  const share = (value: number, offset: number, size: number): number =>
    Math.min(1, Math.max(0, (value - offset) / size));
  const left = share(corners.x1, letterbox.left, letterbox.width);
  const right = share(corners.x2, letterbox.left, letterbox.width);
  const top = share(corners.y1, letterbox.top, letterbox.height);
  const bottom = share(corners.y2, letterbox.top, letterbox.height);
  return right > left && bottom > top ? [left, top, right - left, bottom - top] : undefined;
}
