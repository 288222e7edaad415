// Decodes FastestDet: one coarse grid; each cell gives one box, an objectness and a share for each class.
import { z } from "zod";
import type { Size } from "../frame.ts";
import type { Candidate } from "./nms.ts";
import { pickedClass, picksKnownClass, sigmoid, type TensorSpec, tensorName, thresholds } from "./tensor.ts";

/** Pixels of the input that one cell of the grid stands for. */
const STRIDE = 16;
/** Planes before the classes: objectness, x, y, width, height. */
const BEFORE_CLASSES = 5;

export const FastestDetOutput = z
  .strictObject({
    decoder: z.literal("fastestdet").describe("planes of a grid of 16 pixels: objectness, x, y, w, h, a share a class"),
    name: tensorName,
    ...pickedClass,
    ...thresholds,
  })
  .refine(picksKnownClass, "classIndex is not below classCount");
export type FastestDetOutput = z.infer<typeof FastestDetOutput>;

export function fastestDetTensors({ name, classCount }: FastestDetOutput, input: Size): TensorSpec[] {
  const { width, height } = gridOf(input);
  const plane = width * height;
  return [
    {
      name,
      shape: [BEFORE_CLASSES + classCount, height, width],
      isShare: (i) => i < plane || i >= BEFORE_CLASSES * plane,
    },
  ];
}

/**
 * Score = objectness × share of the class. Centre = (cell + tanh(x, y)) ÷ grid, size = sigmoid(w, h), both as shares of
 * the input: the rule of `utils/tool.py` (handle_preds) in the authors' repository, github.com/dog-qiuqiu/FastestDet.
 * The authors look only at a cell's strongest class; a share of one class is asked for here, which differs only where
 * another class is stronger in the same cell.
 * @param planes (5 + classes) × grid height × grid width numbers
 */
export function decodeFastestDet(planes: Float32Array, output: FastestDetOutput, input: Size): Candidate[] {
  const grid = gridOf(input);
  const plane = grid.width * grid.height;
  const shares = (BEFORE_CLASSES + output.classIndex) * plane;
  const candidates: Candidate[] = [];
  for (let cell = 0; cell < plane; cell += 1) {
    const score = (planes[cell] ?? 0) * (planes[shares + cell] ?? 0);
    if (score < output.minScore) continue;
    const at = (part: number): number => planes[part * plane + cell] ?? 0;
    const x = (((cell % grid.width) + Math.tanh(at(1))) / grid.width) * input.width;
    const y = ((Math.floor(cell / grid.width) + Math.tanh(at(2))) / grid.height) * input.height;
    const halfWidth = (sigmoid(at(3)) * input.width) / 2;
    const halfHeight = (sigmoid(at(4)) * input.height) / 2;
    candidates.push({ x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight, score });
  }
  return candidates;
}

function gridOf(input: Size): Size {
  return { width: Math.floor(input.width / STRIDE), height: Math.floor(input.height / STRIDE) };
}
