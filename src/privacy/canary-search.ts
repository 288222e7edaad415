// Looks for the drawn scene's noise tile in any bytes: raw in three pixel orders, or inside a JPEG or PNG picture.
import sharp from "sharp";
import { canaryTile } from "../vision/scene/canary.ts";

/** Pixels of a tile row that must follow one another to count: 24 bytes do not occur by chance. */
const RUN = 8;
/** Mean difference, of 0..255, under which a decoded picture holds the tile; noise against noise differs by some 40. */
const ALIKE = 18;

export type CanaryFind = { readonly as: "rgb" | "bgr" | "gray" | "jpeg" | "png"; readonly at: number };

/** Where the tile of this seed lies in `bytes`, in whatever shape; undefined when it is nowhere. */
export async function findCanary(bytes: Uint8Array, seed: number): Promise<CanaryFind | undefined> {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return findRaw(data, seed) ?? (await findCoded(data, seed));
}

function findRaw(data: Buffer, seed: number): CanaryFind | undefined {
  const { rgb, width, height } = canaryTile(seed);
  for (let y = 0; y < height; y += 1) {
    const pixels = Array.from({ length: RUN }, (_, x) => {
      const at = (y * width + x + 16) * 3;
      return [rgb[at] ?? 0, rgb[at + 1] ?? 0, rgb[at + 2] ?? 0] as const;
    });
    const shapes = {
      rgb: Buffer.from(pixels.flat()),
      bgr: Buffer.from(pixels.flatMap(([r, g, b]) => [b, g, r])),
      gray: Buffer.from(pixels.map(([r, g, b]) => Math.round(0.299 * r + 0.587 * g + 0.114 * b))),
    } as const;
    for (const [as, bytes] of Object.entries(shapes) as ["rgb" | "bgr" | "gray", Buffer][]) {
      const at = data.indexOf(bytes);
      if (at >= 0) return { as, at };
    }
  }
  return undefined;
}

const MAGIC = { jpeg: Buffer.from([0xff, 0xd8, 0xff]), png: Buffer.from([0x89, 0x50, 0x4e, 0x47]) } as const;

async function findCoded(data: Buffer, seed: number): Promise<CanaryFind | undefined> {
  for (const as of ["jpeg", "png"] as const)
    for (let at = data.indexOf(MAGIC[as]); at >= 0; at = data.indexOf(MAGIC[as], at + 1)) {
      const picture = await sharp(data.subarray(at), { failOn: "none" })
        .removeAlpha()
        .toColourspace("srgb")
        .raw()
        .toBuffer({ resolveWithObject: true })
        .catch(() => undefined);
      if (picture !== undefined && holdsTile(picture.data, picture.info, seed)) return { as, at };
    }
  return undefined;
}

/** Slides the tile's brightness over the picture, by a sparse sample first. */
function holdsTile(
  data: Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: number },
  seed: number,
): boolean {
  const tile = canaryTile(seed);
  const brightness = (pixels: Uint8Array, at: number, step: number): number =>
    step < 3
      ? (pixels[at] ?? 0)
      : ((pixels[at] ?? 0) * 77 + (pixels[at + 1] ?? 0) * 150 + (pixels[at + 2] ?? 0) * 29) >> 8;
  const differs = (left: number, top: number, every: number): number => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < tile.width * tile.height; i += every, count += 1) {
      const at = ((top + Math.floor(i / tile.width)) * width + left + (i % tile.width)) * channels;
      sum += Math.abs(brightness(data, at, channels) - brightness(tile.rgb, i * 3, 3));
    }
    return sum / count;
  };
  for (let top = 0; top + tile.height <= height; top += 1)
    for (let left = 0; left + tile.width <= width; left += 1)
      if (differs(left, top, 53) < ALIKE && differs(left, top, 1) < ALIKE) return true;
  return false;
}
