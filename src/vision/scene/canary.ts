// A unique noise tile drawn into the scene: wherever its bytes turn up outside memory, a picture has leaked.
import { createHash } from "node:crypto";
import type { Frame, Size } from "../frame.ts";

/** A flat strip: a square of noise looks to the draft models like somebody small. Multiples of 16 suit JPEG's blocks. */
export const CANARY: Size = { width: 144, height: 16 };

/** Left and top of the tile in a scene of this size, pixels: on the floor, lower left. */
export function canaryPlace(scene: Size): { left: number; top: number } {
  return { left: 0, top: scene.height - CANARY.height };
}

/** The tile of a seed: bytes from 64 to 191 that occur nowhere else by chance. */
export function canaryTile(seed: number): Frame {
  const wanted = CANARY.width * CANARY.height * 3;
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < wanted; i += 1)
    blocks.push(createHash("sha256").update(`touchpoint canary ${seed} ${i}`).digest());
  const rgb = Uint8Array.from(Buffer.concat(blocks).subarray(0, wanted), (byte) => 64 + (byte & 127));
  return { ...CANARY, rgb };
}
