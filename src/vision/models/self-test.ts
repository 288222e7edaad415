// Proves that a model works here: file, shapes, and numbers that make sense on inputs without a picture.
import { Fault } from "../../words/errors.ts";
import { tensorsOf } from "../decoders/decoder.ts";
import { groupSizes } from "../decoders/demographics.ts";
import { type ModelEntry, readModelFile } from "./manifest.ts";
import { openModelBytes } from "./runtime.ts";

/**
 * Runs a model on plain grey, on a gradient and on a checkered input: every number must be finite, scores and
 * probabilities must be such, and the same input must give the same numbers twice.
 * @throws Fault MODEL_MISSING, MODEL_HASH, MODEL_INVALID, MODEL_SHAPE or MODEL_OUTPUT
 */
export async function selfTest(modelsDir: string, entry: ModelEntry): Promise<void> {
  await selfTestBytes(readModelFile(modelsDir, entry), entry);
}

/** As {@link selfTest}, from bytes already at hand and proved. */
export async function selfTestBytes(bytes: Uint8Array, entry: ModelEntry): Promise<void> {
  const model = await openModelBytes(bytes, entry, 1);
  try {
    for (const pattern of PATTERNS) {
      for (let i = 0; i < model.input.length; i += 1) model.input[i] = pattern(i, entry.input.width);
      const once = await model.run();
      const twice = await model.run();
      if (once.some((values, t) => values.some((value, i) => value !== twice[t]?.[i])))
        throw new Fault("MODEL_OUTPUT", `${entry.name} gives different numbers for the same input`);
      if (!plausible(once, entry)) throw new Fault("MODEL_OUTPUT", `${entry.name} gives numbers outside their range`);
    }
  } finally {
    await model.close();
  }
}

const PATTERNS: readonly ((index: number, width: number) => number)[] = [
  () => 128,
  (index, width) => ((index % width) * 255) / width,
  (index, width) => ((((index % width) >> 3) + (Math.floor(index / width) >> 3)) % 2 === 0 ? 30 : 220),
];

function plausible(tensors: readonly Float32Array[], entry: ModelEntry): boolean {
  const inRange = tensorsOf(entry).every(({ isShare }, t) =>
    tensors[t]?.every((value, i) => !isShare(i) || (value >= 0 && value <= 1)),
  );
  let from = 0;
  return (
    inRange &&
    probabilitiesOf(entry, tensors[0]?.length ?? 0).every((size) => {
      const total = tensors[0]?.slice(from, from + size).reduce((sum, value) => sum + value, 0) ?? 0;
      from += size;
      return Math.abs(total - 1) < 0.01;
    })
  );
}

/** Sizes of the groups in a row that must each sum to 1 in a model's first tensor. */
function probabilitiesOf(entry: ModelEntry, length: number): number[] {
  if (entry.task === "expression") return [length];
  return entry.task === "demographics" && entry.output.activation === "none" ? groupSizes(entry.output) : [];
}
