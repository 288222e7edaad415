// What a manager reads of one period: how many, why, who must act. Pure.
import type { EventData } from "../words/events.ts";
import { meanInterval } from "./intervals.ts";
import { csatOf, dissatisfiedOf, type Figure, meanOf, npsOf, share } from "./scales.ts";
import type { QuestionTally, TouchpointTally } from "./tally.ts";

export interface QuestionReport {
  readonly question: string;
  readonly version: number;
  readonly min: number;
  readonly max: number;
  readonly histogram: Readonly<Record<string, number>>;
  /** Empty where there are fewer answers than may be told. */
  readonly figures: readonly Figure[];
}

export interface TouchpointReport {
  readonly touchpoint: string;
  readonly questions: readonly QuestionReport[];
  readonly figures: readonly Figure[];
  /** Most often named first. */
  readonly reasons: readonly (Figure & { readonly reason: string })[];
  readonly alerts: { readonly open: readonly EventData["alert"][]; readonly figures: readonly Figure[] };
  /** Presses that were judged not to be what they seem, and left out. */
  readonly judged: number;
}

/** @param k answers below which nothing is told of a shift or person; 1 for touchpoints as a whole */
export function reportOf(place: TouchpointTally, k = 1): TouchpointReport {
  const named = [...place.reasons.values()].reduce((sum, count) => sum + count, 0);
  const { contacts, services, sales, activities } = place;
  const ratings = place.matched + place.unmatched;
  const episodes = contacts.answered + contacts.silent;
  return {
    touchpoint: place.touchpoint,
    questions: [...place.questions.values()].map((question) => questionReport(question, k)),
    figures: [
      responseRate(place, ratings),
      share("silent-share", contacts.silent, episodes, "contacts"),
      // Where nobody is met by a camera, no press could be matched.
      share("unmatched-presses", place.unmatched, episodes + contacts.cut === 0 ? 0 : ratings, "answers"),
      averageTicket(sales),
      share("sales-per-attempt", activities.sales, activities.attempts),
      share("services-rated", services.rated, services.closed, "services"),
    ].filter(({ n }) => n > 0),
    reasons: [...place.reasons]
      .map(([reason, count]) => ({ reason, ...share("reason", count, named) }))
      .sort((a, b) => (b.numerator ?? 0) - (a.numerator ?? 0) || a.reason.localeCompare(b.reason)),
    alerts: {
      open: [...place.alerts.values()].filter(({ state }) => state !== "resolved"),
      figures: [
        duration("time-to-react", [...place.reactedMs.values()]),
        duration("time-to-resolve", [...place.resolvedMs.values()]),
      ].filter(({ n }) => n > 0),
    },
    judged: place.judged,
  };
}

function questionReport(scale: QuestionTally, k: number): QuestionReport {
  const { question, version, min, max, histogram } = scale;
  const nps = npsOf(scale);
  const figures = [meanOf(scale), csatOf(scale), dissatisfiedOf(scale), ...(nps === undefined ? [] : [nps])];
  const told = (figures[0]?.n ?? 0) >= k;
  return { question, version, min, max, histogram: told ? histogram : {}, figures: told ? figures : [] };
}

/**
 * Ratings per customer served. The denominator is transactions, else service windows, else episodes, and is named. Ratings
 * beyond the denominator are no rate of anything: then there is no value.
 */
function responseRate({ sales, services, contacts }: TouchpointTally, ratings: number): Figure {
  const episodes = contacts.answered + contacts.silent;
  const [source, numerator, served] =
    sales.count > 0
      ? (["transactions", ratings, sales.count] as const)
      : services.closed > 0
        ? (["services", services.rated, services.closed] as const)
        : (["contacts", contacts.answered, episodes] as const);
  if (numerator <= served) return share("response-rate", numerator, served, source);
  return { metric: "response-rate", n: served, numerator, denominator: served, source, value: null, interval: null };
}

function averageTicket({ withAmount, amount, squares }: TouchpointTally["sales"]): Figure {
  return {
    metric: "average-ticket",
    n: withAmount,
    numerator: amount,
    denominator: withAmount,
    value: withAmount === 0 ? null : amount / withAmount,
    interval: meanInterval(withAmount, amount, squares),
  };
}

/** Seconds. */
function duration(metric: string, ms: readonly number[]): Figure {
  const seconds = ms.map((one) => one / 1000);
  const sum = seconds.reduce((all, one) => all + one, 0);
  const squares = seconds.reduce((all, one) => all + one ** 2, 0);
  const n = seconds.length;
  return {
    metric: `${metric}-s`,
    n,
    numerator: sum,
    denominator: n,
    value: n === 0 ? null : sum / n,
    interval: meanInterval(n, sum, squares),
  };
}
