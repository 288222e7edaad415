// The search that the privacy test rests on finds a planted picture in every dress, and nothing where there is none.
import { gzipSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { createLeakSearch, FRAME, type LeakSearch } from "../../src/privacy/leak-search.ts";
import { createLetterboxer } from "../../src/vision/letterbox.ts";
import { canaryTile } from "../../src/vision/scene/canary.ts";
import { createScene } from "../../src/vision/scene/paint.ts";

const SEED = 4711;
const OTHER = 4712;
let search: LeakSearch;
beforeAll(async () => {
  search = await createLeakSearch(SEED);
});

type Plant = (rgb: Uint8Array, picture: () => Sharp) => Promise<Uint8Array> | Uint8Array;
const half = (picture: () => Sharp): Sharp => picture().resize(FRAME.width / 2, FRAME.height / 2);

const PLANTS: Record<string, Plant> = {
  "raw, at an odd offset": (rgb) => Buffer.concat([Buffer.alloc(17), rgb]),
  BGR: (rgb) => rgb.map((_, i) => rgb[i - (i % 3) + 2 - (i % 3)] ?? 0),
  RGBA: (_, picture) => picture().ensureAlpha().raw().toBuffer(),
  "one colour plane": (_, picture) => picture().extractChannel(1).raw().toBuffer(),
  PNG: (_, picture) => picture().png().toBuffer(),
  "JPEG of quality 60": (_, picture) => picture().jpeg({ quality: 60 }).toBuffer(),
  WebP: (_, picture) => picture().webp({ quality: 80 }).toBuffer(),
  "JPEG at half size": (_, picture) => half(picture).jpeg({ quality: 80 }).toBuffer(),
  "PNG of a part": (_, picture) => picture().extract({ left: 0, top: 300, width: 200, height: 84 }).png().toBuffer(),
  "what a model is fed": (rgb) => {
    const letterboxer = createLetterboxer(FRAME, { width: 320, height: 192 });
    letterboxer.draw({ ...FRAME, rgb });
    return new Uint8Array(letterboxer.rgb.buffer, letterboxer.rgb.byteOffset, letterboxer.rgb.byteLength);
  },
  "base64 of raw bytes": (rgb) => Buffer.from(`{"data":"${Buffer.from(rgb).toString("base64")}"}`),
  "base64 of a JPEG": async (_, picture) =>
    Buffer.from(`data:image/jpeg;base64,${(await picture().jpeg().toBuffer()).toString("base64")}`),
  "hex of raw bytes": (rgb) => Buffer.from(Buffer.from(rgb).toString("hex")),
  "gzip of raw bytes": (rgb) => Buffer.concat([Buffer.from("log "), gzipSync(rgb)]),
};

async function planted(plant: Plant, seed: number): Promise<Uint8Array> {
  const { rgb } = await (await createScene({ ...FRAME, seed, canary: true })).frameAt(0);
  return await plant(rgb, () => sharp(rgb, { raw: { ...FRAME, channels: 3 } }));
}

describe.each(Object.entries(PLANTS))("planted as %s", (_, plant) => {
  test("it is found", async () => {
    expect(await search.find(await planted(plant, SEED))).toBeDefined();
  });

  test("another picture is not taken for it", async () => {
    expect(await search.find(await planted(plant, OTHER))).toBeUndefined();
  });
});

test("a single row of the tile is found in a megabyte of anything", async () => {
  const { rgb, width } = canaryTile(SEED);
  const haystack = Buffer.alloc(1_048_576, "anything ");
  expect(await search.find(haystack)).toBeUndefined();
  haystack.set(rgb.subarray(7 * width * 3, 8 * width * 3), 777_777);
  expect(await search.find(haystack)).toBeDefined();
});
