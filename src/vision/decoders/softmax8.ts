// Decodes an expression classifier that gives a probability for each of our expressions.
import { z } from "zod";
import { EXPRESSIONS, type Expression } from "../../words/events.ts";
import { calibration } from "./calibration.ts";
import { type TensorSpec, tensorName } from "./tensor.ts";

/** Probabilities, 0..1, that sum to 1. */
export type ExpressionShares = Record<Expression, number>;

export const Softmax8Output = z.strictObject({
  decoder: z.literal("softmax8").describe("eight probabilities in the order of classes"),
  name: tensorName,
  calibration,
});
export type Softmax8Output = z.infer<typeof Softmax8Output>;

export function softmax8Tensors({ name }: Softmax8Output): TensorSpec[] {
  return [{ name, shape: [EXPRESSIONS.length], isShare: () => true }];
}

/**
 * @param output eight numbers ≥ 0 in the order of EXPRESSIONS; rescaled to sum to 1, for a model's own rounding
 */
export function decodeSoftmax8(output: Float32Array): ExpressionShares {
  const values = EXPRESSIONS.map((_, i) => Math.max(0, output[i] ?? 0));
  const sum = values.reduce((total, value) => total + value, 0);
  const shares = EXPRESSIONS.map((name, i) => [name, sum > 0 ? (values[i] ?? 0) / sum : 1 / EXPRESSIONS.length]);
  return Object.fromEntries(shares) as ExpressionShares;
}
