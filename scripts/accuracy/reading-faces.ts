// Expression models over FER+ validation faces: how often right, how well smiles are told, how well they know themselves.
import { readFileSync } from "node:fs";
import { decodeExpression } from "../../src/vision/decoders/decoder.ts";
import type { ExpressionShares } from "../../src/vision/decoders/softmax8.ts";
import { drawFace } from "../../src/vision/face-crop.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { normaliseGray } from "../../src/vision/input.ts";
import { type ClassifierEntry, readModelFile } from "../../src/vision/models/manifest.ts";
import { type OpenModel, openModelBytes } from "../../src/vision/models/runtime.ts";
import { type Figure, withInterval } from "./average-precision.ts";
import { accuracyOf, calibrationError, type Judged } from "./calibrate.ts";
import { TILE, type VotedFace } from "./ferplus.ts";

export interface Reader {
  readonly name: string;
  readonly entry: ClassifierEntry;
  readonly from: { readonly modelsDir: string } | { readonly file: string };
}

export interface ReaderFigures {
  readonly name: string;
  /** Of faces that half of the voters or more agreed on, single votes left out: FER+'s majority mode. */
  readonly agreed: Figure | undefined;
  /** Of faces with a most voted expression, however few voted for it. */
  readonly most: Figure | undefined;
  readonly happiness: Figure | undefined;
  /** On every other face, because the shipped temperature was once fitted on the rest. */
  readonly calibration: Figure | undefined;
  /** Processor milliseconds a face, one thread: the median. */
  readonly ms: number;
}

/** One tile of FER2013 as the model reads it. */
export async function readTile(model: OpenModel<ClassifierEntry>, tile: Frame): Promise<ExpressionShares> {
  drawFace(tile, { centre: [TILE / 2, TILE / 2], side: TILE, roll: 0 }, model.entry.input, model.input);
  normaliseGray(model.input, model.entry.input);
  return decodeExpression(await model.run(), model.entry);
}

export async function measureReader(
  { name, entry, from }: Reader,
  faces: readonly VotedFace[],
): Promise<ReaderFigures> {
  const bytes = "file" in from ? readFileSync(from.file) : readModelFile(from.modelsDir, entry);
  const model = await openModelBytes(bytes, entry, 1);
  const judged: Judged[] = [];
  const costs: number[] = [];
  for (const { tile, majority } of faces) {
    const before = process.cpuUsage();
    judged.push({ shares: await readTile(model, tile), majority });
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1_000);
  }
  await model.close();
  return {
    name,
    agreed: withInterval(
      judged.filter((_, i) => faces[i]?.agreed),
      accuracyOf,
    ),
    most: withInterval(judged, accuracyOf),
    happiness: withInterval(judged, happinessAuc),
    calibration: withInterval(
      judged.filter((_, i) => i % 2 === 1),
      calibrationError,
    ),
    ms: costs.toSorted((a, b) => a - b)[Math.floor(costs.length / 2)] ?? Number.NaN,
  };
}

/** The chance that a happy face is given more happiness than another: Mann and Whitney's U over all pairs. */
function happinessAuc(all: readonly Judged[]): number {
  const sorted = all.toSorted((a, b) => a.shares.happiness - b.shares.happiness);
  let [happy, others, below] = [0, 0, 0];
  for (const { majority } of sorted) {
    if (majority === "happiness") {
      happy += 1;
      below += others;
    } else others += 1;
  }
  return below / (happy * others);
}
