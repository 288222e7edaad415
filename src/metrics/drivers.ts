// What drives the rating: which reasons go with bad ratings, among those who were asked why. Pure.
import { meanDifference, shareDifference } from "./intervals.ts";
import { type Item, itemKey } from "./runs.ts";
import { type Figure, isDissatisfied, share } from "./scales.ts";
import { branchOf } from "./tree.ts";

/** Ratings: how many, how many of them bad, and sums of their values. */
export interface Rated {
  n: number;
  bad: number;
  sum: number;
  squares: number;
}

/** Ratings whose customer answered one question why. */
export interface Reasons {
  readonly all: Rated;
  /** Reason → those who named it. */
  readonly named: Record<string, Rated>;
}

/** Rated question, as `itemKey` → question why → counts. */
export type Drivers = Record<string, Record<string, Reasons>>;

/** A rating, and what its customer said to one question why. */
export interface Explained extends Item {
  readonly value: number;
  /** Id of the question why; of a reason button without one, that of the rated question. */
  readonly why: string;
  /** What was chosen; without any it is not an answer and not counted. */
  readonly reasons: readonly string[];
}

/** Counts one rating with all the reasons that its customer named, once. */
export function countExplained(into: Drivers, rating: Explained): void {
  if (rating.reasons.length === 0) return;
  const why = branchOf(into, itemKey(rating), () => ({}));
  const counts = branchOf(why, rating.why, () => ({ all: nothingRated(), named: {} }));
  addRating(counts.all, rating);
  for (const reason of new Set(rating.reasons)) addRating(branchOf(counts.named, reason, nothingRated), rating);
}

const nothingRated = (): Rated => ({ n: 0, bad: 0, sum: 0, squares: 0 });

function addRating(into: Rated, rating: Explained): void {
  into.n += 1;
  if (isBad(rating)) into.bad += 1;
  into.sum += rating.value;
  into.squares += rating.value ** 2;
}

/** On 0 to 10 a detractor's rating, 0 to 6; on any other scale one that `dissatisfied` counts. */
function isBad({ value, min, max }: Explained): boolean {
  return min === 0 && max === 10 ? value <= 6 : isDissatisfied(value, { min, max });
}

export interface Driver {
  /** Rated question, as `itemKey`. */
  readonly rated: string;
  readonly why: string;
  readonly reason: string;
  /** `reason-share`: those who named it, of those who answered why. */
  readonly share: Figure;
  /** `bad-lift`: share of bad ratings of those who named it, less that of the others who answered why. */
  readonly badLift: Figure;
  /** `mean-lift`: their mean rating, less that of the others. Below zero: it goes with worse ratings. */
  readonly meanLift: Figure;
  /** How many reasons were compared: of 20 without any effect about one has an interval that leaves out zero. */
  readonly compared: number;
}

/**
 * Every reason with its lift, first those whose lift on bad ratings is surely farthest from zero, then those whose lift on
 * the mean is, then the most often named.
 *
 * Compared are only customers who answered the same question why. Who was not asked named no reason: where that is asked
 * after bad ratings only, every reason would seem to drive them. So where all who answered rated badly, or none did,
 * `bad-lift` is null, and the lift on the mean remains.
 *
 * A lift is no cause: reasons go along with each other, and with the hour. Interval of the shares' difference by R. G.
 * Newcombe (`shareDifference`), of the means' by B. L. Welch (`meanDifference`).
 */
export function driversOf(drivers: Drivers): Driver[] {
  return Object.entries(drivers)
    .flatMap(([rated, whys]) =>
      Object.entries(whys).flatMap(([why, { all, named }]) =>
        Object.entries(named).map(([reason, those]) => ({
          rated,
          why,
          reason,
          share: share("reason-share", those.n, all.n),
          ...liftsOf(those, all),
          compared: Object.keys(named).length,
        })),
      ),
    )
    .sort(
      (a, b) =>
        fromZero(b.badLift) - fromZero(a.badLift) ||
        fromZero(b.meanLift) - fromZero(a.meanLift) ||
        (b.share.numerator ?? 0) - (a.share.numerator ?? 0) ||
        a.reason.localeCompare(b.reason),
    );
}

function liftsOf(those: Rated, all: Rated): { badLift: Figure; meanLift: Figure } {
  const others: Rated = {
    n: all.n - those.n,
    bad: all.bad - those.bad,
    sum: all.sum - those.sum,
    squares: all.squares - those.squares,
  };
  const figure = (metric: string): Figure => ({
    metric,
    n: all.n,
    numerator: null,
    denominator: null,
    value: null,
    interval: null,
  });
  const both = those.n > 0 && others.n > 0;
  const contrast = both && all.bad > 0 && all.bad < all.n;
  return {
    badLift: contrast
      ? {
          ...figure("bad-lift"),
          value: those.bad / those.n - others.bad / others.n,
          interval: shareDifference(those.bad, those.n, others.bad, others.n),
        }
      : figure("bad-lift"),
    meanLift: both
      ? {
          ...figure("mean-lift"),
          value: those.sum / those.n - others.sum / others.n,
          interval: meanDifference(those, others),
        }
      : figure("mean-lift"),
  };
}

/** Distance from zero that is sure; 0 where the interval holds zero or there is none. */
function fromZero({ interval }: Figure): number {
  return interval === null ? 0 : Math.max(0, interval[0], -interval[1]);
}
