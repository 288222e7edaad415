// `npm run accuracy:expression`: calibration, aligned crops, and reading against size and blur, on FER+ validation faces.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pullModels } from "../../src/cli/models-pull.ts";
import { packageRoot } from "../../src/place.ts";
import { type ClassifierEntry, type DetectorEntry, entryOf, readManifest } from "../../src/vision/models/manifest.ts";
import { type OpenModel, openModel } from "../../src/vision/models/runtime.ts";
import {
  accuracyOf,
  atTemperature,
  calibrationError,
  fitTemperature,
  type Judged,
  negativeLogLikelihood,
} from "./calibrate.ts";
import { type VotedFace, votedFaces } from "./ferplus.ts";
import { readPasted } from "./pasted-faces.ts";
import { readTile } from "./reading-faces.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: join(packageRoot(), "../shared/data") },
    "models-dir": { type: "string", default: join(packageRoot(), "models") },
    expression: { type: "string", default: "expression-48" },
    face: { type: "string", default: "yunet-320x192" },
    /** Faces pasted for each row of the tables. */
    faces: { type: "string", default: "500" },
  },
});

const ferplus = join(values.data, "train/ferplus");
if (existsSync(ferplus)) await main();
else console.log(`skipped: ${ferplus} is not here`);

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "expression-"));
  const entry = withoutCalibration(entryOf(readManifest(values["models-dir"]), values.expression));
  const model = await openModel(values["models-dir"], entry, 1);
  try {
    const faces = await votedFaces(ferplus);
    await calibration(model, faces);
    await pullModels([values.face], { modelsDir: folder, from: join(values.data, "models") }, () => undefined);
    const detector = entryOf(readManifest(folder), values.face) as DetectorEntry;
    const finder = await openModel(folder, detector, 1);
    try {
      await readPasted(model, finder, faces.slice(0, Number(values.faces)));
    } finally {
      await finder.close();
    }
  } finally {
    await model.close();
    rmSync(folder, { recursive: true });
  }
}

/** What is measured here is what the manifest's temperature is made of. */
function withoutCalibration(entry: ReturnType<typeof entryOf>): ClassifierEntry {
  if (entry.task !== "expression") throw new Error(`${entry.name} reads no expressions`);
  const { calibration: _fitted, ...output } = entry.output;
  return { ...entry, output };
}

async function calibration(model: OpenModel<ClassifierEntry>, faces: readonly VotedFace[]): Promise<void> {
  const judged: Judged[] = [];
  for (const { tile, majority } of faces) judged.push({ shares: await readTile(model, tile), majority });
  const half = (odd: number): Judged[] => judged.filter((_, i) => i % 2 === odd);
  const temperature = fitTemperature(half(0));
  console.log(`calibration of ${model.entry.name}: ${judged.length} faces with a majority, fitted on every other one`);
  console.log(`temperature ${temperature.toFixed(3)}; on the other half, before and after:`);
  for (const [name, all] of [
    ["before", half(1)],
    ["after", atTemperature(half(1), temperature)],
  ] as const) {
    const figures = [calibrationError(all), negativeLogLikelihood(all), accuracyOf(all)].map((one) => one.toFixed(4));
    console.log(
      `  ${name.padEnd(7)} expected calibration error ${figures[0]}, log loss ${figures[1]}, accuracy ${figures[2]}`,
    );
  }
}
