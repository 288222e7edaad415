// Settings of which faces are good enough to be read.
import { z } from "zod";

export const ReadingLimits = z
  .strictObject({
    smallestPx: z
      .number()
      .min(0)
      .max(1_000)
      .default(32)
      .describe("faces smaller than this are not read: √(width × height) of the box on the camera's picture, pixels"),
    turned: z
      .number()
      .min(0)
      .max(10)
      .default(0.35)
      .describe(
        "faces turned to a side further than this are not read: the nose off the middle between the eyes, over their distance; only where the face model gives landmarks",
      ),
    nodded: z
      .number()
      .min(0)
      .max(10)
      .default(0.2)
      .describe(
        "faces turned up or down further than this are not read: how far the nose is off its place between eyes and mouth, over their distance; only with landmarks",
      ),
    sharpness: z
      .number()
      .min(0)
      .max(100_000)
      .default(60)
      .describe("faces less sharp than this are not read: variance of the Laplacian of the picture the model is fed"),
  })
  .describe("which faces are read");
export type ReadingLimits = z.infer<typeof ReadingLimits>;
