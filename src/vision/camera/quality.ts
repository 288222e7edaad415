// How good a camera's pictures are, in numbers and in words. Pure.
import type { Glance } from "../glance.ts";

/** One frame as a probe keeps it: when it came and what a glance said, never the picture. */
export interface Glimpse extends Pick<Glance, "brightness" | "contrast" | "sharpness" | "print"> {
  /** Monotonic, milliseconds. */
  readonly atMs: number;
}

export interface Quality {
  /** Frames that were judged. */
  readonly frames: number;
  /** Frames a second over the whole time, and the median and longest time between two; null below two frames. */
  readonly fps: number | null;
  readonly medianGapMs: number | null;
  readonly longestGapMs: number | null;
  /** Medians: mean luma and its spread over the picture, 0..255; variance of the Laplacian at {@link PROBE_SIZE}. */
  readonly brightness: number;
  readonly contrast: number;
  readonly sharpness: number;
  readonly light: "black" | "dark" | "good" | "glaring" | "flat";
  readonly focus: "blurred" | "soft" | "sharp";
  readonly frozen: boolean;
  /** What to do about it; empty where all is well. */
  readonly hints: readonly string[];
}

/** The size in which pictures are judged: sharpness at another size is another number. */
export const PROBE_SIZE = { width: 640, height: 384 } as const;

/** Exposure and focus of a camera that was just opened settle for this long, milliseconds. */
const SETTLING_MS = 1_000;
const BLACK = 8;
const DARK = 50;
const GLARING = 215;
const FLAT = 10;
/** By clips of shops and rooms: 22 and more where in focus, 20 and less blurred by 2 pixels; a bare wall reads low as well. */
const BLURRED = 12;
const SOFT = 22;

/** @param source whose noise never repeats itself: a sensor, not a file. Undefined where no frame came. */
export function judgeQuality(
  all: readonly Glimpse[],
  { live, fps }: { live: boolean; fps: number },
): Quality | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  const settled = all.filter(({ atMs }) => atMs - first.atMs >= SETTLING_MS);
  const judged = settled.length >= 2 ? settled : all;
  const gaps = judged.slice(1).map(({ atMs }, i) => atMs - (judged[i]?.atMs ?? atMs));
  const spanMs = gaps.reduce((sum, gap) => sum + gap, 0);
  const rate = spanMs === 0 ? null : (gaps.length * 1000) / spanMs;
  const brightness = median(judged.map((one) => one.brightness));
  const contrast = median(judged.map((one) => one.contrast));
  const sharpness = median(judged.map((one) => one.sharpness));
  const light = lightOf(brightness, contrast);
  const focus = sharpness < BLURRED ? "blurred" : sharpness < SOFT ? "soft" : "sharp";
  const frozen = live && judged.length > 2 && new Set(judged.map(({ print }) => print)).size === 1;
  return {
    frames: judged.length,
    fps: rate === null ? null : round(rate, 1),
    medianGapMs: gaps.length === 0 ? null : round(median(gaps), 1),
    longestGapMs: gaps.length === 0 ? null : round(Math.max(...gaps), 1),
    brightness: round(brightness, 1),
    contrast: round(contrast, 1),
    sharpness: round(sharpness, 1),
    light,
    focus,
    frozen,
    hints: [
      ...(LIGHT_HINTS[light] === undefined ? [] : [LIGHT_HINTS[light]]),
      ...(light !== "good" || focus === "sharp" ? [] : [FOCUS_HINTS[focus]]),
      ...(frozen ? ["Every frame is the same: start the camera again; it may repeat one frame."] : []),
      ...(!live || rate === null || rate >= fps * 0.9
        ? []
        : [
            `It gives fewer than the ${fps} frames/s that are asked for: more light shortens the exposure, or lower \`fps\`.`,
          ]),
    ],
  };
}

const LIGHT_HINTS: Partial<Record<Quality["light"], string>> = {
  black: "The picture is black: take the cap off, or light the place.",
  dark: "It is dark: light the place; models miss faces here.",
  glaring: "It is too bright: turn the camera away from the window, or lower its exposure.",
  flat: "The picture has hardly any contrast: is something before the lens, or is it fogged?",
};
const FOCUS_HINTS = {
  blurred: "Nothing is sharp: turn the focus ring or clean the lens. A bare wall reads low too.",
  soft: "It is not quite sharp: turn the focus ring while you probe again. A bare wall reads low too.",
} as const;

function lightOf(brightness: number, contrast: number): Quality["light"] {
  if (brightness < BLACK) return "black";
  if (contrast < FLAT) return "flat";
  if (brightness < DARK) return "dark";
  return brightness > GLARING ? "glaring" : "good";
}

/** The higher one of the two in the middle. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
