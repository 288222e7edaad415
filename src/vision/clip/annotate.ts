// Writes an annotated copy of a clip: the only place where pictures are written, only when a technician asks for it.
import { once } from "node:events";
import { exited, startChild } from "../../supervise/child.ts";
import { Fault } from "../../words/errors.ts";
import type { Box } from "../../words/inputs.ts";
import { sayable } from "../camera/command.ts";
import type { Frame, Size } from "../frame.ts";
import type { Looked } from "../look.ts";
import { blurFace, type Colour, drawBar, drawBox, drawPath, drawPolygon } from "./draw.ts";
import { drawGrid } from "./grid.ts";

const FACE: Colour = [255, 221, 51];
const PERSON: Colour = [68, 136, 255];
const SMILE: Colour = [80, 220, 100];
const EMPTY_ZONE: Colour = [190, 190, 190];
const OCCUPIED_ZONE: Colour = [80, 220, 100];
const LINE: Colour = [255, 80, 80];
const QUEUE: Colour = [255, 160, 40];
const STAFF: Colour = [200, 90, 230];
const TRACK: Colour = [90, 230, 230];

type Points = readonly (readonly [number, number])[];

export interface Marks extends Looked {
  readonly zone: Points;
  readonly occupied: boolean;
  /** Counting lines: first and second point. */
  readonly lines: readonly Points[];
  readonly queue: Points | undefined;
  readonly staffZones: readonly Points[];
  /** Where each person in view has been lately, the newest point last. */
  readonly tracks: readonly Points[];
  /** Whether a grid with numbers lies over it. */
  readonly grid?: boolean;
}

/** Where faces were lately, so that a face missed for a moment is still covered. */
export interface FaceMemory {
  /** Boxes to blur at `atMs` in a frame of that size: those of now and of the last half second. */
  cover(looked: Looked, atMs: number, frame: Size): Box[];
}

const REMEMBER_MS = 500;
/**
 * The part of a person's box that holds the head, found as a face or not: the middle half, and the upper fifth of somebody
 * who stands. Of somebody who sits or is near, only shoulders are in the box: there a head is some 0.6 of its width high.
 */
const HEAD = { left: 0.25, width: 0.5, heightOfBox: 0.2, heightOfWidth: 0.6 } as const;

export function createFaceMemory(): FaceMemory {
  let lately: { box: Box; untilMs: number }[] = [];
  return {
    cover({ faces, persons }, atMs, frame) {
      const heads = persons.map(({ box: [x, y, w, h] }): Box => {
        const byWidth = (HEAD.heightOfWidth * w * frame.width) / frame.height;
        return [x + w * HEAD.left, y, w * HEAD.width, Math.min(h, Math.max(HEAD.heightOfBox * h, byWidth))];
      });
      const now = [...faces.map(({ box }) => box), ...heads].map((box) => ({ box, untilMs: atMs + REMEMBER_MS }));
      lately = [...lately.filter(({ untilMs }) => untilMs >= atMs), ...now];
      return lately.map(({ box }) => box);
    },
  };
}

/** Draws on the frame itself: first people's ways, then every face is blurred, then the other marks. */
export function annotate(frame: Frame, marks: Marks, blurred: readonly Box[]): void {
  // Under the blur, where they cross a face.
  for (const way of marks.tracks) drawPath(frame, way, TRACK);
  for (const box of blurred) blurFace(frame, box);
  if (marks.grid === true) drawGrid(frame);
  drawPolygon(frame, marks.zone, marks.occupied ? OCCUPIED_ZONE : EMPTY_ZONE);
  if (marks.queue !== undefined) drawPolygon(frame, marks.queue, QUEUE);
  for (const staff of marks.staffZones) drawPolygon(frame, staff, STAFF);
  for (const line of marks.lines) drawPath(frame, line, LINE);
  for (const { box } of marks.persons) drawBox(frame, box, PERSON);
  for (const { box, expression } of marks.faces) {
    drawBox(frame, box, FACE);
    if (expression?.happiness !== undefined) drawBar(frame, box, expression.happiness, SMILE);
  }
}

export interface ClipWriter {
  write(frame: Frame): Promise<void>;
  /** Resolves when the file is whole. */
  close(): Promise<void>;
}

/**
 * Starts an encoder for frames of one size.
 * @throws Fault CHILD_MISSING; `write` and `close` throw CLIP_UNWRITABLE when the file cannot be written
 */
export function createClipWriter(path: string, size: Size, fps: number): ClipWriter {
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${size.width}x${size.height}`, "-r", String(fps)];
  const even = "pad=ceil(iw/2)*2:ceil(ih/2)*2";
  const args = ["-hide_banner", "-loglevel", "error", "-y", ...raw, "-i", "pipe:0", "-vf", even];
  const child = startChild(
    "ffmpeg",
    [
      ...args,
      "-c:v",
      "libx264",
      "-preset",
      "veryfast",
      "-pix_fmt",
      "yuv420p",
      "-movflags",
      "+faststart",
      `file:${path}`,
    ],
    { stdio: ["pipe", "ignore", "pipe"] },
  );
  let printed = "";
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    printed = (printed + part).slice(-4_000);
  });
  const gone = exited(child);
  gone.catch(() => undefined);
  const input = child.stdin;
  input?.on("error", () => undefined);
  const failure = (): Fault => new Fault("CLIP_UNWRITABLE", `cannot write ${path}: ${sayable(printed, [])}`);
  return {
    async write({ width, height, rgb }) {
      if (width !== size.width || height !== size.height) throw new Fault("CAMERA_LOST", "the clip changed its size");
      if (input === null || !input.writable) throw failure();
      if (!input.write(rgb)) await Promise.race([once(input, "drain"), gone]);
    },
    async close() {
      input?.end();
      const { code } = await gone;
      if (code !== 0) throw failure();
    },
  };
}
