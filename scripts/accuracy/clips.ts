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
import { CLIP, clipLines, type Place, STANDING, tableZone } from "./clip-truth.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: join(packageRoot(), "../shared/data") },
    "models-dir": { type: "string", default: join(packageRoot(), "models") },
    person: { type: "string", default: "person-320x192" },
    /** Only the clip as it is, at these rates. */
    fps: { type: "string" },
    /** Only variants whose name holds this. */
    only: { type: "string", default: "" },
  },
});

interface Variant {
  readonly name: string;
  readonly fps: number;
  /** An ffmpeg filter that makes the variant; the clip itself without one. */
  readonly filter?: string;
  /** Further settings of the encoder that makes it. */
  readonly encoder?: readonly string[];
  /** Size of the variant's frames, over that of the clip. */
  readonly scale?: readonly [across: number, down: number];
  /** Where a place of the clip lies in the variant, both in shares of their pictures. */
  readonly moved?: Place;
  /** When in the variant the clip's people stand at the table. */
  readonly timed?: (standing: Standing) => Standing;
}
type Standing = readonly (readonly [fromS: number, toS: number])[];

/** Of the clip itself, pixels and seconds. */
const SIZE = { width: 768, height: 432 } as const;
const LASTS_S = 139.4;

/** By how much the camera hangs askew, degrees, and how much of the picture the nearer one sees. */
const ASKEW = 3;
const NEARER = 0.85;

const ALL: readonly Variant[] = [
  { name: "5 frames/s", fps: 5 },
  { name: "8 frames/s", fps: 8 },
  { name: "10 frames/s", fps: 10 },
  { name: "15 frames/s", fps: 15 },
  { name: "half size", fps: 10, filter: "scale=iw/2:-2", scale: [0.5, 0.5] },
  { name: "double size", fps: 10, filter: "scale=iw*2:-2", scale: [2, 2] },
  { name: "mirrored", fps: 10, filter: "hflip", moved: ([x, y]) => [1 - x, y] },
  // Cut at the top and at both sides: who comes in at the bottom edge still does.
  {
    name: "nearer camera",
    fps: 10,
    filter: `crop=iw*${NEARER}:ih*${NEARER}:iw*${(1 - NEARER) / 2}:ih*${1 - NEARER},scale=768:432`,
    moved: ([x, y]) => [(x - (1 - NEARER) / 2) / NEARER, (y - (1 - NEARER)) / NEARER],
  },
  { name: "square pixels lost", fps: 10, filter: "scale=576:432,setsar=1", scale: [0.75, 1] },
  { name: "camera askew", fps: 10, filter: `rotate=${ASKEW}*PI/180:fillcolor=gray`, moved: turned },
  { name: "dark", fps: 10, filter: "eq=brightness=-0.25:contrast=0.7" },
  { name: "glaring", fps: 10, filter: "eq=brightness=0.2:contrast=1.3" },
  { name: "without colour", fps: 10, filter: "hue=s=0" },
  { name: "out of focus", fps: 10, filter: "gblur=sigma=2.5" },
  { name: "noise of the dark", fps: 10, filter: "noise=alls=30:allf=t" },
  { name: "poor coding", fps: 10, filter: "null", encoder: ["-crf", "40"] },
  { name: "old codec", fps: 10, filter: "null", encoder: ["-c:v", "mpeg4", "-b:v", "150k"] },
  // The clip's own frames, shown faster: whoever walks goes further from frame to frame.
  { name: "a quarter faster", fps: 10, filter: "setpts=PTS/1.25,fps=10", timed: stretched(1 / 1.25) },
  { name: "a quarter slower", fps: 10, filter: "setpts=PTS*1.25,fps=10", timed: stretched(1.25) },
  // They come from the right and leave at the bottom, with their backs to where they go.
  {
    name: "backwards",
    fps: 10,
    filter: "reverse",
    timed: (standing) => standing.map(([fromS, toS]) => [LASTS_S - toS, LASTS_S - fromS] as const).reverse(),
  },
  { name: "shaking camera", fps: 10, filter: "crop=iw-16:ih-10:8+6*sin(n*1.7):5+4*sin(n*2.3),scale=768:432" },
  { name: "flickering light", fps: 10, filter: "eq=brightness=0.12*sin(n*2.1):eval=frame" },
  // Somebody else is served there, at other times: nobody of those is at this table, or goes over its lines.
  {
    name: "a table beside it",
    fps: 10,
    filter: "split[a][b];[b]hflip,tpad=start_duration=9:start_mode=clone[c];[a][c]hstack=shortest=1",
    scale: [2, 1],
    moved: ([x, y]) => [x / 2, y],
  },
];
const variants: readonly Variant[] =
  values.fps === undefined
    ? ALL.filter(({ name }) => name.includes(values.only))
    : values.fps.split(",").map((fps) => ({ name: `${fps} frames/s`, fps: Number(fps) }));

// A run of nothing would be as good as one without a miss.
if (variants.length === 0) throw new Error(`no variant's name holds "${values.only}"`);

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
      const standing = variant.timed?.(STANDING) ?? STANDING;
      const late = worst(summary, standing);
      const lines = ["line-1", "line-2"].map((name) => summary.visits.filter(({ line }) => line === name).length);
      const good =
        summary.contacts.length === standing.length && late <= 1.5 && lines.every((n) => n === standing.length);
      console.log(
        [
          variant.name.padEnd(18),
          `${summary.contacts.length} episodes`,
          `${lines.join(" and ")} visits`,
          `worst ${late.toFixed(1)} s`,
          good ? "ok  " : "MISS",
          errors(summary, standing),
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
  { fps, filter, encoder = ["-preset", "veryfast"], scale = [1, 1], moved = (place) => place }: Variant,
  folder: string,
  look: Parameters<typeof runClip>[1],
): Promise<ClipSummary> {
  const file = filter === undefined ? video : join(folder, "variant.mp4");
  if (filter !== undefined) {
    const args = ["-v", "error", "-y", "-i", video, "-vf", filter, "-an", ...encoder, file];
    const { code } = await exited(startChild("ffmpeg", args, { stdio: ["ignore", "ignore", "inherit"] }));
    if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  }
  const run = {
    video: file,
    // The models are given frames of the file's own size.
    size: { width: SIZE.width * scale[0], height: SIZE.height * scale[1] },
    fps,
    zone: zoneFrom({ polygon: tableZone(moved), by: "person" }),
    footfall: footfallFrom({ lines: clipLines(moved), by: "person" }),
    mood: undefined,
    annotateTo: undefined,
    event: () => undefined,
  };
  return await runClip(run, look);
}

function errors({ contacts }: ClipSummary, standing: Standing): string {
  return contacts
    .map(({ startS, endS }, i) => {
      const [fromS, toS] = standing[i] ?? [0, 0];
      return `${(startS - fromS).toFixed(1)}/${(endS - toS).toFixed(1)}`;
    })
    .join(" ");
}

function worst({ contacts }: ClipSummary, standing: Standing): number {
  return Math.max(
    ...standing.flatMap(([fromS, toS], i) => {
      const own = contacts[i];
      return own === undefined ? [Number.POSITIVE_INFINITY] : [Math.abs(own.startS - fromS), Math.abs(own.endS - toS)];
    }),
  );
}

function stretched(by: number): (standing: Standing) => Standing {
  return (standing) => standing.map(([fromS, toS]) => [fromS * by, toS * by] as const);
}

/** Turned about the picture's middle, clockwise to the eye, as ffmpeg's `rotate` does. */
function turned([x, y]: readonly [number, number]): [number, number] {
  const angle = (ASKEW * Math.PI) / 180;
  const [across, down] = [(x - 0.5) * SIZE.width, (y - 0.5) * SIZE.height];
  return [
    0.5 + (across * Math.cos(angle) - down * Math.sin(angle)) / SIZE.width,
    0.5 + (across * Math.sin(angle) + down * Math.cos(angle)) / SIZE.height,
  ];
}
