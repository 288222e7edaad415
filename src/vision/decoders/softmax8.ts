// Decodes the expression classifier's eight probabilities, and the valence drawn from them.
import { EXPRESSIONS, type Expression } from "../../words/events.ts";

/** Probabilities, 0..1, that sum to 1. */
export type ExpressionShares = Record<Expression, number>;

/**
 * How pleasant each expression is, −1..1: the weights the model was judged with (correlation 0.88 with the mean of ten
 * human votes on FER+; see the model card).
 */
export const VALENCE: ExpressionShares = {
  neutral: 0,
  happiness: 0.8,
  surprise: 0.1,
  sadness: -0.7,
  anger: -0.6,
  disgust: -0.7,
  fear: -0.6,
  contempt: -0.5,
};

/**
 * @param output eight numbers ≥ 0 in the order of EXPRESSIONS; rescaled to sum to 1, for a model's own rounding
 */
export function decodeSoftmax8(output: Float32Array): ExpressionShares {
  const values = EXPRESSIONS.map((_, i) => Math.max(0, output[i] ?? 0));
  const sum = values.reduce((total, value) => total + value, 0);
  const shares = EXPRESSIONS.map((name, i) => [name, sum > 0 ? (values[i] ?? 0) / sum : 1 / EXPRESSIONS.length]);
  return Object.fromEntries(shares) as ExpressionShares;
}

/** Expected pleasantness, −1..1. */
export function valenceOf(shares: ExpressionShares): number {
  return EXPRESSIONS.reduce((sum, name) => sum + shares[name] * VALENCE[name], 0);
}
