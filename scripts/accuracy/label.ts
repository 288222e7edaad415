// Labelling by numbers: `propose` draws numbered boxes of models on sheets to look at, `take` makes labels of what was decided.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { packageRoot } from "../../src/place.ts";
import { overlap } from "../../src/vision/decoders/nms.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { type Look, openLook } from "../../src/vision/look.ts";
import { readManifest } from "../../src/vision/models/manifest.ts";
import { framesOf, type LabelBox, Labels } from "./labels.ts";
import { setAside } from "./set-aside.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: join(packageRoot(), "../shared/data") },
    /** With the models that propose. */
    "models-dir": { type: "string" },
    /** Of the sheets and the proposals: outside the project, for the sheets are pictures. */
    out: { type: "string" },
  },
});

interface Proposal {
  readonly kind: "face" | "person";
  readonly box: LabelBox;
  /** Taken unless the decision says otherwise. */
  readonly sure: boolean;
}
interface Proposed {
  readonly source: string;
  readonly fps?: number;
  readonly frames: { readonly frame: number | string; readonly proposals: readonly Proposal[] }[];
}

/** In the order in which they are believed; a box of a later one that overlaps an earlier one's is the same. */
const PROPOSERS = {
  face: [
    { name: "yunet-320x192", weak: 0.4, sure: 0.6 },
    { name: "face-320x192", weak: 0.5, sure: 2 },
  ],
  person: [
    { name: "picodet-s-320x320", weak: 0.35, sure: 0.55 },
    { name: "person-320x192", weak: 0.5, sure: 2 },
  ],
} as const;
const SAME = 0.4;

/** Name of the label file → what is labelled. */
const SOURCES: Readonly<Record<string, { source: string; fps?: number }>> = {
  classroom: { source: "video/classroom.gif", fps: 4 },
  walking: { source: "video/face-demographics-walking.gif", fps: 6 },
  "turning-female": { source: "video/head-pose-face-detection-female.gif", fps: 5 },
  "turning-male": { source: "video/head-pose-face-detection-male.gif", fps: 5 },
  hall: { source: "video/people-detection.gif", fps: 10 },
  worker: { source: "video/worker-zone-detection.gif", fps: 5 },
  "one-by-one": { source: "video/one-by-one-person-detection.mp4", fps: 0.4 },
  photographs: { source: "train/openly-licensed/persons/coco_val2017_ccby" },
};

const TILE = { width: 400, height: 225 };
const SHEET = { across: 3, down: 3 };

const [verb, decisions] = positionals;
if (verb === "propose" && values.out !== undefined && values["models-dir"] !== undefined)
  await propose(values.out, values["models-dir"]);
else if (verb === "take" && values.out !== undefined && decisions !== undefined) take(values.out, decisions);
else {
  console.log("label.js propose --models-dir FOLDER --out FOLDER | label.js take DECISIONS --out FOLDER");
  process.exitCode = 2;
}

async function propose(out: string, modelsDir: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  const looks: { kind: "face" | "person"; look: Look; weak: number; sure: number }[] = [];
  for (const kind of ["face", "person"] as const)
    for (const { name, weak, sure } of PROPOSERS[kind])
      looks.push({ kind, look: await openLook(modelsDir, readManifest(modelsDir), { [kind]: name }, 1), weak, sure });
  for (const [name, what] of Object.entries(SOURCES)) {
    const frames: Proposed["frames"] = [];
    const tiles: Buffer[] = [];
    const names = what.fps === undefined ? setAside(what.source.replace(/^train\//, "")) : [];
    for await (const { key, frame } of framesOf(values.data, what, names)) {
      const proposals: Proposal[] = [];
      for (const { kind, look, weak, sure } of looks) {
        const looked = await look.look(frame, { face: kind === "face", person: kind === "person", expression: false });
        const known = proposals.filter((one) => one.kind === kind);
        for (const { box, score } of kind === "face" ? looked.faces : looked.persons) {
          const same = known.some((one) => overlap(corners(one.box), corners(box)) >= SAME);
          // Photographs have their persons drawn by others.
          if (score < weak || same || (kind === "person" && what.fps === undefined)) continue;
          proposals.push({ kind, box: box.map((v) => Math.round(v * 1000) / 1000) as LabelBox, sure: score >= sure });
        }
      }
      frames.push({ frame: key, proposals });
      tiles.push(await tile(frame, `${frames.length - 1}`, proposals));
    }
    writeFileSync(join(out, `${name}.json`), JSON.stringify({ ...what, frames }));
    const each = SHEET.across * SHEET.down;
    for (let from = 0; from < tiles.length; from += each)
      await sheet(tiles.slice(from, from + each), join(out, `${name}-${from / each}.png`));
    console.log(`${name}: ${frames.length} frames`);
  }
  for (const { look } of looks) await look.close();
}

function corners([x, y, w, h]: readonly number[]): { x1: number; y1: number; x2: number; y2: number } {
  const [left, top] = [x ?? 0, y ?? 0];
  return { x1: left, y1: top, x2: left + (w ?? 0), y2: top + (h ?? 0) };
}

/** A frame stretched to a tile, with its number, the boxes (weak ones dashed) and ticks at every tenth. */
async function tile(frame: Frame, title: string, proposals: readonly Proposal[]): Promise<Buffer> {
  const { width, height } = TILE;
  const boxes = proposals.map(({ kind, box: [x, y, w, h], sure }, n) => {
    const colour = kind === "face" ? "yellow" : "cyan";
    const at = `x="${x * width}" y="${y * height}" width="${w * width}" height="${h * height}"`;
    return (
      `<rect ${at} fill="none" stroke="${colour}" ${sure ? "" : 'stroke-dasharray="3 3"'}/>` +
      `<text x="${x * width + (n % 3) * 8}" y="${y * height + 11}" font-size="12" fill="${colour}">${n}</text>`
    );
  });
  const ticks = Array.from({ length: 9 }, (_, i) => {
    const [x, y] = [((i + 1) / 10) * width, ((i + 1) / 10) * height];
    const long = i === 4 ? 10 : 5;
    return `<path d="M${x} 0v${long}M0 ${y}h${long}M${x} ${height}v-${long}M${width} ${y}h-${long}" stroke="red"/>`;
  });
  const marks = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    ...boxes,
    ...ticks,
    `<text x="4" y="${height - 5}" font-size="16" fill="red" stroke="white" stroke-width="0.5">${title}</text></svg>`,
  ].join("");
  return await sharp(Buffer.from(frame.rgb), { raw: { width: frame.width, height: frame.height, channels: 3 } })
    .resize(width, height, { fit: "fill" })
    .composite([{ input: Buffer.from(marks) }])
    .png()
    .toBuffer();
}

async function sheet(tiles: readonly Buffer[], file: string): Promise<void> {
  const { width, height } = TILE;
  await sharp({
    create: { width: width * SHEET.across, height: height * SHEET.down, channels: 3, background: "white" },
  })
    .composite(
      tiles.map((input, i) => ({
        input,
        left: (i % SHEET.across) * width,
        top: Math.floor(i / SHEET.across) * height,
      })),
    )
    .png()
    .toFile(file);
}

/**
 * A line of decisions is `NAME FRAMES: WORDS`, frames being numbers of the sheets, as `3` or `3-7`. Words: a number takes
 * what was not taken or leaves what was; `-f` and `-p` leave all faces or persons; `+f X Y W H` and `+p …` add a box, in
 * hundredths of the picture; `skip` leaves the frame out. Frames without a line are as they were proposed.
 */
function take(out: string, file: string): void {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, name, from, to, words = ""] = /^(\S+) (\d+)(?:-(\d+))?: *(.*)$/.exec(line) ?? [];
      return name === undefined
        ? []
        : [{ name, from: Number(from), to: Number(to ?? from), words: words.split(/\s+/) }];
    });
  const folder = join(packageRoot(), "scripts/accuracy/labels");
  mkdirSync(folder, { recursive: true });
  for (const name of Object.keys(SOURCES)) {
    const { frames, ...what } = JSON.parse(readFileSync(join(out, `${name}.json`), "utf8")) as Proposed;
    const labels: Labels = { ...what, frames: [] };
    for (const [n, { frame, proposals }] of frames.entries()) {
      const words = lines.flatMap((l) => (l.name === name && n >= l.from && n <= l.to ? l.words : []));
      if (words.includes("skip")) continue;
      const { face, person } = decided(proposals, words);
      labels.frames.push({ frame, faces: face, ...(what.fps === undefined ? {} : { persons: person }) });
    }
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(Labels.parse(labels), undefined, 2)}\n`);
    console.log(`${name}: ${labels.frames.length} frames`);
  }
}

function decided(proposals: readonly Proposal[], words: readonly string[]): Record<"face" | "person", LabelBox[]> {
  const taken = proposals.map(({ sure }) => sure);
  const boxes = { face: [] as LabelBox[], person: [] as LabelBox[] };
  const kindOf = (word: string): "face" | "person" => (word.endsWith("f") ? "face" : "person");
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    if (/^\d+$/.test(word)) taken[Number(word)] = !taken[Number(word)];
    else if (/^-[fp]$/.test(word)) {
      for (const [n, { kind }] of proposals.entries()) if (kind === kindOf(word)) taken[n] = false;
    } else if (/^\+[fp]$/.test(word)) {
      boxes[kindOf(word)].push(words.slice(i + 1, i + 5).map((v) => Number(v) / 100) as LabelBox);
      i += 4;
    } else if (word !== "") throw new Error(`"${word}" is no decision`);
  }
  for (const [n, { kind, box }] of proposals.entries()) if (taken[n]) boxes[kind].push(box);
  return boxes;
}
