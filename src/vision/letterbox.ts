// Fits a picture of any shape into a model's input, keeping its aspect; geometry first, then pixels.
import type { Frame, Size } from "./frame.ts";

/** Where the scaled picture lies on the input, pixels; the rest is filled with {@link FILL}. */
export interface Letterbox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Mid-grey: 0 after the models' own normalisation, and inside the range the models were trained with. */
export const FILL = 128;

/** The largest picture of the source's aspect that fits, centred, in whole pixels. */
export function letterboxOf(source: Size, input: Size): Letterbox {
  const scale = Math.min(input.width / source.width, input.height / source.height);
  const width = Math.max(1, Math.min(input.width, Math.round(source.width * scale)));
  const height = Math.max(1, Math.min(input.height, Math.round(source.height * scale)));
  return {
    left: Math.floor((input.width - width) / 2),
    top: Math.floor((input.height - height) / 2),
    width,
    height,
  };
}

/** For every target position: the first source position, and the weights of it and its followers. */
export interface Taps {
  readonly first: Int32Array;
  /** `count` weights per target position; they sum to 1. */
  readonly weights: Float32Array;
  readonly count: number;
}

/**
 * Weights that carry `from` positions to `to`: area averaging when shrinking (no source pixel is left out, so small
 * faces do not flicker), linear interpolation when enlarging. Same results as OpenCV's INTER_AREA and INTER_LINEAR,
 * with which the models' training pictures were scaled.
 * @param start,length the part of the source to take; may reach beyond its edges, which are then repeated
 */
export function tapsOf(from: number, to: number, start = 0, length = from): Taps {
  const ratio = length / to;
  const count = ratio > 1 ? Math.ceil(ratio) + 1 : 2;
  const firsts = new Int32Array(to);
  const weights = new Float32Array(to * count);
  const wanted = Math.min(count, from);
  for (let target = 0; target < to; target += 1) {
    const gathered = new Map<number, number>();
    const add = (position: number, weight: number): void => {
      const inside = Math.min(from - 1, Math.max(0, position));
      gathered.set(inside, (gathered.get(inside) ?? 0) + weight);
    };
    if (ratio > 1) {
      const begin = start + target * ratio;
      const end = begin + ratio;
      for (let p = Math.floor(begin); p < end; p += 1) add(p, (Math.min(end, p + 1) - Math.max(begin, p)) / ratio);
    } else {
      const centre = start + (target + 0.5) * ratio - 0.5;
      const low = Math.floor(centre);
      add(low, low + 1 - centre);
      add(low + 1, centre - low);
    }
    const first = Math.min(Math.min(...gathered.keys()), from - wanted);
    firsts[target] = first;
    for (const [position, weight] of gathered) weights[target * count + position - first] = weight;
  }
  return { first: firsts, weights, count };
}

/** Draws a frame into planes; made once per pair of sizes and reused for every frame. */
export interface Letterboxer {
  readonly letterbox: Letterbox;
  /** Fills `rgb`: red, green and blue plane of the input, 0..255. The border is already there. */
  draw(frame: Frame): void;
  readonly rgb: Float32Array;
}

/** Prepares the way from frames of one size to a model input of another. */
export function createLetterboxer(source: Size, input: Size): Letterboxer {
  const letterbox = letterboxOf(source, input);
  const plane = input.width * input.height;
  const rgb = new Float32Array(plane * 3).fill(FILL);
  const across = tapsOf(source.width, letterbox.width);
  const down = tapsOf(source.height, letterbox.height);
  const row = new Float32Array((source.width + across.count) * 3);
  return {
    letterbox,
    rgb,
    draw(frame) {
      if (source.width === 2 * letterbox.width && source.height === 2 * letterbox.height) {
        halve(frame.rgb, letterbox, input.width, rgb);
        return;
      }
      for (let y = 0; y < letterbox.height; y += 1) {
        blendRows(frame.rgb, source.width * 3, source.height, down, y, row);
        blendColumns(row, across, rgb, (y + letterbox.top) * input.width + letterbox.left, plane, letterbox.width);
      }
    },
  };
}

/**
 * The mean of every 2 × 2 pixels: what the general way gives for exactly half the size, in a third of its time. Half
 * is the ordinary case: the default camera size is twice the models' input.
 */
function halve(source: Uint8Array, letterbox: Letterbox, inputWidth: number, rgb: Float32Array): void {
  const stride = letterbox.width * 6;
  const green = rgb.length / 3;
  const blue = 2 * green;
  for (let y = 0; y < letterbox.height; y += 1) {
    let a = 2 * y * stride;
    let b = a + stride;
    let o = (y + letterbox.top) * inputWidth + letterbox.left;
    for (let x = 0; x < letterbox.width; x += 1, a += 6, b += 6, o += 1) {
      rgb[o] = ((source[a] ?? 0) + (source[a + 3] ?? 0) + (source[b] ?? 0) + (source[b + 3] ?? 0)) / 4;
      rgb[o + green] = ((source[a + 1] ?? 0) + (source[a + 4] ?? 0) + (source[b + 1] ?? 0) + (source[b + 4] ?? 0)) / 4;
      rgb[o + blue] = ((source[a + 2] ?? 0) + (source[a + 5] ?? 0) + (source[b + 2] ?? 0) + (source[b + 5] ?? 0)) / 4;
    }
  }
}

/** Weighted sum of source rows into `row`. */
function blendRows(
  source: Uint8Array,
  stride: number,
  height: number,
  taps: Taps,
  target: number,
  row: Float32Array,
): void {
  const { first, weights, count } = taps;
  const top = first[target] ?? 0;
  let a = top * stride;
  let w = weights[target * count] ?? 0;
  for (let i = 0; i < stride; i += 1, a += 1) row[i] = (source[a] ?? 0) * w;
  for (let k = 1; k < count && top + k < height; k += 1) {
    w = weights[target * count + k] ?? 0;
    if (w === 0) continue;
    a = (top + k) * stride;
    for (let i = 0; i < stride; i += 1, a += 1) row[i] = (row[i] ?? 0) + (source[a] ?? 0) * w;
  }
}

/** Weighted sums along `row` into three planes. */
function blendColumns(
  row: Float32Array,
  taps: Taps,
  out: Float32Array,
  at: number,
  plane: number,
  width: number,
): void {
  const { first, weights, count } = taps;
  for (let x = 0; x < width; x += 1) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let i = (first[x] ?? 0) * 3;
    const base = x * count;
    for (let k = 0; k < count; k += 1, i += 3) {
      const w = weights[base + k] ?? 0;
      red += (row[i] ?? 0) * w;
      green += (row[i + 1] ?? 0) * w;
      blue += (row[i + 2] ?? 0) * w;
    }
    out[at + x] = red;
    out[at + x + plane] = green;
    out[at + x + 2 * plane] = blue;
  }
}

/** Grey by ITU-R BT.601, as OpenCV reads pictures in grey: 0.299 R + 0.587 G + 0.114 B. */
export function toGray(rgb: Float32Array, gray: Float32Array): void {
  const plane = gray.length;
  for (let i = 0; i < plane; i += 1)
    gray[i] = 0.299 * (rgb[i] ?? 0) + 0.587 * (rgb[i + plane] ?? 0) + 0.114 * (rgb[i + 2 * plane] ?? 0);
}
