// What a camera offers, read from what v4l2-ctl, ffmpeg and ffprobe print. Pure.
import { z } from "zod";

/** A pixel format, and the sizes in which it comes. */
export interface CameraFormat {
  /** Four characters of V4L2, such as MJPG, or ffmpeg's name. */
  readonly pixels: string;
  readonly description: string;
  readonly sizes: readonly OfferedSize[];
}

export interface OfferedSize {
  /** Such as 1280x720, or a range such as 32x32 - 2592x1944. */
  readonly size: string;
  /** Frames a second, the fastest first; empty where nobody says. */
  readonly fps: readonly number[];
}

/** `v4l2-ctl --list-formats-ext`. */
export function parseV4l2Formats(printed: string): CameraFormat[] {
  const formats: { pixels: string; description: string; sizes: { size: string; fps: number[] }[] }[] = [];
  for (const line of printed.split("\n")) {
    const format = /^\s*\[\d+\]: '(.{4})' \((.*)\)/.exec(line);
    // Flags follow the name; those of colour conversion say nothing of the pictures.
    const description = (format?.[2] ?? "").replaceAll(/, csc-[a-z-]+/g, "");
    if (format !== null) formats.push({ pixels: format[1]?.trim() ?? "", description, sizes: [] });
    const size = /^\s*Size: (?:Discrete|Stepwise|Continuous) (\d+x\d+(?: - \d+x\d+)?)/.exec(line);
    if (size !== null) formats.at(-1)?.sizes.push({ size: size[1] ?? "", fps: [] });
    for (const [, fps] of line.matchAll(/\((\d+(?:\.\d+)?) fps\)/g))
      formats.at(-1)?.sizes.at(-1)?.fps.push(Number(fps));
  }
  return formats.map((format) => ({
    ...format,
    sizes: format.sizes.map(({ size, fps }) => ({ size, fps: [...new Set(fps)].toSorted((a, b) => b - a) })),
  }));
}

/** `ffmpeg -f v4l2 -list_formats all`: it says no rates. */
export function parseFfmpegFormats(printed: string): CameraFormat[] {
  return printed.split("\n").flatMap((line) => {
    const found = /(?:Raw|Compressed)\s*:\s*(\S+) :\s*(.*?) :\s*(.+)$/.exec(line);
    if (found === null) return [];
    const [, pixels = "", description = "", sizes = ""] = found;
    const ranges = /^\{(\d+)-(\d+), \d+\}x\{(\d+)-(\d+), \d+\}/.exec(sizes);
    const offered =
      ranges === null ? sizes.trim().split(/\s+/) : [`${ranges[1]}x${ranges[3]} - ${ranges[2]}x${ranges[4]}`];
    return [{ pixels, description, sizes: offered.map((size) => ({ size, fps: [] })) }];
  });
}

/** What a stream or file says of itself. */
export interface StreamInfo {
  readonly codec: string;
  readonly pixels: string;
  readonly width: number;
  readonly height: number;
  /** Frames a second as it says; null where it does not. */
  readonly fps: number | null;
}

const Probed = z.object({
  streams: z.array(
    z.object({
      codec_name: z.string().default("?"),
      pix_fmt: z.string().default("?"),
      width: z.number(),
      height: z.number(),
      avg_frame_rate: z.string().default("0/0"),
      r_frame_rate: z.string().default("0/0"),
    }),
  ),
});

/** `ffprobe -of json -show_entries stream=…`: the first video stream, or undefined. */
export function parseStream(printed: string): StreamInfo | undefined {
  let value: unknown;
  try {
    value = JSON.parse(printed);
  } catch {
    return undefined;
  }
  const [stream] = Probed.safeParse(value).data?.streams ?? [];
  if (stream === undefined) return undefined;
  const { codec_name: codec, pix_fmt: pixels, width, height } = stream;
  const fps = fraction(stream.avg_frame_rate) ?? fraction(stream.r_frame_rate) ?? null;
  return { codec, pixels, width, height, fps };
}

/** "30000/1001" as a number; undefined for 0/0. */
function fraction(text: string): number | undefined {
  const [above, below] = text.split("/").map(Number);
  const value = (above ?? 0) / (below ?? 1);
  return Number.isFinite(value) && value > 0 ? Math.round(value * 100) / 100 : undefined;
}
