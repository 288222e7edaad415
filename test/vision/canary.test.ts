// The canary search finds the tile in every shape a picture may leak in, and nothing where there is nothing.
import sharp from "sharp";
import { expect, test } from "vitest";
import { findCanary } from "../../src/privacy/canary-search.ts";
import { createScene } from "../../src/vision/scene/paint.ts";

const size = { width: 640, height: 384 };
const noise = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919 + (i >> 3)) & 255));

async function leaked(canary: boolean) {
  const { rgb } = await (await createScene({ ...size, seed: 7, canary })).frameAt(0);
  const picture = () => sharp(rgb, { raw: { ...size, channels: 3 } });
  return {
    raw: Buffer.concat([noise, rgb, noise]),
    bgr: Buffer.concat([noise, swapped(rgb)]),
    jpeg: Buffer.concat([noise, await picture().jpeg({ quality: 80 }).toBuffer(), noise]),
    png: Buffer.concat([noise, await picture().png().toBuffer(), noise]),
    part: await picture().extract({ left: 0, top: 300, width: 320, height: 84 }).png().toBuffer(),
  };
}

function swapped(rgb: Uint8Array): Buffer {
  const bgr = Buffer.from(rgb);
  for (let i = 0; i < bgr.length; i += 3) bgr.set([rgb[i + 2] ?? 0, rgb[i + 1] ?? 0, rgb[i] ?? 0], i);
  return bgr;
}

test("found raw, with swapped colours, as JPEG, as PNG, and in a part of a picture", async () => {
  const { raw, bgr, jpeg, png, part } = await leaked(true);
  expect(await findCanary(raw, 7)).toMatchObject({ as: "rgb" });
  expect(await findCanary(bgr, 7)).toMatchObject({ as: "bgr" });
  expect(await findCanary(jpeg, 7)).toEqual({ as: "jpeg", at: noise.length });
  expect(await findCanary(png, 7)).toEqual({ as: "png", at: noise.length });
  expect(await findCanary(part, 7)).toMatchObject({ as: "png" });
});

test("not found where it is not: the scene without it, another seed's, and plain bytes", async () => {
  const { raw, jpeg, png } = await leaked(false);
  for (const bytes of [raw, jpeg, png, noise, Buffer.alloc(0)]) expect(await findCanary(bytes, 7)).toBeUndefined();
  const other = await leaked(true);
  for (const bytes of [other.raw, other.jpeg, other.png]) expect(await findCanary(bytes, 8)).toBeUndefined();
});
