// The frames labelled by hand: their form, and the frames themselves where the shared data lies beside the project.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readClip } from "../../src/vision/clip/read-clip.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { readPicture } from "../../src/vision/picture.ts";

/** x, y, width, height as shares of the picture. */
const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
export type LabelBox = z.infer<typeof box>;

/** A label file: a clip read at so many frames a second, or a folder of pictures. No pixels. */
export const Labels = z.strictObject({
  /** Below the shared data's folder. */
  source: z.string(),
  /** Absent for a folder of pictures. */
  fps: z.number().positive().optional(),
  frames: z.array(
    z.strictObject({
      /** The frame's number at that rate, from 0, or the picture's file name. */
      frame: z.union([z.int().min(0), z.string()]),
      faces: z.array(box),
      /** Absent where the picture has person boxes drawn by others. */
      persons: z.array(box).optional(),
    }),
  ),
});
export type Labels = z.infer<typeof Labels>;

/** Frames are scaled to fit inside; no clip at hand is larger. */
const LIMIT = { width: 1280, height: 960 };

export function readLabels(file: string): Labels {
  return Labels.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** The frames of a clip or folder, as the labels count them. */
export async function* framesOf(
  data: string,
  { source, fps }: Pick<Labels, "source" | "fps">,
  names: readonly string[] = [],
): AsyncGenerator<{ readonly key: number | string; readonly frame: Frame }> {
  const at = join(data, source);
  if (!existsSync(at)) return;
  if (fps === undefined) {
    for (const name of names) yield { key: name, frame: await readPicture(join(at, name)) };
    return;
  }
  let n = 0;
  for await (const { frame } of readClip(at, LIMIT, fps)) {
    yield { key: n, frame };
    n += 1;
  }
}
