// How sure a classifier is beside how often it is right: expected calibration error, and the temperature that mends it. Pure.
import { calibrated } from "../../src/vision/decoders/calibration.ts";
import type { ExpressionShares } from "../../src/vision/decoders/softmax8.ts";
import { EXPRESSIONS, type Expression } from "../../src/words/events.ts";

export interface Judged {
  readonly shares: ExpressionShares;
  readonly majority: Expression;
}

const BINS = 15;

export function bestOf(shares: ExpressionShares): Expression {
  return EXPRESSIONS.reduce((best, name) => (shares[name] > shares[best] ? name : best));
}

export function accuracyOf(all: readonly Judged[]): number {
  return all.filter(({ shares, majority }) => bestOf(shares) === majority).length / all.length;
}

/** Σ over bins of confidence: share of cases × |accuracy − mean confidence|. C. Guo et al., ICML 2017. */
export function calibrationError(all: readonly Judged[]): number {
  const bins = Array.from({ length: BINS }, () => ({ right: 0, sure: 0 }));
  for (const { shares, majority } of all) {
    const best = bestOf(shares);
    const bin = bins[Math.min(BINS - 1, Math.floor(shares[best] * BINS))];
    if (bin === undefined) continue;
    bin.sure += shares[best];
    if (best === majority) bin.right += 1;
  }
  return bins.reduce((sum, { right, sure }) => sum + Math.abs(right - sure), 0) / all.length;
}

/** Mean of −ln of the probability given to the majority. */
export function negativeLogLikelihood(all: readonly Judged[]): number {
  return all.reduce((sum, { shares, majority }) => sum - Math.log(Math.max(1e-9, shares[majority])), 0) / all.length;
}

export function atTemperature(all: readonly Judged[], temperature: number): Judged[] {
  return all.map((one) => ({ ...one, shares: calibrated(one.shares, { temperature }) }));
}

/** The temperature of the least negative log-likelihood, to 0.005: a golden-section search, for it has one minimum. */
export function fitTemperature(all: readonly Judged[]): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  const cost = (temperature: number): number => negativeLogLikelihood(atTemperature(all, temperature));
  let [low, high] = [0.2, 5];
  while (high - low > 0.005) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (cost(a) < cost(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}
