// Decodes the expression classifier's eight probabilities.
import { EXPRESSIONS, type Expression } from "../../words/events.ts";

/** Probabilities, 0..1, that sum to 1. */
export type ExpressionShares = Record<Expression, number>;

/**
 * @param output eight numbers ≥ 0 in the order of EXPRESSIONS; rescaled to sum to 1, for a model's own rounding
 */
export function decodeSoftmax8(output: Float32Array): ExpressionShares {
  const values = EXPRESSIONS.map((_, i) => Math.max(0, output[i] ?? 0));
  const sum = values.reduce((total, value) => total + value, 0);
  const shares = EXPRESSIONS.map((name, i) => [name, sum > 0 ? (values[i] ?? 0) / sum : 1 / EXPRESSIONS.length]);
  return Object.fromEntries(shares) as ExpressionShares;
}
