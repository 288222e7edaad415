// What a technician reads of a probed camera.
import type { CameraFormat, StreamInfo } from "../vision/camera/formats.ts";
import type { Quality } from "../vision/camera/quality.ts";

export interface Probed {
  readonly camera: string;
  readonly source: string;
  readonly formats: readonly CameraFormat[];
  /** What a stream or file says of itself. */
  readonly stream?: StreamInfo;
  /** Who has the device, where it could not be opened for that. */
  readonly heldBy?: { readonly pid: number; readonly who: string };
  readonly quality?: Quality;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

/** Formats, and sizes of one of them, that are printed; `--json` has all. */
const MOST_FORMATS = 8;
const MOST_SIZES = 8;

export function probeText({ camera, source, formats, stream, heldBy, quality }: Probed): string {
  const rows: [string, string][] = [["source", source]];
  for (const { pixels, description, sizes } of formats.slice(0, MOST_FORMATS)) {
    const offered = sizes
      .slice(0, MOST_SIZES)
      .map(({ size, fps }) => (fps.length === 0 ? size : `${size} (${fps[0]}/s)`));
    const more = sizes.length > MOST_SIZES ? [`and ${sizes.length - MOST_SIZES} more`] : [];
    rows.push([`format ${pixels}`, `${description}: ${[...offered, ...more].join(", ")}`]);
  }
  if (formats.length > MOST_FORMATS) rows.push(["", `and ${formats.length - MOST_FORMATS} formats more`]);
  if (stream !== undefined) {
    const { codec, pixels, width, height, fps } = stream;
    rows.push([
      "stream",
      `${codec}, ${pixels}, ${width}×${height}${fps === null ? "" : `, ${fps} frames/s as it says`}`,
    ]);
  }
  if (heldBy !== undefined)
    rows.push([
      "in use",
      `by ${heldBy.who} (pid ${heldBy.pid}): not opened. Stop it to probe; \`doctor\` looks beside it.`,
    ]);
  else if (quality === undefined) rows.push(["picture", "none came"]);
  else rows.push(...qualityRows(quality));
  const text = rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}\n`).join("");
  const hints = (quality?.hints ?? []).map((hint) => `  → ${hint}\n`).join("");
  return `camera ${camera}\n${text}${hints}`;
}

function qualityRows(quality: Quality): [string, string][] {
  const { frames, fps, medianGapMs, longestGapMs, brightness, contrast, sharpness, light, focus } = quality;
  const percent = Math.round((brightness / 255) * 100);
  return [
    [
      "frame rate",
      fps === null
        ? "one frame came: no rate"
        : `${fps} frames/s, measured over ${frames} frames; between two ${medianGapMs} ms, at most ${longestGapMs} ms`,
    ],
    ["light", `${light}: brightness ${percent} %, contrast ${contrast}`],
    ["sharpness", `${focus}: ${sharpness}`],
  ];
}
