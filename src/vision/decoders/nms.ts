// From a detector's candidates to detections on the frame: non-maximum suppression, then the letterbox comes off.
import type { Box } from "../../words/inputs.ts";
import { type Landmarks, mapLandmarks } from "../landmarks.ts";
import type { Letterbox } from "../letterbox.ts";

/** A box as a detector gives it, pixels on the model's input. */
export interface Candidate {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  /** 0..1 */
  readonly score: number;
  /** Of a face, where the model gives them; pixels on the model's input. */
  readonly landmarks?: Landmarks;
}

export interface Detection {
  /** x, y, width, height as shares of the frame, clipped to it. */
  readonly box: Box;
  /** 0..1 */
  readonly score: number;
  /** Shares of the frame; not clipped to it. They stay in the vision room. */
  readonly landmarks?: Landmarks;
}

/**
 * More candidates than any picture has people or faces. The suppression takes time by their square, so a model gone wild
 * (or a threshold near 0) must not hold the mind's thread for seconds.
 */
const MAX_CANDIDATES = 1_000;

/**
 * @param nmsIou of two boxes overlapping more than this the weaker is dropped
 * @returns detections best first, empty and inverted boxes left out
 */
export function toDetections(candidates: readonly Candidate[], letterbox: Letterbox, nmsIou: number): Detection[] {
  const boxes = candidates.filter(({ x1, y1, x2, y2 }) => x2 > x1 && y2 > y1);
  return suppress(boxes, nmsIou).flatMap((candidate) => {
    const box = onFrame(candidate, letterbox);
    if (box === undefined) return [];
    const { landmarks } = candidate;
    const points = landmarks === undefined ? {} : { landmarks: pointsOnFrame(landmarks, letterbox) };
    return [{ box, score: Math.min(1, candidate.score), ...points }];
  });
}

/** Non-maximum suppression: greedy, best score first; the earlier candidate wins a tie. */
function suppress(candidates: readonly Candidate[], nmsIou: number): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score).slice(0, MAX_CANDIDATES))
    if (kept.every((better) => overlap(better, candidate) <= nmsIou)) kept.push(candidate);
  return kept;
}

type Corners = Pick<Candidate, "x1" | "y1" | "x2" | "y2">;

/** Intersection over union, 0..1. */
export function overlap(a: Corners, b: Corners): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - shared);
}

function pointsOnFrame(landmarks: Landmarks, { left, top, width, height }: Letterbox): Landmarks {
  return mapLandmarks(landmarks, ([x, y]) => [(x - left) / width, (y - top) / height]);
}

/** Takes the letterbox off; undefined when nothing of the box lies on the picture. */
function onFrame(candidate: Candidate, letterbox: Letterbox): Box | undefined {
  const share = (value: number, offset: number, size: number): number =>
    Math.min(1, Math.max(0, (value - offset) / size));
  const left = share(candidate.x1, letterbox.left, letterbox.width);
  const right = share(candidate.x2, letterbox.left, letterbox.width);
  const top = share(candidate.y1, letterbox.top, letterbox.height);
  const bottom = share(candidate.y2, letterbox.top, letterbox.height);
  return right > left && bottom > top ? [left, top, right - left, bottom - top] : undefined;
}
