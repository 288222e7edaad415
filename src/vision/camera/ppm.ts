// Frames on a pipe as binary PPM: each carries its own size, so no probe and no padding is needed.
import { Fault } from "../../words/errors.ts";
import type { Frame, Size } from "../frame.ts";

/** `P6 <width> <height> 255` and a newline; what ffmpeg writes is 17 bytes or less. */
const MAX_HEADER = 64;

/** Takes bytes as they come and hands out whole frames. */
export interface PpmReader {
  /**
   * @throws Fault CAMERA_LOST when the bytes are no PPM, or a frame is larger than `limit`
   */
  push(chunk: Uint8Array): void;
}

/** Where the pixels of the next frame go, chosen when its size is known. */
export type FrameTarget = (size: Size) => Uint8Array;

/**
 * Pure decoder: bytes in, frames out. Pixels are copied once, straight to where `target` says.
 * @param limit largest frame taken
 */
export function createPpmReader(limit: Size, target: FrameTarget, frame: (frame: Frame) => void): PpmReader {
  let header = "";
  let current: { size: Size; pixels: Uint8Array; filled: number } | undefined;
  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (current === undefined) {
          header += String.fromCharCode(chunk[at] ?? 0);
          at += 1;
          const size = parseHeader(header, limit);
          if (size === undefined) continue;
          header = "";
          current = { size, pixels: target(size), filled: 0 };
        } else {
          const { size, pixels } = current;
          const wanted = size.width * size.height * 3;
          const part = chunk.subarray(at, at + wanted - current.filled);
          pixels.set(part, current.filled);
          current.filled += part.length;
          at += part.length;
          if (current.filled < wanted) continue;
          current = undefined;
          frame({ ...size, rgb: pixels.subarray(0, wanted) });
        }
      }
    },
  };
}

/** Size once the header is whole; undefined while it may still become whole. */
function parseHeader(header: string, limit: Size): Size | undefined {
  const whole = /^P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s$/.exec(header);
  if (whole === null) {
    if (header.length > MAX_HEADER || !"P6".startsWith(header.slice(0, 2)))
      throw new Fault("CAMERA_LOST", "the camera process sent something that is no frame");
    return undefined;
  }
  const size = { width: Number(whole[1]), height: Number(whole[2]) };
  if (size.width < 1 || size.height < 1 || size.width > limit.width || size.height > limit.height)
    throw new Fault("CAMERA_LOST", `a frame of ${size.width}×${size.height} came, more than was asked for`);
  return size;
}

/** The bytes before a frame's pixels. */
export function ppmHeader(size: Size): Uint8Array {
  return Buffer.from(`P6\n${size.width} ${size.height}\n255\n`, "latin1");
}
