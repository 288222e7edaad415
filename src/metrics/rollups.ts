// What is told of one window at one touchpoint: a rollup for each question, and one for each other figure. Pure.

import type { Span } from "../touchpoint/calendar.ts";
import type { RollupData, RollupWindow } from "../words/rollups.ts";
import type { Counts } from "./counts.ts";
import type { Questionnaire } from "./questionnaires.ts";
import { alertFigures, figuresOf, questionsOf, surveysOf } from "./report.ts";
import { csatOf, type Figure, npsOf } from "./scales.ts";

/** A window of one touchpoint. */
export interface WindowPlace extends Span {
  readonly window: RollupWindow;
  readonly date: string;
  readonly touchpoint: string;
  readonly shift?: string;
  readonly staff?: string;
}

/** A rollup without its `rev`. */
export type RollupContent = Omit<RollupData, "rev">;

/** Told of short windows; of days and shifts every figure is. */
const OF_SHORT_WINDOWS = new Set(["response-rate", "silent-share"]);
const FROM_CAMERA = new Set([
  "silent-share",
  "unmatched-presses",
  "dwell-s",
  "dwell-median-s",
  "dwell-p90-s",
  "emotional-background",
  "smile-index",
  "background-coverage",
  "visitors",
  "queue-wait-s",
  "queue-length",
  "queue-gave-up",
  "queue-waits-lost",
]);

export interface RollupRules {
  /** Answers below which nothing is told of a shift. */
  readonly leastPerShift: number;
  /** As they are configured. */
  readonly questionnaires: readonly Questionnaire[];
}

export function rollupsOf(
  counts: Counts,
  place: WindowPlace,
  { leastPerShift, questionnaires }: RollupRules,
): RollupContent[] {
  const k = place.window === "shift" ? leastPerShift : 0;
  if (counts.responses < k) return [];
  const isShort = place.window === "15m" || place.window === "hour";
  const figures = [...figuresOf(counts), ...alertFigures(counts)].filter(
    ({ metric }) => !isShort || OF_SHORT_WINDOWS.has(metric),
  );
  const questions = questionsOf(counts, k).flatMap((scale): RollupContent[] => {
    if (scale.figures.length === 0) return [];
    const { question, version, min, max, histogram } = scale;
    const figure = npsOf(scale) ?? csatOf(scale);
    const values = Object.entries(histogram).map(([value, n]) => [Number(value), n] as const);
    return [
      {
        ...told(figure, counts, place, `${question}@${version}/${min}-${max}`),
        question,
        questionVersion: version,
        min,
        max,
        histogram: { ...histogram },
        sum: values.reduce((sum, [value, n]) => sum + value * n, 0),
        sumSquares: values.reduce((sum, [value, n]) => sum + value ** 2 * n, 0),
      },
    ];
  });
  const surveys = isShort
    ? []
    : surveysOf(counts, questionnaires, k).flatMap(({ survey, version, figures: of }) =>
        of.map((figure) => ({
          ...told(figure, counts, place, `${survey}@${version} ${figure.metric}`),
          survey,
          surveyVersion: version,
        })),
      );
  return [...questions, ...figures.map((figure) => told(figure, counts, place, figure.metric)), ...surveys];
}

function told(figure: Figure, counts: Counts, place: WindowPlace, subject: string): RollupContent {
  const { window, date, touchpoint, shift, staff, fromMs, toMs } = place;
  const { metric, n, numerator, denominator, source, sumSquares, value, interval } = figure;
  const start = new Date(fromMs).toISOString();
  return {
    key: [window, shift ?? start, touchpoint, subject].join(" "),
    window,
    date,
    start,
    end: new Date(toMs).toISOString(),
    ...(shift === undefined ? {} : { shift }),
    ...(staff === undefined ? {} : { staff }),
    metric,
    n,
    ...(sumSquares === undefined ? {} : { sum: numerator ?? 0, sumSquares }),
    numerator,
    denominator,
    ...(source === undefined ? {} : { source }),
    value,
    interval: interval === null ? null : [interval[0], interval[1]],
    coverage:
      window === "shift"
        ? null
        : coverageOf(counts, place, FROM_CAMERA.has(metric) || source === "contacts" || source === "visitors"),
  };
}

/** Share of the window that was seen; null where nobody said: in journals of older versions. */
export function coverageOf({ covered }: Counts, { fromMs, toMs }: Span, byCamera: boolean): number | null {
  if (covered.running === 0) return null;
  return Math.min(1, (byCamera ? covered.camera : covered.running) / (toMs - fromMs));
}
