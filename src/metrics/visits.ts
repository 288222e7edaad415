// Who came in by the door, what part of them bought, and what part a seller spoke to. Pure.
import { type Figure, ratio } from "./scales.ts";
import { addOne, branchOf } from "./tree.ts";

/** Line → direction → how often it was crossed. */
export type Visits = Record<string, { in: number; out: number }>;

/** Counts one crossing. */
export function countVisit(into: Visits, { line, direction }: { line: string; direction: "in" | "out" }): void {
  addOne(
    branchOf(into, line, () => ({ in: 0, out: 0 })),
    direction,
  );
}

/** Those who came in, over all lines; who comes in again counts again. */
export function visitorsOf(visits: Visits): number {
  return Object.values(visits).reduce((sum, line) => sum + line.in, 0);
}

/**
 * Counts of what came to pass where the visitors came in. Each is of the same touchpoints and the same time.
 */
export interface Trade {
  /** null where no door is counted. */
  readonly visitors: number | null;
  /** Episodes at the touchpoint, `answered` and `silent`; null where no camera looks. */
  readonly contacts: number | null;
  /** null where no till says. */
  readonly sales: number | null;
  /** Attempts to sell, and those that ended in a sale; null where no seller's button is. */
  readonly attempts: { readonly all: number; readonly sales: number } | null;
}

/**
 * `visitors`: a count, whose error is the counter's own and is measured by `vision audit`; so it has no interval here.
 * `conversion`: sales ÷ visitors. `coverage-visitors`, `coverage-contacts`: attempts ÷ those that could have been spoken
 * to. `sales-per-attempt`: sales ÷ attempts. Sources disagree which of the last three is meant by "coverage" or
 * "activity", so each has both its counts and its own name. Where there is more than one to each, no interval is given:
 * then it is no share.
 */
export function tradeFigures({ visitors, contacts, sales, attempts }: Trade): Figure[] {
  const figures: Figure[] = [];
  if (visitors !== null)
    figures.push({
      metric: "visitors",
      n: visitors,
      numerator: visitors,
      denominator: null,
      value: visitors,
      interval: null,
    });
  if (visitors !== null && sales !== null) figures.push(ratio("conversion", sales, visitors, "visitors"));
  if (attempts === null) return figures;
  if (visitors !== null) figures.push(ratio("coverage-visitors", attempts.all, visitors, "visitors"));
  if (contacts !== null) figures.push(ratio("coverage-contacts", attempts.all, contacts, "contacts"));
  figures.push(ratio("sales-per-attempt", attempts.sales, attempts.all));
  return figures;
}
