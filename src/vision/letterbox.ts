// Fits a picture of any shape into a model's input, keeping its aspect; geometry first, then pixels.
import { endianness } from "node:os";
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

/** How a picture of another shape is fitted in: with its aspect kept and a border, or stretched over the whole input. */
export type Fit = "letterbox" | "stretch";

/** The largest picture of the source's aspect that fits, centred, in whole pixels; or the whole input. */
export function letterboxOf(source: Size, input: Size, fit: Fit = "letterbox"): Letterbox {
  if (fit === "stretch") return { left: 0, top: 0, width: input.width, height: input.height };
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
  // Beyond the edges the edge pixel is repeated, so what falls outside is added to its weight.
  const inside = (position: number): number => Math.min(from - 1, Math.max(0, position));
  for (let target = 0; target < to; target += 1) {
    const begin = ratio > 1 ? start + target * ratio : start + (target + 0.5) * ratio - 0.5;
    const low = Math.floor(begin);
    const first = Math.max(0, Math.min(inside(low), from - count));
    firsts[target] = first;
    const add = (position: number, weight: number): void => {
      const at = target * count + inside(position) - first;
      weights[at] = (weights[at] ?? 0) + weight;
    };
    if (ratio > 1) {
      const end = begin + ratio;
      for (let p = low; p < end; p += 1) add(p, (Math.min(end, p + 1) - Math.max(begin, p)) / ratio);
    } else {
      add(low, low + 1 - begin);
      add(low + 1, begin - low);
    }
  }
  return { first: firsts, weights, count };
}

/** A picture in planes of a model input's size, 0..255. */
export interface Planes {
  /** Red, green and blue plane, one after the other. */
  readonly rgb: Float32Array;
  /** The same in grey, see {@link toGray}, where it is at hand. */
  readonly gray?: Float32Array | undefined;
}

/** The same, each plane by itself. */
interface Views {
  readonly red: Float32Array;
  readonly green: Float32Array;
  readonly blue: Float32Array;
  readonly gray: Float32Array | undefined;
}

/** Draws a frame into planes; made once per pair of sizes and reused for every frame. */
export interface Letterboxer extends Planes {
  readonly letterbox: Letterbox;
  /** Fills the planes, border and all. */
  draw(frame: Frame): void;
}

/**
 * Prepares the way from frames of one size to a model input of another.
 * @param planes of the input's size to draw into; several may draw into the same
 */
export function createLetterboxer(
  source: Size,
  input: Size,
  fit: Fit = "letterbox",
  { rgb, gray }: Planes = { rgb: new Float32Array(input.width * input.height * 3) },
): Letterboxer {
  const letterbox = letterboxOf(source, input, fit);
  const plane = input.width * input.height;
  const across = tapsOf(source.width, letterbox.width);
  const down = tapsOf(source.height, letterbox.height);
  const exactHalf = source.width === 2 * letterbox.width && source.height === 2 * letterbox.height;
  const row = new Float32Array((source.width + across.count) * 3);
  const views: Views = {
    red: rgb.subarray(0, plane),
    green: rgb.subarray(plane, 2 * plane),
    blue: rgb.subarray(2 * plane),
    gray,
  };
  return {
    letterbox,
    rgb,
    gray,
    draw(frame) {
      fillBorder(rgb, input, letterbox);
      const words = exactHalf ? wordsOf(frame) : undefined;
      if (words !== undefined) {
        if (gray !== undefined) fillBorder(gray, input, letterbox);
        halve(words, letterbox, input.width, views);
        return;
      }
      for (let y = 0; y < letterbox.height; y += 1) {
        blendRows(frame.rgb, source.width * 3, source.height, down, y, row);
        blendColumns(row, across, rgb, (y + letterbox.top) * input.width + letterbox.left, plane, letterbox.width);
      }
      if (gray !== undefined) toGray(rgb, gray);
    },
  };
}

/** Fills what lies outside the picture, in every plane. */
function fillBorder(planes: Float32Array, { width, height }: Size, letterbox: Letterbox): void {
  if (letterbox.width === width && letterbox.height === height) return;
  const right = letterbox.left + letterbox.width;
  const low = letterbox.top + letterbox.height;
  for (let at = 0; at < planes.length; at += width * height) {
    planes.fill(FILL, at, at + letterbox.top * width);
    for (let row = at + letterbox.top * width; row < at + low * width; row += width) {
      planes.fill(FILL, row, row + letterbox.left);
      planes.fill(FILL, row + right, row + width);
    }
    planes.fill(FILL, at + low * width, at + height * width);
  }
}

/** Every second byte of a word: two sums of two bytes each fit beside each other without running into one another. */
const EVEN_BYTES = 0x00ff00ff;

/**
 * The mean of every 2 × 2 pixels: what the general way gives for exactly half the size, in a quarter of its time. Half
 * is the ordinary case: the default camera size is twice the models' input. Four pixels, R0G0B0R1 G1B1R2G2 B2R3G3B3, are
 * read as three little-endian words.
 */
function halve(source: Int32Array, letterbox: Letterbox, inputWidth: number, { red, green, blue, gray }: Views): void {
  const stride = (letterbox.width * 6) / 4;
  for (let y = 0; y < letterbox.height; y += 1) {
    let a = 2 * y * stride;
    let b = a + stride;
    let o = (y + letterbox.top) * inputWidth + letterbox.left;
    for (const end = o + letterbox.width; o < end; a += 3, b += 3, o += 2) {
      const a0 = source[a] ?? 0;
      const a1 = source[a + 1] ?? 0;
      const a2 = source[a + 2] ?? 0;
      const b0 = source[b] ?? 0;
      const b1 = source[b + 1] ?? 0;
      const b2 = source[b + 2] ?? 0;
      const r0b0 = (a0 & EVEN_BYTES) + (b0 & EVEN_BYTES);
      const g0r1 = ((a0 >>> 8) & EVEN_BYTES) + ((b0 >>> 8) & EVEN_BYTES);
      const g1r2 = (a1 & EVEN_BYTES) + (b1 & EVEN_BYTES);
      const b1g2 = ((a1 >>> 8) & EVEN_BYTES) + ((b1 >>> 8) & EVEN_BYTES);
      const b2g3 = (a2 & EVEN_BYTES) + (b2 & EVEN_BYTES);
      const r3b3 = ((a2 >>> 8) & EVEN_BYTES) + ((b2 >>> 8) & EVEN_BYTES);
      const red0 = ((r0b0 & 0xffff) + (g0r1 >>> 16)) / 4;
      const green0 = ((g0r1 & 0xffff) + (g1r2 & 0xffff)) / 4;
      const blue0 = ((r0b0 >>> 16) + (b1g2 & 0xffff)) / 4;
      const red1 = ((g1r2 >>> 16) + (r3b3 & 0xffff)) / 4;
      const green1 = ((b1g2 >>> 16) + (b2g3 >>> 16)) / 4;
      const blue1 = ((b2g3 & 0xffff) + (r3b3 >>> 16)) / 4;
      red[o] = red0;
      green[o] = green0;
      blue[o] = blue0;
      red[o + 1] = red1;
      green[o + 1] = green1;
      blue[o + 1] = blue1;
      if (gray === undefined) continue;
      gray[o] = grayOf(red0, green0, blue0);
      gray[o + 1] = grayOf(red1, green1, blue1);
    }
  }
}

/** The frame's bytes as words, where its rows and its memory allow that. */
function wordsOf({ width, rgb }: Frame): Int32Array | undefined {
  if (width % 4 !== 0 || rgb.byteOffset % 4 !== 0 || endianness() !== "LE") return undefined;
  return new Int32Array(rgb.buffer, rgb.byteOffset, rgb.length / 4);
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

/** Grey planes of planes in colour. */
export function toGray(rgb: Float32Array, gray: Float32Array): void {
  const plane = gray.length;
  for (let i = 0, g = plane, b = 2 * plane; i < plane; i += 1, g += 1, b += 1)
    gray[i] = grayOf(rgb[i] ?? 0, rgb[g] ?? 0, rgb[b] ?? 0);
}

/** By ITU-R BT.601, as OpenCV reads pictures in grey. */
function grayOf(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
