// `npm run accuracy:failures`: where the shipped detectors are wrong, drawn as outlines beside their cards. No picture is copied.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ZoneConfig } from "../../src/config/schema.ts";
import { packageRoot } from "../../src/place.ts";
import type { Size } from "../../src/vision/frame.ts";
import { type DetectorEntry, readManifest } from "../../src/vision/models/manifest.ts";
import type { Box } from "../../src/words/inputs.ts";
import { type JudgedBoxes, judgePicture } from "./average-precision.ts";
import { openLooking, told } from "./detecting.ts";
import { truthSets } from "./truth.ts";

const { values } = parseArgs({ options: { data: { type: "string", default: join(packageRoot(), "../shared/data") } } });

const shipped = join(packageRoot(), "models");
const { minScore } = ZoneConfig.parse({ camera: "any" });
const PANELS = { across: 4, down: 3, width: 230, height: 190 };

interface Failure {
  readonly name: string;
  readonly size: Size;
  readonly judged: JudgedBoxes;
}

if (existsSync(values.data))
  for (const entry of readManifest(shipped).models) {
    if (entry.task !== "face" && entry.task !== "person") continue;
    const file = join(shipped, entry.name, "failures.svg");
    writeFileSync(file, drawn(entry.name, await worst(entry)));
    console.log(file);
  }
else console.log(`skipped: ${values.data} is not here`);

/** The unseen pictures with the most people or faces missed and boxes in which nobody is. */
async function worst(entry: DetectorEntry): Promise<Failure[]> {
  const look = await openLooking({ name: entry.name, entry, from: { modelsDir: shipped } }, undefined);
  const failures: (Failure & { readonly wrong: number })[] = [];
  for (const set of truthSets(values.data)) {
    if (set.task !== entry.task || set.seen !== "unseen by ours" || set.truth === "agreement with YuNet") continue;
    for await (const { name, frame, drawn } of set.pictures()) {
      const sure = (await told(look, set.task, frame)).filter(({ score }) => score >= minScore);
      const judged = judgePicture(sure, drawn);
      const wrong = judged.missed.length + judged.told.filter(({ right }) => !right).length;
      if (wrong > 0) failures.push({ name, size: { width: frame.width, height: frame.height }, judged, wrong });
    }
  }
  await look.close();
  return failures.toSorted((a, b) => b.wrong - a.wrong).slice(0, PANELS.across * PANELS.down);
}

function drawn(model: string, failures: readonly Failure[]): string {
  const { across, down, width, height } = PANELS;
  const says =
    `${model}: the unseen pictures with the most mistakes at a score of ${minScore}. ` +
    "Green: found. Red and dashed: missed. Red and filled: nobody is there.";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${across * width} ${down * height + 24}" font-family="sans-serif" font-size="11">`,
    `<title>Mistakes of ${model}</title>`,
    `<rect width="100%" height="100%" fill="white"/><text x="8" y="16">${says}</text>`,
    ...failures.map((failure, i) =>
      panel(failure, (i % across) * width, Math.floor(i / across) * height + 24, width - 12, height - 26),
    ),
    "</svg>\n",
  ].join("\n");
}

function panel({ name, size, judged }: Failure, left: number, top: number, width: number, height: number): string {
  const scale = Math.min(width / size.width, height / size.height);
  const [w, h] = [size.width * scale, size.height * scale];
  const rect = ([x, y, bw, bh]: Box, style: string): string => {
    const sides = [x * w, y * h, bw * w, bh * h].map((side) => side.toFixed(1));
    return `<rect x="${sides[0]}" y="${sides[1]}" width="${sides[2]}" height="${sides[3]}" ${style}/>`;
  };
  return [
    `<g transform="translate(${left + 6} ${top})"><rect width="${w.toFixed(1)}" height="${h.toFixed(1)}" fill="none" stroke="#999"/>`,
    ...judged.told.map(({ box, right }) =>
      rect(box, right ? 'fill="none" stroke="#1a7f37"' : 'fill="#cf222e" fill-opacity="0.12" stroke="#cf222e"'),
    ),
    ...judged.missed.map((box) => rect(box, 'fill="none" stroke="#cf222e" stroke-dasharray="4 3"')),
    `<text y="${(h + 14).toFixed(1)}" fill="#555">${name}</text></g>`,
  ].join("");
}
