// Whether a reason is named in hours in which more customers say nothing. Pure.
import type { Figure } from "./scales.ts";
import { addGroup, type Estimate, intervalOf, NOTHING_WEIGHTED, weightedMean } from "./weighted.ts";

/** What was counted of one touchpoint in one hour. */
export interface Hour {
  /** Episodes. */
  readonly answered: number;
  readonly silent: number;
  /** Reason → how often it was named. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface SilenceLift extends Figure {
  readonly reason: string;
}

/**
 * `silence-lift` of each reason: mean silent share of the hours in which it was named, each as often as it was, less that of
 * the hours in which other reasons were. Nobody who is silent names a reason, so it can be said of hours only, and hours
 * with a reason must not be compared with hours without: in them somebody answered, for else there were no reason. Two kinds
 * of naming can be compared: were a reason named alike in all hours, its lift would be zero however silent they are.
 *
 * Ours. Hours are the groups of both means; their covariance is that of the linearised difference.
 * @param hours of one touchpoint; those without an episode or without a reason say nothing
 */
export function silenceLifts(hours: Iterable<Hour>): SilenceLift[] {
  const told = [...hours].flatMap(({ answered, silent, reasons }) => {
    const named = Object.values(reasons).reduce((sum, count) => sum + count, 0);
    if (answered + silent === 0 || named === 0) return [];
    return [{ silentShare: silent / (answered + silent), named, reasons: new Map(Object.entries(reasons)) }];
  });
  const names = new Set(told.flatMap(({ reasons }) => [...reasons.keys()]));
  return [...names].sort().map((reason) => {
    const parts = told.map(({ silentShare, named, reasons }) => {
      const those = reasons.get(reason) ?? 0;
      return { silentShare, those, others: named - those };
    });
    const estimate = differenceOf(parts);
    const interval = intervalOf(estimate);
    return {
      reason,
      metric: "silence-lift",
      n: parts.reduce((sum, { those }) => sum + those, 0),
      numerator: null,
      denominator: null,
      value: estimate.value,
      interval: interval === null ? null : [Math.max(-1, interval[0]), Math.min(1, interval[1])],
    };
  });
}

interface Part {
  readonly silentShare: number;
  readonly those: number;
  readonly others: number;
}

function differenceOf(parts: readonly Part[]): Estimate {
  const [first, second] = [meanOf(parts, "those"), meanOf(parts, "others")];
  if (first.value === null || second.value === null) return { value: null, variance: null, effective: 0 };
  const value = first.value - second.value;
  const effective = Math.min(first.effective, second.effective);
  if (first.variance === null || second.variance === null) return { value, variance: null, effective };
  const [m1, m2] = [first.value, second.value];
  const [n1, n2] = [sumOf(parts, "those"), sumOf(parts, "others")];
  const covariance = parts.reduce(
    (sum, { silentShare, those, others }) =>
      sum + ((those * (silentShare - m1)) / n1) * ((others * (silentShare - m2)) / n2),
    0,
  );
  return { value, variance: Math.max(0, first.variance + second.variance - 2 * covariance), effective };
}

const sumOf = (parts: readonly Part[], of: "those" | "others"): number =>
  parts.reduce((sum, part) => sum + part[of], 0);

function meanOf(parts: readonly Part[], of: "those" | "others"): Estimate {
  const sum = { ...NOTHING_WEIGHTED };
  for (const part of parts) if (part[of] > 0) addGroup(sum, part.silentShare, part[of]);
  return weightedMean(sum);
}
