// Decodes PicoDet: anchor-free on several grids; each side of a box is a distribution over distances.
import { z } from "zod";
import type { Size } from "../frame.ts";
import type { Candidate } from "./nms.ts";
import { pickedClass, picksKnownClass, type TensorSpec, tensorName, thresholds } from "./tensor.ts";

/** Pixels of the input that one cell stands for on the finest grid; each further grid has twice as many. */
const FINEST_STRIDE = 8;
const SIDES = 4;

export const PicoDetOutput = z
  .strictObject({
    decoder: z.literal("picodet").describe("per grid of 8, 16, 32, 64 … pixels: shares of classes; bins of distances"),
    scores: z.array(tensorName).min(1).max(6).describe("cells × classes, from the finest grid to the coarsest"),
    distances: z.array(tensorName).min(1).max(6).describe("cells × 4 sides × bins, in the same order"),
    bins: z.int().min(2).max(64).describe("distances of 0 to bins − 1 cells"),
    ...pickedClass,
    ...thresholds,
  })
  .refine(picksKnownClass, "classIndex is not below classCount")
  .refine(({ scores, distances }) => scores.length === distances.length, "scores and distances differ in number");
export type PicoDetOutput = z.infer<typeof PicoDetOutput>;

/** All scores, then all distances. */
export function picoDetTensors({ scores, distances, bins, classCount }: PicoDetOutput, input: Size): TensorSpec[] {
  const cells = (level: number): number => {
    const { width, height } = gridOf(input, level);
    return width * height;
  };
  return [
    ...scores.map((name, i) => ({ name, shape: [cells(i), classCount], isShare: () => true })),
    ...distances.map((name, i) => ({ name, shape: [cells(i), SIDES * bins], isShare: () => false })),
  ];
}

/**
 * A side lies as many cells away from the cell's centre as the mean of its distribution says (softmax over the bins, the
 * Distribution Focal Loss of Li et al. 2020, "Generalized Focal Loss"). PicoDet: Yu et al. 2021, PaddleDetection; grids
 * and centre, (cell + 0.5) × stride − 0.5, as in `main.py` of the repository that exported this file,
 * github.com/hpc203/picodet-onnxruntime.
 * @param tensors in the order of {@link picoDetTensors}
 */
export function decodePicoDet(tensors: readonly Float32Array[], output: PicoDetOutput, input: Size): Candidate[] {
  const { bins, classCount, classIndex, minScore } = output;
  const levels = output.scores.length;
  const candidates: Candidate[] = [];
  for (let level = 0; level < levels; level += 1) {
    const scores = tensors[level] ?? new Float32Array();
    const distances = tensors[levels + level] ?? new Float32Array();
    const stride = FINEST_STRIDE << level;
    const grid = gridOf(input, level);
    for (let cell = 0; cell < grid.width * grid.height; cell += 1) {
      const score = scores[cell * classCount + classIndex] ?? 0;
      if (score < minScore) continue;
      const x = ((cell % grid.width) + 0.5) * stride - 0.5;
      const y = (Math.floor(cell / grid.width) + 0.5) * stride - 0.5;
      const away = (side: number): number => meanBin(distances, (cell * SIDES + side) * bins, bins) * stride;
      candidates.push({ x1: x - away(0), y1: y - away(1), x2: x + away(2), y2: y + away(3), score });
    }
  }
  return candidates;
}

/** The mean of softmax over `bins` numbers; the largest is taken off first, so that no exponential overflows. */
function meanBin(values: Float32Array, from: number, bins: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < bins; k += 1) largest = Math.max(largest, values[from + k] ?? 0);
  let sum = 0;
  let weighted = 0;
  for (let k = 0; k < bins; k += 1) {
    const weight = Math.exp((values[from + k] ?? 0) - largest);
    sum += weight;
    weighted += k * weight;
  }
  return weighted / sum;
}

function gridOf(input: Size, level: number): Size {
  const stride = FINEST_STRIDE << level;
  return { width: Math.ceil(input.width / stride), height: Math.ceil(input.height / stride) };
}
