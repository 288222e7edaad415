// What a manager reads of one period: how many, why, who must act. Pure.
import type { EventData } from "../words/events.ts";
import { backgroundFigures } from "./background.ts";
import type { Counts } from "./counts.ts";
import { type Driver, driversOf } from "./drivers.ts";
import { durationFigures } from "./durations.ts";
import { type Questionnaire, questionnaireFigures } from "./questionnaires.ts";
import { queueFigures } from "./queue.ts";
import { itemOf } from "./runs.ts";
import { csatOf, dissatisfiedOf, type Figure, mean, meanOf, npsOf, share } from "./scales.ts";
import { type Hour, type SilenceLift, silenceLifts } from "./silence.ts";
import type { TouchpointTally } from "./tally.ts";
import { addOne } from "./tree.ts";
import { tradeFigures, visitorsOf } from "./visits.ts";
import { workloadFigures } from "./workload.ts";

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
  /** Named metrics of each questionnaire, version by version. */
  readonly surveys: readonly SurveyReport[];
  /** Most often named first. */
  readonly reasons: readonly (Figure & { readonly reason: string })[];
  /** What goes with bad ratings, the surest first. */
  readonly drivers: readonly Driver[];
  /** Of periods up to a month: reasons named in hours in which more customers say nothing. */
  readonly silence: readonly SilenceLift[];
  readonly alerts: { readonly open: readonly EventData["alert"][]; readonly figures: readonly Figure[] };
  /** Presses that were judged not to be what they seem, and left out. */
  readonly judged: number;
  /** Ratings left out because of a flag: of a button that is unwell, while nobody was served, or out of hours. */
  readonly flagged: number;
}

export interface SurveyReport {
  readonly survey: string;
  readonly version: number;
  readonly figures: readonly Figure[];
}

export interface ReportSettings {
  /** Answers below which nothing is told: of a shift or person; 0 for a touchpoint as a whole. */
  readonly k?: number;
  /** Only this question. */
  readonly question?: string;
  /** The questionnaires as they are configured; of others only the questions are told. */
  readonly questionnaires?: readonly Questionnaire[];
  /** Hours of the period at this touchpoint, where they are known one by one. */
  readonly hours?: Iterable<Hour>;
}

export function reportOf(place: TouchpointTally, settings: ReportSettings = {}): TouchpointReport {
  const { k = 0, question, questionnaires = [], hours = [] } = settings;
  const questions = questionsOf(place, k).filter((one) => question === undefined || one.question === question);
  const named: Record<string, number> = {};
  for (const [of, reasons] of Object.entries(place.reasons))
    if (question === undefined || question === of)
      for (const [reason, count] of Object.entries(reasons)) addOne(named, reason, count);
  const all = Object.values(named).reduce((sum, count) => sum + count, 0);
  const told = place.responses >= k;
  return {
    touchpoint: place.touchpoint,
    questions,
    figures: told ? figuresOf(place) : [],
    surveys: surveysOf(place, questionnaires, k),
    reasons: told
      ? Object.entries(named)
          .map(([reason, count]) => ({ reason, ...share("reason", count, all) }))
          .sort((a, b) => (b.numerator ?? 0) - (a.numerator ?? 0) || a.reason.localeCompare(b.reason))
      : [],
    // Of a person nothing is said that rests on a part of few answers.
    drivers: k === 0 ? driversOf(place.drivers) : [],
    silence: k === 0 ? silenceLifts(hours) : [],
    alerts: { open: place.open, figures: alertFigures(place) },
    judged: place.judged,
    flagged: place.flagged,
  };
}

/** What is told of a window beside its questions, without what rests on nothing. */
export function figuresOf(counts: Counts): Figure[] {
  const { contacts, services, sales, activities, ratings } = counts;
  const episodes = contacts.answered + contacts.silent;
  const trade = tradeFigures({
    visitors: Object.keys(counts.visits).length === 0 ? null : visitorsOf(counts.visits),
    contacts: episodes === 0 ? null : episodes,
    sales: sales.count === 0 ? null : sales.count,
    attempts: activities.attempts === 0 ? null : { all: activities.attempts, sales: activities.sales },
  });
  return [
    responseRate(counts),
    share("silent-share", contacts.silent, episodes, "contacts"),
    // Where nobody is met by a camera, no press could be matched.
    share(
      "unmatched-presses",
      ratings.unmatched,
      episodes + contacts.cut === 0 ? 0 : ratings.matched + ratings.unmatched,
      "answers",
    ),
    // Money of two currencies has no mean.
    ...Object.entries(sales.amounts).map(([currency, sum]) =>
      mean(["average-ticket", currency].filter(Boolean).join("-"), sum),
    ),
    mean("items-per-sale", sales.items),
    mean("time-selling-s", activities.selling),
    ...trade,
    share("services-rated", services.rated, services.closed, "services"),
    ...durationFigures("dwell", counts.dwell),
    ...queueFigures(counts.queue),
    ...workloadFigures(counts.workload),
    ...backgroundFigures(counts.background),
  ].filter(({ n }) => n > 0);
}

/** Of every version that is configured and was walked through. */
export function surveysOf({ runs }: Counts, questionnaires: readonly Questionnaire[], k: number): SurveyReport[] {
  return questionnaires
    .map((questionnaire) => ({
      survey: questionnaire.id,
      version: questionnaire.version,
      figures: questionnaireFigures(runs, questionnaire).filter(({ n }) => n > 0 && n >= k),
    }))
    .filter(({ figures }) => figures.length > 0);
}

export function alertFigures({ alerts }: Counts): Figure[] {
  return [mean("time-to-react-s", alerts.reacted), mean("time-to-resolve-s", alerts.resolved)].filter(({ n }) => n > 0);
}

/** By question and version, in the order of their names. */
export function questionsOf({ scales }: Counts, k: number): QuestionReport[] {
  return Object.entries(scales)
    .map(([key, histogram]) => questionReport({ ...itemOf(key), histogram }, k))
    .sort((a, b) => a.question.localeCompare(b.question) || a.version - b.version || a.max - b.max || a.min - b.min);
}

function questionReport(scale: Omit<QuestionReport, "figures">, k: number): QuestionReport {
  const nps = npsOf(scale);
  const figures = [meanOf(scale), csatOf(scale), dissatisfiedOf(scale), ...(nps === undefined ? [] : [nps])];
  const told = (figures[0]?.n ?? 0) >= k;
  return { ...scale, histogram: told ? scale.histogram : {}, figures: told ? figures : [] };
}

/**
 * Customers who answered, of those served. The denominator is transactions, else service windows, else episodes, and is
 * named; of sales those count that a press or answer names. Where answers came and none names a sale, nobody can say.
 */
export function responseRate({ sales, services, contacts, responses }: Counts): Figure {
  if (sales.count === 0)
    return services.closed > 0
      ? share("response-rate", services.rated, services.closed, "services")
      : share("response-rate", contacts.answered, contacts.answered + contacts.silent, "contacts");
  const rate = share("response-rate", sales.named, sales.count, "transactions");
  return responses > 0 && sales.named === 0 ? { ...rate, value: null, interval: null } : rate;
}
