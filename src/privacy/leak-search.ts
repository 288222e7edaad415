// Searches any bytes for the canary in every dress that a leaked picture could wear: raw, coded, scaled, wrapped in text.
import { gunzipSync, inflateSync } from "node:zlib";
import sharp from "sharp";
import { createLetterboxer, toGray } from "../vision/letterbox.ts";
import { canaryPlace, canaryTile } from "../vision/scene/canary.ts";
import { createScene } from "../vision/scene/paint.ts";
import { findCanary } from "./canary-search.ts";

/** Size of the frames that are searched for. */
export const FRAME = { width: 640, height: 384 } as const;
/** Inputs of the shipped detectors. */
const INPUT = { width: 320, height: 192 } as const;
/** Correlation from which a piece of a picture is the tile; noise against noise stays below 0.2. */
const ALIKE = 0.6;
const SCALES = [1, 0.75, 0.5, 0.375, 0.25] as const;
/** Shortest text of base64 or hex digits that is looked into. */
const SHORTEST_TEXT = 64;

export interface LeakSearch {
  /** What of the canary is in `bytes`, or undefined. */
  find(bytes: Uint8Array): Promise<string | undefined>;
}

/** Prepares a search for the canary of one seed in frames of size {@link FRAME}. */
export async function createLeakSearch(seed: number): Promise<LeakSearch> {
  const needles = await rawNeedles(seed);
  const find = async (bytes: Uint8Array, depth: number): Promise<string | undefined> => {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const [name, row] of needles) if (data.includes(row)) return name;
    const plain = await findCanary(data, seed);
    if (plain !== undefined) return plain.as;
    const coded = await findScaled(data, seed);
    if (coded !== undefined) return coded;
    if (depth === 0) return undefined;
    for (const [name, inner] of unwrapped(data)) {
      const found = await find(inner, depth - 1);
      if (found !== undefined) return `${found} in ${name}`;
    }
    return undefined;
  };
  return { find: (bytes) => find(bytes, 2) };
}

/** Rows of the tile as they lie in memory on the way from the camera to the models. */
async function rawNeedles(seed: number): Promise<[string, Buffer][]> {
  const { rgb, width } = canaryTile(seed);
  const rows = [2, 7, 13];
  const needles: [string, Buffer][] = [];
  for (const y of rows) {
    const row = rgb.subarray(y * width * 3, (y + 1) * width * 3);
    const rgba = Buffer.alloc(width * 4, 255);
    for (let x = 0; x < width; x += 1) rgba.set(row.subarray(x * 3, x * 3 + 3), x * 4);
    needles.push(["RGBA", rgba.subarray(0, 64)]);
    for (const [channel, name] of ["red", "green", "blue"].entries())
      needles.push([`${name} plane`, Buffer.from(row.filter((_, i) => i % 3 === channel).subarray(0, 24))]);
  }
  // What the models are fed: floats of the frame at half size.
  const frame = await (await createScene({ ...FRAME, seed, canary: true })).frameAt(0);
  const letterboxer = createLetterboxer(FRAME, INPUT);
  letterboxer.draw(frame);
  const gray = new Float32Array(INPUT.width * INPUT.height);
  toGray(letterboxer.rgb, gray);
  const { left, top } = canaryPlace(FRAME);
  for (const y of rows) {
    const at = ((top + y) >> 1) * INPUT.width + ((left + 16) >> 1);
    const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset + at * 4, 64);
    needles.push(["model input, red plane", bytes(letterboxer.rgb)]);
    needles.push(["model input, gray", bytes(gray)]);
  }
  return needles;
}

const MAGIC: readonly (readonly [string, Buffer])[] = [
  ["JPEG", Buffer.from([0xff, 0xd8, 0xff])],
  ["PNG", Buffer.from([0x89, 0x50, 0x4e, 0x47])],
  ["WebP", Buffer.from("RIFF")],
  ["GIF", Buffer.from("GIF8")],
  ["TIFF", Buffer.from([0x49, 0x49, 0x2a, 0x00])],
];

/** Pictures anywhere in the bytes, decoded and compared with the tile at several sizes. */
async function findScaled(data: Buffer, seed: number): Promise<string | undefined> {
  for (const [name, magic] of MAGIC)
    for (let at = data.indexOf(magic); at >= 0; at = data.indexOf(magic, at + 1)) {
      const picture = await sharp(data.subarray(at), { failOn: "none" })
        .removeAlpha()
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true })
        .catch(() => undefined);
      if (picture === undefined) continue;
      for (const scale of SCALES)
        if (await correlates(picture.data, picture.info.width, picture.info.height, seed, scale))
          return `${name} at scale ${scale}`;
    }
  return undefined;
}

/** Slides the tile of that size over a grey picture; normalised cross-correlation. */
async function correlates(gray: Buffer, width: number, height: number, seed: number, scale: number): Promise<boolean> {
  const tile = canaryTile(seed);
  const wide = Math.round(tile.width * scale);
  const high = Math.round(tile.height * scale);
  const small = await sharp(tile.rgb, { raw: { width: tile.width, height: tile.height, channels: 3 } })
    .greyscale()
    .resize(wide, high)
    .raw()
    .toBuffer();
  const count = wide * high;
  const mean = small.reduce((sum, value) => sum + value, 0) / count;
  const template = Float64Array.from(small, (value) => value - mean);
  const power = template.reduce((sum, value) => sum + value * value, 0);
  for (let top = 0; top + high <= height; top += 1)
    for (let left = 0; left + wide <= width; left += 1) {
      let product = 0;
      let sum = 0;
      let squares = 0;
      for (let y = 0; y < high; y += 1)
        for (let x = 0; x < wide; x += 1) {
          const value = gray[(top + y) * width + left + x] ?? 0;
          product += value * (template[y * wide + x] ?? 0);
          sum += value;
          squares += value * value;
        }
      const spread = squares - (sum * sum) / count;
      if (spread > 0 && product / Math.sqrt(power * spread) > ALIKE) return true;
    }
  return false;
}

/** What is wrapped in the bytes: base64 and hex as text, gzip and zlib streams. */
function* unwrapped(data: Buffer): Generator<[string, Buffer]> {
  const text = data.toString("latin1");
  // Where the text begins may not be where the code begins.
  for (const [run] of text.matchAll(new RegExp(`[A-Za-z0-9+/_-]{${SHORTEST_TEXT},}`, "g")))
    for (let skip = 0; skip < 4; skip += 1) yield ["base64", Buffer.from(run.slice(skip), "base64")];
  for (const [run] of text.matchAll(new RegExp(`[0-9a-fA-F]{${SHORTEST_TEXT},}`, "g")))
    for (let skip = 0; skip < 2; skip += 1) yield ["hex", Buffer.from(run.slice(skip), "hex")];
  for (let at = data.indexOf("\x1f\x8b\x08", 0, "latin1"); at >= 0; at = data.indexOf("\x1f\x8b\x08", at + 1, "latin1"))
    yield* opened("gzip", () => gunzipSync(data.subarray(at)));
  for (const header of ["\x78\x9c", "\x78\x01", "\x78\xda"])
    for (let at = data.indexOf(header, 0, "latin1"); at >= 0; at = data.indexOf(header, at + 1, "latin1"))
      yield* opened("zlib", () => inflateSync(data.subarray(at)));
}

function* opened(name: string, open: () => Buffer): Generator<[string, Buffer]> {
  let inner: Buffer;
  try {
    inner = open();
  } catch {
    return;
  }
  yield [name, inner];
}
