// Decodes YuNet: anchor-free on grids of 8, 16 and 32 pixels; a class share, an objectness and a box a cell.
import { z } from "zod";
import type { Size } from "../frame.ts";
import type { Candidate } from "./nms.ts";
import { type TensorSpec, thresholds } from "./tensor.ts";

/** Pixels of the input that one cell stands for, by grid; part of the tensors' names in the authors' exports. */
const STRIDES = [8, 16, 32] as const;
/** The order in which one grid's tensors are read. The landmarks, `kps_…`, are not: nothing here needs them. */
const PARTS = [
  { name: "cls", values: 1 },
  { name: "obj", values: 1 },
  { name: "bbox", values: 4 },
] as const;

export const YuNetOutput = z.strictObject({
  decoder: z
    .literal("yunet")
    .describe("per grid of 8, 16 and 32 pixels: cls_…, obj_… and bbox_… as YuNet exports them"),
  ...thresholds,
});
export type YuNetOutput = z.infer<typeof YuNetOutput>;

/** Grid by grid: class share, objectness, box. */
export function yuNetTensors(input: Size): TensorSpec[] {
  return STRIDES.flatMap((stride) => {
    const cells = Math.floor(input.width / stride) * Math.floor(input.height / stride);
    return PARTS.map(({ name, values }) => ({
      name: `${name}_${stride}`,
      shape: [cells, values],
      isShare: () => name !== "bbox",
    }));
  });
}

/**
 * Score = class share × objectness; centre = (cell + x, y) × stride, size = e^(w, h) × stride: the rule of
 * `tools/compare_inference.py` (YUNET.forward) in the authors' repository, github.com/ShiqiYu/libfacedetection.train.
 * @param tensors in the order of {@link yuNetTensors}
 */
export function decodeYuNet(tensors: readonly Float32Array[], { minScore }: YuNetOutput, input: Size): Candidate[] {
  const candidates: Candidate[] = [];
  STRIDES.forEach((stride, grid) => {
    const [share, objectness, box] = tensors.slice(grid * PARTS.length);
    const across = Math.floor(input.width / stride);
    for (let cell = 0; cell < (share?.length ?? 0); cell += 1) {
      const score = (share?.[cell] ?? 0) * (objectness?.[cell] ?? 0);
      if (score < minScore) continue;
      const x = ((cell % across) + (box?.[cell * 4] ?? 0)) * stride;
      const y = (Math.floor(cell / across) + (box?.[cell * 4 + 1] ?? 0)) * stride;
      const halfWidth = (Math.exp(box?.[cell * 4 + 2] ?? 0) * stride) / 2;
      const halfHeight = (Math.exp(box?.[cell * 4 + 3] ?? 0) * stride) / 2;
      candidates.push({ x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight, score });
    }
  });
  return candidates;
}
