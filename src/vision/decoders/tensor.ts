// What a decoder reads of a model: tensors by name and shape, and which of their numbers are shares.
import { z } from "zod";

export interface TensorSpec {
  readonly name: string;
  /** Without the batch, which is 1; undefined where the model decides. */
  readonly shape: readonly (number | undefined)[];
  /** Whether the number at this index is a score or a probability, 0..1. */
  readonly isShare: (index: number) => boolean;
}

export const tensorName = z.string().min(1).describe("name of the tensor in the model");

/** How every detector is thinned out. */
export const thresholds = {
  minScore: z.number().min(0).max(1).describe("candidates below are dropped"),
  nmsIou: z.number().min(0).max(1).describe("of two boxes overlapping more than this the weaker is dropped"),
};

/** Which of a detector's many classes is told. */
export const pickedClass = {
  classCount: z.int().min(1).max(10_000).describe("classes the model knows"),
  classIndex: z.int().min(0).max(9_999).describe("the one that is told; in the order of COCO's 80, 0 is person"),
};

export function picksKnownClass({ classCount, classIndex }: { classCount: number; classIndex: number }): boolean {
  return classIndex < classCount;
}

/** 1 / (1 + e^−x). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
