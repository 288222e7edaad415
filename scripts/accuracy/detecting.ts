// Detectors over the pictures of known truth: what each tells of every picture, and what a picture costs.
import { readFileSync } from "node:fs";
import type { Frame } from "../../src/vision/frame.ts";
import { type Look, lookThrough } from "../../src/vision/look.ts";
import { type DetectorEntry, readModelFile } from "../../src/vision/models/manifest.ts";
import { openModelBytes } from "../../src/vision/models/runtime.ts";
import { type JudgedPicture, judgePicture } from "./average-precision.ts";
import type { Task, TruthSet } from "./truth.ts";

export interface Contestant {
  readonly name: string;
  readonly entry: DetectorEntry;
  /** The folder of the entry, or a file that takes the place of its own: a draft. */
  readonly from: { readonly modelsDir: string } | { readonly file: string };
}

export interface Measured {
  readonly contestant: Contestant;
  readonly pictures: JudgedPicture[];
  /** Processor milliseconds of one look on one thread: drawing the input, the net, its decoder. The median. */
  readonly ms: number;
}

/** Average precision wants the weak boxes too. Below this even the best of our nets tells noise. */
const WEAKEST = 0.02;
/** Pictures of a set that are timed. */
const TIMED = 40;

export async function measure(set: TruthSet, contestants: readonly Contestant[]): Promise<Measured[]> {
  const open = [];
  for (const contestant of contestants)
    open.push({
      contestant,
      weak: await openLooking(contestant, WEAKEST),
      ordinary: await openLooking(contestant, undefined),
      pictures: [] as JudgedPicture[],
      costs: [] as number[],
    });
  for await (const { frame, drawn } of set.pictures())
    for (const { weak, ordinary, pictures, costs } of open) {
      pictures.push(judgePicture(await told(weak, set.task, frame), drawn));
      if (costs.length >= TIMED) continue;
      const before = process.cpuUsage();
      await told(ordinary, set.task, frame);
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / 1_000);
    }
  for (const { weak, ordinary } of open) await Promise.all([weak.close(), ordinary.close()]);
  return open.map(({ contestant, pictures, costs }) => ({ contestant, pictures, ms: median(costs) }));
}

export async function told(look: Look, task: Task, frame: Frame) {
  const wanted = { face: task === "face", person: task === "person", expression: false };
  const { faces, persons } = await look.look(frame, wanted);
  return task === "face" ? faces : persons;
}

/** The agent's own way from a frame to boxes, with another least score where one is given. */
export async function openLooking({ entry, from }: Contestant, minScore: number | undefined): Promise<Look> {
  const bytes = "file" in from ? readFileSync(from.file) : readModelFile(from.modelsDir, entry);
  const output = minScore === undefined ? entry.output : { ...entry.output, minScore };
  const model = await openModelBytes(bytes, { ...entry, output }, 1);
  const models = { face: undefined, person: undefined, expression: undefined, [entry.task]: model };
  return lookThrough(models, async () => await model.close());
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}
