// Opens a still picture file as a frame, bounded, with a coded error for whatever is not a picture.
import { Fault } from "../words/errors.ts";
import type { Frame } from "./frame.ts";

/** 64 megapixels: more than any camera at a till, less than a decompression bomb. */
const MAX_PIXELS = 64_000_000;

/** Drawings (SVG, PDF) are programs to be run rather than pictures to be read. */
const FORMATS = new Set(["jpeg", "png", "webp", "gif", "tiff", "heif", "avif"]);

/**
 * Reads JPEG, PNG, WebP, GIF (first picture) or TIFF, upright as its EXIF says.
 * @throws Fault IMAGE_UNREADABLE for a missing, empty, truncated, foreign or huge file
 */
export async function readPicture(file: string): Promise<Frame> {
  try {
    // Loaded only here: a machine whose sharp does not start still runs every other verb.
    const { default: sharp } = await import("sharp");
    const options = { failOn: "truncated", limitInputPixels: MAX_PIXELS, pages: 1 } as const;
    const { format } = await sharp(file, options).metadata();
    if (!FORMATS.has(format)) throw new Error(`${format} is not read`);
    const { data, info } = await sharp(file, options)
      .autoOrient()
      .flatten({ background: "#808080" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return {
      width: info.width,
      height: info.height,
      rgb: info.channels === 3 ? data : spreadGray(data, info.channels),
    };
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Fault("IMAGE_UNREADABLE", `${file} is no picture that can be read: ${reason}`, { file }, thrown);
  }
}

/** One channel becomes three alike. */
function spreadGray(data: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let i = 0, p = 0; p < data.length; i += 3, p += channels) rgb.fill(data[p] ?? 0, i, i + 3);
  return rgb;
}
