// What a manager reads of one period: how many, why, who must act. Pure.
import type { EventData } from "../words/events.ts";
import { addTo, csatOf, dissatisfiedOf, type Figure, mean, meanOf, NOTHING_SUMMED, npsOf, share } from "./scales.ts";
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
  /** Ratings left out because of a flag: of a button that is unwell, while nobody was served, or out of hours. */
  readonly flagged: number;
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
      responseRate(place),
      share("silent-share", contacts.silent, episodes, "contacts"),
      // Where nobody is met by a camera, no press could be matched.
      share("unmatched-presses", place.unmatched, episodes + contacts.cut === 0 ? 0 : ratings, "answers"),
      // Money of two currencies has no mean.
      ...[...sales.amounts].map(([currency, sum]) => mean(["average-ticket", currency].filter(Boolean).join("-"), sum)),
      mean("items-per-sale", sales.items),
      mean("time-selling-s", activities.selling),
      share("sales-per-attempt", activities.sales, activities.attempts),
      share("services-rated", services.rated, services.closed, "services"),
    ].filter(({ n }) => n > 0),
    reasons: [...place.reasons]
      .map(([reason, count]) => ({ reason, ...share("reason", count, named) }))
      .sort((a, b) => (b.numerator ?? 0) - (a.numerator ?? 0) || a.reason.localeCompare(b.reason)),
    alerts: {
      open: [...place.alerts.values()].filter(({ state }) => state !== "resolved"),
      figures: [
        duration("time-to-react", place.reactedMs.values()),
        duration("time-to-resolve", place.resolvedMs.values()),
      ].filter(({ n }) => n > 0),
    },
    judged: place.judged,
    flagged: place.flagged,
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
 * Customers who answered, of those served. The denominator is transactions, else service windows, else episodes, and is
 * named; of sales those count that a press or answer names. Where answers came and none names a sale, nobody can say.
 */
function responseRate({ sales, services, contacts, responses }: TouchpointTally): Figure {
  if (sales.count === 0)
    return services.closed > 0
      ? share("response-rate", services.rated, services.closed, "services")
      : share("response-rate", contacts.answered, contacts.answered + contacts.silent, "contacts");
  const rate = share("response-rate", sales.named, sales.count, "transactions");
  return responses > 0 && sales.named === 0 ? { ...rate, value: null, interval: null } : rate;
}

/** Seconds. */
function duration(metric: string, ms: Iterable<number>): Figure {
  const seconds = { ...NOTHING_SUMMED };
  for (const one of ms) addTo(seconds, one / 1000);
  return mean(`${metric}-s`, seconds);
}
