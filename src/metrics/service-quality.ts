// SERVQUAL and SERVPERF: gaps and perceptions by item, by dimension and over all five. Pure.
import { type CrossSums, compositeOf, type Term } from "./composite.ts";
import { gapKey, itemKey, type RunCounts } from "./runs.ts";
import type { Figure } from "./scales.ts";

/** Dimension → letter that begins its items' ids, and how many they are: 22 together. */
const DIMENSIONS = {
  tangibles: ["t", 4],
  reliability: ["r", 5],
  responsiveness: ["s", 4],
  assurance: ["a", 4],
  empathy: ["e", 5],
} as const;
type Dimension = keyof typeof DIMENSIONS;
const NAMES = Object.keys(DIMENSIONS) as Dimension[];

/** What each dimension weighs; where 100 points are shared out, the points. */
export type Importance = Readonly<Record<Dimension, number>>;

const itemsOf = (dimension: Dimension): string[] => {
  const [letter, count] = DIMENSIONS[dimension];
  return Array.from({ length: count }, (_, at) => `${letter}${at + 1}`);
};

/**
 * Perceived less expected, −6 to 6, of customers who said both: each of the 22 pairs, each dimension as the mean of its
 * items' gaps, and all as the mean of the five dimensions, unweighted and, where it is known what customers find important,
 * weighted. Source: A. Parasuraman, V. A. Zeithaml, L. L. Berry, Journal of Retailing 64 (1988) 12–40; weighting by
 * dimension: V. A. Zeithaml, A. Parasuraman, L. L. Berry, Delivering Quality Service, Free Press, 1990.
 */
export function servqualFigures({ gaps }: RunCounts, importance?: Importance): Figure[] {
  const item = (name: string): string => gapKey(name, 1);
  const pairs = NAMES.flatMap(itemsOf).map((name) =>
    figureOf(gaps, `servqual-gap-${name}`, [{ item: item(name), coefficient: 1 }], [-6, 6]),
  );
  return [...pairs, ...byDimension(gaps, "servqual-gap", item, [-6, 6], importance)];
}

/**
 * Perceptions alone, 1 to 7, by dimension and over all five. Source: J. J. Cronin, S. A. Taylor, Journal of Marketing 56
 * (1992) 55–68; they add up the 22, here all have the form of SERVQUAL, so that both can be compared.
 */
export function servperfFigures({ cross }: RunCounts, importance?: Importance): Figure[] {
  const item = (name: string): string => itemKey({ question: `${name}p`, version: 1, min: 1, max: 7 });
  return byDimension(cross, "servperf", item, [1, 7], importance);
}

type Bounds = readonly [low: number, high: number];

function byDimension(
  sums: CrossSums,
  metric: string,
  item: (name: string) => string,
  bounds: Bounds,
  importance: Importance | undefined,
): Figure[] {
  const terms = (dimension: Dimension, weight: number): Term[] => {
    const items = itemsOf(dimension);
    return items.map((name) => ({ item: item(name), coefficient: weight / items.length }));
  };
  const overall = (name: string, weights: Importance): Figure => {
    const all = NAMES.flatMap((dimension) => terms(dimension, weights[dimension] / totalOf(weights)));
    return figureOf(sums, name, all, bounds);
  };
  return [
    ...NAMES.map((dimension) => figureOf(sums, `${metric}-${dimension}`, terms(dimension, 1), bounds)),
    overall(metric, EQUAL),
    ...(importance === undefined || totalOf(importance) <= 0 ? [] : [overall(`${metric}-weighted`, importance)]),
  ];
}

const totalOf = (weights: Importance): number => NAMES.reduce((sum, dimension) => sum + weights[dimension], 0);
const EQUAL: Importance = { tangibles: 1, reliability: 1, responsiveness: 1, assurance: 1, empathy: 1 };

function figureOf(sums: CrossSums, metric: string, terms: readonly Term[], [low, high]: Bounds): Figure {
  const { n, value, interval } = compositeOf(sums, terms);
  return {
    metric,
    n,
    numerator: null,
    denominator: null,
    value,
    interval: interval === null ? null : [Math.max(low, interval[0]), Math.min(high, interval[1])],
  };
}
