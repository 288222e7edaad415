// `touchpoint vision …`: the eyes, tried on pictures and files.
import { type Command, InvalidArgumentError } from "commander";
import { SHORTEST_LINE, TrackingSettings } from "../config/footfall.ts";
import type { ZoneConfig } from "../config/schema.ts";
import { openLook } from "../vision/look.ts";
import { readManifest } from "../vision/models/manifest.ts";
import { asFault } from "../words/errors.ts";
import { CONFIG_OPTION, EXIT } from "./outcome.ts";
import { chooseModels, type ModelChoice, type Sight, sayFault, sightOf } from "./sight.ts";
import { registerAudit } from "./vision-audit.ts";
import { type DetectedPicture, detectPicture } from "./vision-detect.ts";
import { type ClipSummary, type Footfall, footfallFrom, runClip, zoneFrom } from "./vision-run.ts";

interface DetectOptions extends ModelChoice {
  readonly config: string;
  readonly json?: boolean;
}

interface RunOptions extends DetectOptions {
  readonly annotate?: string;
  readonly grid?: boolean;
  readonly fps: number;
  readonly zone?: [number, number][];
  readonly by?: ZoneConfig["by"];
  readonly anchor?: ZoneConfig["anchor"];
  readonly minScore?: number;
  readonly dwell?: number;
  readonly grace?: number;
  readonly post?: number;
  readonly line?: [number, number][][];
  readonly queue?: [number, number][];
  readonly service?: [number, number][];
  readonly staff?: [number, number][][];
  readonly mood?: boolean;
}

/** Adds `vision` and its verbs. */
export function registerVision(program: Command): void {
  const group = program.command("vision").description("the camera's eyes, tried on pictures and files");
  chooseModels(group.command("detect"))
    .description("faces, expressions and persons in still pictures")
    .argument("<image...>", "JPEG, PNG or WebP files")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object a picture, one a line")
    .action(async (images: string[], options: DetectOptions) => await detect(images, options));
  chooseModels(group.command("run"))
    .description("the live pipeline over a file, as fast as it goes: events as NDJSON, then a summary")
    .argument("<video>", "any file that ffmpeg reads")
    .option(...CONFIG_OPTION)
    .option("--json", "the summary as JSON too")
    .option(
      "--annotate <file>",
      "write an mp4 with boxes and the zone; every face and head found is blurred beyond recovery",
    )
    .option("--grid", "with --annotate: lines at each tenth of the picture, to read off zones and lines by numbers")
    .option("--fps <n>", "frames taken from each second of the file", decimal(0.5, 60), 8)
    .option("--zone <corners>", "x,y,x,y,… as shares of the frame; two corners make a rectangle", corners)
    .option("--by <what>", "what occupies the zone: face, person or either", oneOf("face", "person", "either"))
    .option(
      "--anchor <point>",
      "the point of a box that stands for the person: centre or foot",
      oneOf("centre", "foot"),
    )
    .option("--min-score <n>", "weaker faces and persons do not count", decimal(0.05, 1))
    .option("--dwell <ms>", "occupied this long opens an episode", decimal(0, 86_400_000))
    .option("--grace <ms>", "an absence up to this long is bridged", decimal(0, 86_400_000))
    .option("--post <ms>", "wait for a press this long before saying silent", decimal(0, 86_400_000))
    .option("--line <points>", "x1,y1,x2,y2: count who crosses; to the left hand is in; may be given again", lines)
    .option("--queue <corners>", "where people wait: length and waiting times", corners)
    .option("--service <corners>", "where the queue is served; who leaves it for elsewhere gave up", corners)
    .option("--staff <corners>", "who stays here is staff and is not counted; may be given again", cornersAgain)
    .option("--mood", "read expressions too and give the mood of the whole clip")
    .action(async (video: string, options: RunOptions) => await run(video, options));
  registerAudit(group);
}

async function detect(images: readonly string[], options: DetectOptions): Promise<void> {
  const json = options.json === true;
  try {
    const sight = sightOf(options.config, options);
    const look = await openLook(sight.modelsDir, readManifest(sight.modelsDir), sight.names, sight.threads);
    try {
      for (const image of images) {
        try {
          const detected = await detectPicture(image, look);
          console.log(json ? JSON.stringify(detected) : sentence(detected));
        } catch (thrown) {
          // One bad picture does not keep the others from being looked at.
          const fault = asFault(thrown, "IMAGE_UNREADABLE");
          if (json) console.log(JSON.stringify({ file: image, error: fault.toJSON() }));
          sayFault(fault);
        }
      }
    } finally {
      await look.close();
    }
  } catch (thrown) {
    sayFault(thrown);
  }
}

async function run(video: string, options: RunOptions): Promise<void> {
  if (options.grid === true && options.annotate === undefined) {
    console.error("--grid draws on what --annotate writes: give --annotate too");
    process.exitCode = EXIT.usage;
    return;
  }
  try {
    const sight = sightOf(options.config, options);
    const mood = moodOf(sight, options);
    const { expression, ...detectors } = sight.names;
    const names = mood === undefined ? detectors : { ...detectors, expression };
    const manifest = readManifest(sight.modelsDir);
    const look = await openLook(sight.modelsDir, manifest, names, sight.threads, sight.limits);
    try {
      const summary = await runClip(
        {
          video,
          size: { width: 640, height: 384 },
          fps: options.fps,
          zone: zoneOf(sight, options),
          footfall: footfallOf(sight, options),
          mood,
          annotateTo: options.annotate,
          grid: options.grid === true,
          event: ({ type, atMs, data }) => console.log(JSON.stringify({ type, atS: atMs / 1000, data })),
        },
        look,
      );
      console.log(options.json === true ? JSON.stringify({ type: "summary", ...summary }) : paragraph(summary));
      if (summary.damaged !== undefined) {
        console.error(`the file could not be read whole: ${summary.damaged}`);
        process.exitCode = EXIT.failed;
      }
    } finally {
      await look.close();
    }
  } catch (thrown) {
    sayFault(thrown);
  }
}

/** The first zone of the configuration, changed by what the command line says. */
function zoneOf(sight: Sight, options: RunOptions): ReturnType<typeof zoneFrom> {
  const configured = sight.config?.fleet.touchpoints.find(({ zone }) => zone !== undefined)?.zone;
  const { zone: polygon, by, anchor, minScore, dwell: dwellMs, grace: graceMs, post: postMs } = options;
  const given = Object.entries({ polygon, by, anchor, minScore, dwellMs, graceMs, postMs });
  const { camera: _camera, ...base } = configured ?? { camera: "" };
  return zoneFrom({ ...base, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) });
}

/** The counting of the first touchpoint that counts, changed by what the command line says. */
function footfallOf(sight: Sight, { line, queue, service, staff, by, anchor, minScore }: RunOptions): Footfall {
  const configured = sight.config?.fleet.touchpoints.find((one) => one.lines.length > 0 || one.queue !== undefined);
  const tracking = TrackingSettings.parse({
    ...sight.config?.fleet.tracking,
    ...(minScore === undefined ? {} : { highScore: minScore }),
  });
  return footfallFrom({ lines: line, queue, service, staffZones: staff, by, anchor }, configured, tracking);
}

/** The device's privacy ceiling holds for this verb too. */
function moodOf(sight: Sight, options: RunOptions): { k: number } | undefined {
  if (options.mood !== true) return undefined;
  if (sight.config !== undefined && sight.config.local.privacy.emotion === undefined) {
    console.error("local.privacy.emotion is not set in this configuration: expressions are not read");
    return undefined;
  }
  return { k: sight.config?.fleet.mood.k ?? 5 };
}

function sentence(picture: DetectedPicture): string {
  const lines = [`${picture.file}  ${picture.width}×${picture.height}`];
  for (const { box, score, expression, valence } of picture.faces) {
    const [name, p] = Object.entries(expression).toSorted((a, b) => b[1] - a[1])[0] ?? ["neutral", 0];
    const smile = expression.happiness.toFixed(2);
    lines.push(
      `  face    ${score.toFixed(2)}  at ${box.join(" ")}  ${name} ${p.toFixed(2)}  smile ${smile}  valence ${valence}`,
    );
  }
  for (const { box, score } of picture.persons) lines.push(`  person  ${score.toFixed(2)}  at ${box.join(" ")}`);
  if (picture.faces.length + picture.persons.length === 0) lines.push("  nobody");
  return lines.join("\n");
}

function paragraph(summary: ClipSummary): string {
  const { frames, clipSeconds, wallSeconds, framesPerSecond, framesWithFaces, framesWithPersons, contacts, visits } =
    summary;
  return [
    `${frames} frames of ${clipSeconds.toFixed(1)} s in ${wallSeconds} s: ${framesPerSecond} frames/s`,
    `faces in ${framesWithFaces} frames, persons in ${framesWithPersons}`,
    `${contacts.length} contacts`,
    ...contacts.map(
      ({ startS, endS, people, outcome }) =>
        `  ${startS.toFixed(1)} – ${endS.toFixed(1)} s  people ${people}  ${outcome}`,
    ),
    `${visits.length} visits`,
    ...visits.map(
      ({ atS, line, direction, occupancy }) => `  ${atS.toFixed(1)} s  ${line}  ${direction}  inside ${occupancy}`,
    ),
  ].join("\n");
}

function decimal(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max))
      throw new InvalidArgumentError(`give a number from ${min} to ${max}`);
    return value;
  };
}

function oneOf<T extends string>(...allowed: T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((word) => word === text);
    if (found === undefined) throw new InvalidArgumentError(`give one of ${allowed.join(", ")}`);
    return found;
  };
}

function points(text: string): [number, number][] {
  const numbers = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (numbers.length < 4 || numbers.length % 2 !== 0 || numbers.some((n) => !(n >= 0 && n <= 1)))
    throw new InvalidArgumentError("give two or more points, x,y,x,y,…, each number from 0 to 1");
  return numbers.flatMap((x, i): [number, number][] => (i % 2 === 0 ? [[x, numbers[i + 1] ?? 0]] : []));
}

function lines(text: string, before: [number, number][][] = []): [number, number][][] {
  const line = points(text);
  const [[x1, y1], [x2, y2]] = [line[0] ?? [0, 0], line[1] ?? [0, 0]];
  if (line.length !== 2 || Math.hypot(x2 - x1, y2 - y1) < SHORTEST_LINE)
    throw new InvalidArgumentError("give two different points, x1,y1,x2,y2");
  return [...before, line];
}

function cornersAgain(text: string, before: [number, number][][] = []): [number, number][][] {
  return [...before, corners(text)];
}

function corners(text: string): [number, number][] {
  const given = points(text);
  const [a, b] = given;
  if (given.length !== 2 || a === undefined || b === undefined) return given;
  return [a, [b[0], a[1]], b, [a[0], b[1]]];
}
