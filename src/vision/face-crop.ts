// Cuts one face out of a frame as a classifier wants it: square, level, small, grey or in colour.
import type { Box } from "../words/inputs.ts";
import type { Frame, Size } from "./frame.ts";
import { tapsOf } from "./letterbox.ts";

/** A square of the picture, pixels; it may reach beyond the frame. */
export interface Crop {
  readonly centre: readonly [number, number];
  readonly side: number;
  /** By how much it is turned clockwise, radians. */
  readonly roll: number;
}

/**
 * The upright square around a face box.
 * @param scale side of the square over the geometric mean of the box's sides
 */
export function cropAround(box: Box, frame: Size, scale: number): Crop {
  const [x, y, width, height] = [
    box[0] * frame.width,
    box[1] * frame.height,
    box[2] * frame.width,
    box[3] * frame.height,
  ];
  return { centre: [x + width / 2, y + height / 2], side: scale * Math.sqrt(width * height), roll: 0 };
}

/** Draws the square into `gray` (target.width × target.height, 0..255); beyond the frame its edge is repeated. */
export function drawFace(frame: Frame, crop: Crop, target: Size, gray: Float32Array): void {
  drawPlane(frame, crop, target, GRAY, gray);
}

/** As {@link drawFace}, in colour: planes of red, green and blue, one after the other. */
export function drawFaceInColour(frame: Frame, crop: Crop, target: Size): Float32Array {
  const size = target.width * target.height;
  const planes = new Float32Array(3 * size);
  RED_GREEN_BLUE.forEach((weights, i) => {
    drawPlane(frame, crop, target, weights, planes.subarray(i * size, (i + 1) * size));
  });
  return planes;
}

/** How much of red, green and blue goes into a plane. */
type Weights = readonly [red: number, green: number, blue: number];
const GRAY: Weights = [0.299, 0.587, 0.114];
const RED_GREEN_BLUE: readonly Weights[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

function drawPlane(frame: Frame, crop: Crop, target: Size, weights: Weights, plane: Float32Array): void {
  if (crop.roll === 0) drawUpright(frame, crop, target, weights, plane);
  else drawTurned(frame, crop, target, weights, plane);
}

/**
 * Every pixel is the mean of points spread over it, each between its four neighbours: as many as the square is larger than the
 * target, so that nothing is skipped, up to a bound that keeps a face as large as the frame from taking long.
 */
function drawTurned(
  frame: Frame,
  { centre, side, roll }: Crop,
  target: Size,
  weights: Weights,
  plane: Float32Array,
): void {
  const [cos, sin] = [Math.cos(roll), Math.sin(roll)];
  const points = Math.min(MOST_POINTS, Math.max(1, Math.ceil(side / Math.max(target.width, target.height))));
  for (let y = 0; y < target.height; y += 1) {
    for (let x = 0; x < target.width; x += 1) {
      let sum = 0;
      for (let j = 0; j < points; j += 1) {
        const v = ((y + (j + 0.5) / points) / target.height - 0.5) * side;
        for (let i = 0; i < points; i += 1) {
          const u = ((x + (i + 0.5) / points) / target.width - 0.5) * side;
          sum += between(frame, centre[0] + u * cos - v * sin - 0.5, centre[1] + u * sin + v * cos - 0.5, weights);
        }
      }
      plane[y * target.width + x] = sum / points ** 2;
    }
  }
}

const MOST_POINTS = 8;

/** Between the four pixels around; the middle of the first pixel is 0, 0. */
function between(frame: Frame, x: number, y: number, weights: Weights): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const [right, low] = [x - left, y - top];
  const above = (1 - right) * valueAt(frame, left, top, weights) + right * valueAt(frame, left + 1, top, weights);
  const below =
    (1 - right) * valueAt(frame, left, top + 1, weights) + right * valueAt(frame, left + 1, top + 1, weights);
  return (1 - low) * above + low * below;
}

function valueAt({ rgb, width, height }: Frame, x: number, y: number, [red, green, blue]: Weights): number {
  const p = (Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))) * 3;
  return red * (rgb[p] ?? 0) + green * (rgb[p + 1] ?? 0) + blue * (rgb[p + 2] ?? 0);
}

function drawUpright(
  frame: Frame,
  { centre, side }: Crop,
  target: Size,
  [red, green, blue]: Weights,
  plane: Float32Array,
): void {
  const across = tapsOf(frame.width, target.width, centre[0] - side / 2, side);
  const down = tapsOf(frame.height, target.height, centre[1] - side / 2, side);
  const { rgb } = frame;
  const from = across.first[0] ?? 0;
  // Rows first, then columns: fewer sums than over both at once.
  const row = new Float64Array((across.first.at(-1) ?? 0) + across.count - from);
  for (let y = 0; y < target.height; y += 1) {
    row.fill(0);
    for (let j = 0; j < down.count; j += 1) {
      const weight = down.weights[y * down.count + j] ?? 0;
      if (weight === 0) continue;
      let p = (((down.first[y] ?? 0) + j) * frame.width + from) * 3;
      for (let i = 0; i < row.length; i += 1, p += 3)
        row[i] = (row[i] ?? 0) + weight * (red * (rgb[p] ?? 0) + green * (rgb[p + 1] ?? 0) + blue * (rgb[p + 2] ?? 0));
    }
    for (let x = 0; x < target.width; x += 1) {
      const first = (across.first[x] ?? 0) - from;
      let sum = 0;
      for (let i = 0; i < across.count; i += 1)
        sum += (across.weights[x * across.count + i] ?? 0) * (row[first + i] ?? 0);
      plane[y * target.width + x] = sum;
    }
  }
}
