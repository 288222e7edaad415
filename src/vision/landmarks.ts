// Five points of a face: how it is turned, and the square around it in which its eyes lie level.
import type { Crop } from "./face-crop.ts";

/** x, y in pixels of one picture. */
export type Point = readonly [number, number];

/** As the picture shows them: the eye and the corner of the mouth at its left first, which are the person's right ones. */
export interface Landmarks {
  readonly leftEye: Point;
  readonly rightEye: Point;
  readonly nose: Point;
  readonly leftMouth: Point;
  readonly rightMouth: Point;
}

export function mapLandmarks(all: Landmarks, move: (point: Point) => Point): Landmarks {
  return {
    leftEye: move(all.leftEye),
    rightEye: move(all.rightEye),
    nose: move(all.nose),
    leftMouth: move(all.leftMouth),
    rightMouth: move(all.rightMouth),
  };
}

/** Where the eyes lie in the squares with which an expression model was trained, shares of the square's side. */
export interface EyePlace {
  /** From one eye to the other. */
  readonly distance: number;
  /** From the top to the middle between the eyes. */
  readonly down: number;
}

export interface Pose {
  /** 0 ahead; the nose off the middle between the eyes, over their distance. Positive: towards the picture's right. */
  readonly yaw: number;
  /** How far down from the eyes to the mouth the nose lies, 0..1; about {@link LEVEL_NOSE} ahead. */
  readonly nose: number;
}

/** Of a face looking straight into the camera, see {@link Pose}; the median of FER+ validation faces. */
export const LEVEL_NOSE = 0.57;

/** How a face is turned, the roll taken off. Undefined where the points make no face. */
export function poseOf({ leftEye, rightEye, nose, leftMouth, rightMouth }: Landmarks): Pose | undefined {
  const axis = axisOf(leftEye, rightEye);
  if (axis === undefined) return undefined;
  const eyes = middle(leftEye, rightEye);
  const mouth = along(axis, eyes, middle(leftMouth, rightMouth));
  const tip = along(axis, eyes, nose);
  return mouth.down <= 0 ? undefined : { yaw: tip.across / axis.length, nose: tip.down / mouth.down };
}

/** The square in which the eyes lie level and where the model had them; undefined where the points make no face. */
export function cropOnEyes({ leftEye, rightEye }: Landmarks, place: EyePlace): Crop | undefined {
  const axis = axisOf(leftEye, rightEye);
  if (axis === undefined) return undefined;
  const [x, y] = middle(leftEye, rightEye);
  const side = axis.length / place.distance;
  const down = (0.5 - place.down) * side;
  return {
    centre: [x - axis.y * down, y + axis.x * down],
    side,
    roll: Math.atan2(axis.y, axis.x),
  };
}

interface Axis {
  readonly x: number;
  readonly y: number;
  readonly length: number;
}

function axisOf(from: Point, to: Point): Axis | undefined {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  return length > 0 && Number.isFinite(length) ? { x: dx / length, y: dy / length, length } : undefined;
}

function middle(a: Point, b: Point): Point {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** Of a point, as the face has it: along the eyes and down from them. */
function along(axis: Axis, origin: Point, point: Point): { across: number; down: number } {
  const [dx, dy] = [point[0] - origin[0], point[1] - origin[1]];
  return { across: dx * axis.x + dy * axis.y, down: dy * axis.x - dx * axis.y };
}
