// Decodes YuNet: anchor-free on grids of 8, 16 and 32 pixels; a class share, an objectness, a box and five points a cell.
import { z } from "zod";
import type { Size } from "../frame.ts";
import type { Point } from "../landmarks.ts";
import type { Candidate } from "./nms.ts";
import { type TensorSpec, thresholds } from "./tensor.ts";

/** Pixels of the input that one cell stands for, by grid; part of the tensors' names in the authors' exports. */
const STRIDES = [8, 16, 32] as const;
/** The order in which one grid's tensors are read. */
const PARTS = [
  { name: "cls", values: 1 },
  { name: "obj", values: 1 },
  { name: "bbox", values: 4 },
  { name: "kps", values: 10 },
] as const;

export const YuNetOutput = z.strictObject({
  decoder: z
    .literal("yunet")
    .describe("per grid of 8, 16 and 32 pixels: cls_…, obj_…, bbox_… and kps_… as YuNet exports them"),
  landmarks: z
    .literal(false)
    .optional()
    .describe("false: expressions are read from the boxes' squares, as if the model gave no landmarks"),
  ...thresholds,
});
export type YuNetOutput = z.infer<typeof YuNetOutput>;

/** Grid by grid: class share, objectness, box, points. */
export function yuNetTensors(input: Size): TensorSpec[] {
  return STRIDES.flatMap((stride) => {
    const cells = Math.floor(input.width / stride) * Math.floor(input.height / stride);
    return PARTS.map(({ name, values }) => ({
      name: `${name}_${stride}`,
      shape: [cells, values],
      isShare: () => values === 1,
    }));
  });
}

/**
 * Score = class share × objectness; centre = (cell + x, y) × stride, size = e^(w, h) × stride, points = (cell + x, y) ×
 * stride, in the order of right eye, left eye, nose, right and left corner of the mouth, as the person has them: the rule of
 * `tools/compare_inference.py` (YUNET.forward) in the authors' repository, github.com/ShiqiYu/libfacedetection.train.
 * @param tensors in the order of {@link yuNetTensors}
 */
export function decodeYuNet(
  tensors: readonly Float32Array[],
  { minScore, landmarks: wanted }: YuNetOutput,
  input: Size,
): Candidate[] {
  const candidates: Candidate[] = [];
  STRIDES.forEach((stride, grid) => {
    const [share, objectness, box, points] = tensors.slice(grid * PARTS.length);
    const across = Math.floor(input.width / stride);
    for (let cell = 0; cell < (share?.length ?? 0); cell += 1) {
      const score = (share?.[cell] ?? 0) * (objectness?.[cell] ?? 0);
      if (score < minScore) continue;
      const x = ((cell % across) + (box?.[cell * 4] ?? 0)) * stride;
      const y = (Math.floor(cell / across) + (box?.[cell * 4 + 1] ?? 0)) * stride;
      const halfWidth = (Math.exp(box?.[cell * 4 + 2] ?? 0) * stride) / 2;
      const halfHeight = (Math.exp(box?.[cell * 4 + 3] ?? 0) * stride) / 2;
      const point = (i: number): Point => [
        ((cell % across) + (points?.[cell * 10 + 2 * i] ?? 0)) * stride,
        (Math.floor(cell / across) + (points?.[cell * 10 + 2 * i + 1] ?? 0)) * stride,
      ];
      const landmarks = {
        leftEye: point(0),
        rightEye: point(1),
        nose: point(2),
        leftMouth: point(3),
        rightMouth: point(4),
      };
      const corners = { x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight };
      candidates.push({ ...corners, score, ...(wanted === false ? {} : { landmarks }) });
    }
  });
  return candidates;
}
