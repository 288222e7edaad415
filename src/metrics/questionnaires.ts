// Named metrics of a questionnaire: known by its template and by the ids and scales of its questions, never guessed. Pure.

import { compositeOf } from "./composite.ts";
import { pairedShareDifference } from "./intervals.ts";
import { choiceKey, emptyRunCounts, type Item, itemKey, type RunCounts, type Runs, runsKey } from "./runs.ts";
import { csatOf, type Figure, meanOf, type Scale, share } from "./scales.ts";
import { type Importance, servperfFigures, servqualFigures } from "./service-quality.ts";

/** What the configuration says of a questionnaire. */
export interface Questionnaire {
  readonly id: string;
  readonly version: number;
  /** The ready one that it was taken from, if any. */
  readonly template?: string | undefined;
  readonly questions: readonly {
    readonly id: string;
    readonly version: number;
    readonly kind: string;
    readonly min?: number;
    readonly max?: number;
    readonly weight?: number | undefined;
  }[];
  /** What each dimension of SERVQUAL weighs to the customers, in any unit; without it there are unweighted figures only. */
  readonly importance?: Importance | undefined;
}

/** Every figure that this version of the questionnaire is meant for; with n = 0 where nobody answered. */
export function questionnaireFigures(runs: Runs, questionnaire: Questionnaire): Figure[] {
  const key = runsKey(questionnaire.id, questionnaire.version);
  const counts = (Object.hasOwn(runs, key) ? runs[key] : undefined) ?? emptyRunCounts();
  const ended = share("survey-finished", counts.finished, counts.finished + counts.abandoned);
  return [ended, ...csiOf(counts, questionnaire), ...ofTemplate(counts, questionnaire)];
}

function ofTemplate(counts: RunCounts, { template, importance }: Questionnaire): Figure[] {
  switch (template) {
    case "womi":
      return womiOf(counts);
    case "ces1":
      return [renamed("ces1-mean", meanOf(EFFORT(counts)))];
    case "ces2":
      return ces2Of(counts);
    case "goal-effort-emotion":
      return goalEffortEmotionOf(counts);
    case "servqual":
      return servqualFigures(counts, importance);
    case "servperf":
      return servperfFigures(counts, importance);
    default:
      return [];
  }
}

/**
 * Customer satisfaction index, 0 to 100: each item's mean as a part of its scale, weighted. The form is that of
 * N. Hill and J. Alexander, The Handbook of Customer Satisfaction and Loyalty Measurement, Gower, 2006; items and weights
 * are those of the questionnaire. It is not the ACSI, whose weights come of a model and are another's.
 *
 *     100 · Σ wᵢ·(m̄ᵢ − minᵢ)/(maxᵢ − minᵢ) / Σ wᵢ
 *
 * @returns nothing where no question has a weight
 */
function csiOf(counts: RunCounts, { questions }: Questionnaire): Figure[] {
  const weighted = questions.flatMap(({ id, version, kind, min, max, weight = 0 }) =>
    kind === "scale" && min !== undefined && max !== undefined && max > min && weight > 0
      ? [{ item: { question: id, version, min, max }, weight }]
      : [],
  );
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return [];
  const part = ({ item, weight }: (typeof weighted)[number]): number => (100 * weight) / total / (item.max - item.min);
  const lowest = weighted.reduce((sum, one) => sum + part(one) * one.item.min, 0);
  const terms = weighted.map((one) => ({ item: itemKey(one.item), coefficient: part(one) }));
  const { n, value, interval } = compositeOf(counts.cross, terms);
  return [
    {
      metric: "csi",
      n,
      numerator: null,
      denominator: null,
      value: value === null ? null : value - lowest,
      interval: interval === null ? null : [Math.max(0, interval[0] - lowest), Math.min(100, interval[1] - lowest)],
    },
  ];
}

/**
 * Word of mouth index, −100 to 100: customers of 9 and 10 at "recommend" less those of 9 and 10 at "discourage", of all
 * who answered both on 1 to 10, times 100. Source: L. Freed, Innovating Analytics, Wiley, 2013.
 */
function womiOf({ wordOfMouth: { answered, recommend, discourage, both } }: RunCounts): Figure[] {
  const interval = pairedShareDifference(recommend, discourage, answered);
  return [
    {
      metric: "womi",
      n: answered,
      numerator: recommend - discourage,
      denominator: answered,
      value: answered === 0 ? null : (100 * (recommend - discourage)) / answered,
      interval: interval === null ? null : [100 * interval[0], 100 * interval[1]],
    },
    share("womi-recommend", recommend + both, answered),
    share("womi-discourage", discourage + both, answered),
  ];
}

/** A question of a template: those are all of version 1. */
function asked(counts: RunCounts, question: string, min: number, max: number): Scale {
  const key = itemKey({ question, version: 1, min, max } satisfies Item);
  return { min, max, histogram: (Object.hasOwn(counts.scales, key) ? counts.scales[key] : undefined) ?? {} };
}

/** 1 to 5, where 5 is most effort. Source: M. Dixon, K. Freeman, N. Toman, Harvard Business Review 88 (2010) 116–122. */
const EFFORT = (counts: RunCounts): Scale => asked(counts, "effort", 1, 5);

/**
 * Version 2 of the effort score: agreement from 1 to 7 that it was easy, as the share of 5 to 7 and as mean. Higher is
 * better, unlike version 1. Source: M. Dixon, N. Toman, R. DeLisi, The Effortless Experience, Portfolio, 2013.
 */
function ces2Of(counts: RunCounts): Figure[] {
  const easy = asked(counts, "easy", 1, 7);
  const figure = meanOf(easy);
  const agreed = [5, 6, 7].reduce((sum, value) => sum + (easy.histogram[value] ?? 0), 0);
  return [share("ces2-easy", agreed, figure.n), renamed("ces2-mean", figure)];
}

/**
 * Was the goal reached, at what effort, with what feeling. Source of the three parts: B. D. Temkin, Temkin Experience
 * Ratings, 2011, there named functional, accessible and emotional; later success, effort and emotion. The figures are ours.
 */
function goalEffortEmotionOf(counts: RunCounts): Figure[] {
  const key = choiceKey("goal", 1);
  const goal = (Object.hasOwn(counts.choices, key) ? counts.choices[key] : undefined) ?? { answered: 0, options: {} };
  return [
    share("goal-reached", goal.options.yes ?? 0, goal.answered),
    share("goal-partly", goal.options.partly ?? 0, goal.answered),
    renamed("effort-mean", meanOf(EFFORT(counts))),
    renamed("emotion-top-box", csatOf(asked(counts, "emotion", 1, 5))),
  ];
}

function renamed(metric: string, figure: Figure): Figure {
  return { ...figure, metric };
}
