// `npm run accuracy:clips`: episodes and visits of the clip of known truth, by detector, frame rate, size and in a mirror.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ClipSummary, footfallFrom, runClip, zoneFrom } from "../../src/cli/vision-run.ts";
import { packageRoot } from "../../src/place.ts";
import { exited, startChild } from "../../src/supervise/child.ts";
import { openLook } from "../../src/vision/look.ts";
import { readManifest } from "../../src/vision/models/manifest.ts";
import { CLIP, clipLines, STANDING, tableZone } from "./clip-truth.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: join(packageRoot(), "../shared/data") },
    "models-dir": { type: "string", default: join(packageRoot(), "models") },
    person: { type: "string", default: "person-320x192" },
    /** Only the clip as it is, at these rates. */
    fps: { type: "string" },
  },
});

interface Variant {
  readonly name: string;
  readonly fps: number;
  /** An ffmpeg filter that makes the variant; the clip itself without one. */
  readonly filter?: string;
  readonly mirrored?: boolean;
  /** Width over that of the clip. */
  readonly scale?: number;
}

/** Of the clip itself, pixels. */
const SIZE = { width: 768, height: 432 } as const;

const ALL: readonly Variant[] = [
  { name: "5 frames/s", fps: 5 },
  { name: "10 frames/s", fps: 10 },
  { name: "15 frames/s", fps: 15 },
  { name: "half size", fps: 10, filter: "scale=iw/2:-2", scale: 0.5 },
  { name: "double size", fps: 10, filter: "scale=iw*2:-2", scale: 2 },
  { name: "mirrored", fps: 10, filter: "hflip", mirrored: true },
];
const variants: readonly Variant[] =
  values.fps === undefined ? ALL : values.fps.split(",").map((fps) => ({ name: `${fps} frames/s`, fps: Number(fps) }));

const video = join(values.data, "video", CLIP);
if (existsSync(video)) await main();
else console.log(`skipped: ${video} is not here`);

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "clips-"));
  const modelsDir = values["models-dir"];
  const look = await openLook(modelsDir, readManifest(modelsDir), { person: values.person }, 1);
  try {
    console.log(`${CLIP}, ${values.person}; errors of each episode's start/end in seconds`);
    for (const variant of variants) {
      const summary = await runVariant(variant, folder, look);
      const late = worst(summary);
      const lines = ["line-1", "line-2"].map((name) => summary.visits.filter(({ line }) => line === name).length);
      const good =
        summary.contacts.length === STANDING.length && late <= 1.5 && lines.every((n) => n === STANDING.length);
      console.log(
        [
          variant.name.padEnd(13),
          `${summary.contacts.length} episodes`,
          `${lines.join(" and ")} visits`,
          `worst ${late.toFixed(1)} s`,
          good ? "ok  " : "MISS",
          errors(summary),
        ].join("  "),
      );
      if (!good) process.exitCode = 1;
    }
  } finally {
    await look.close();
    rmSync(folder, { recursive: true });
  }
}

async function runVariant(
  { fps, filter, mirrored = false, scale = 1 }: Variant,
  folder: string,
  look: Parameters<typeof runClip>[1],
): Promise<ClipSummary> {
  const file = filter === undefined ? video : join(folder, "variant.mp4");
  if (filter !== undefined) {
    const args = ["-v", "error", "-y", "-i", video, "-vf", filter, "-an", "-preset", "veryfast", file];
    const { code } = await exited(startChild("ffmpeg", args, { stdio: ["ignore", "ignore", "inherit"] }));
    if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  }
  const run = {
    video: file,
    // The models are given frames of the file's own size.
    size: { width: SIZE.width * scale, height: SIZE.height * scale },
    fps,
    zone: zoneFrom({ polygon: tableZone(mirrored), by: "person" }),
    footfall: footfallFrom({ lines: clipLines(mirrored), by: "person" }),
    mood: undefined,
    annotateTo: undefined,
    event: () => undefined,
  };
  return await runClip(run, look);
}

function errors({ contacts }: ClipSummary): string {
  return contacts
    .map(({ startS, endS }, i) => {
      const [fromS, toS] = STANDING[i] ?? [0, 0];
      return `${(startS - fromS).toFixed(1)}/${(endS - toS).toFixed(1)}`;
    })
    .join(" ");
}

function worst({ contacts }: ClipSummary): number {
  return Math.max(
    ...STANDING.flatMap(([fromS, toS], i) => {
      const own = contacts[i];
      return own === undefined ? [Number.POSITIVE_INFINITY] : [Math.abs(own.startS - fromS), Math.abs(own.endS - toS)];
    }),
  );
}
