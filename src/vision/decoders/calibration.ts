// Makes a classifier's probabilities as sure as it is right: temperature scaling.
import { z } from "zod";
import { EXPRESSIONS } from "../../words/events.ts";
import type { ExpressionShares } from "./softmax8.ts";

export const Calibration = z.strictObject({
  temperature: z
    .number()
    .min(0.05)
    .max(20)
    .describe("each probability to the power of 1 ÷ temperature, scaled to sum to 1: above 1 less sure, below 1 surer"),
});
export type Calibration = z.infer<typeof Calibration>;

/** For an output's schema. */
export const calibration = Calibration.optional().describe("fitted on faces that the model was not trained on");

/**
 * Dividing a softmax's logits by T is the same as raising its probabilities to 1 ÷ T and scaling them to sum to 1. The order of
 * the classes stays. C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
 */
export function calibrated(shares: ExpressionShares, rule: Calibration | undefined): ExpressionShares {
  if (rule === undefined) return shares;
  const powers = EXPRESSIONS.map((name) => shares[name] ** (1 / rule.temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Object.fromEntries(EXPRESSIONS.map((name, i) => [name, (powers[i] ?? 0) / sum])) as ExpressionShares;
}
