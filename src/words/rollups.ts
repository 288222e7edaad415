// Event data of what is reckoned from other events: rollups of a window, and how much of it was covered.
import { z } from "zod";
import { instant } from "./instant.ts";

/** What a rollup sums up. */
export const ROLLUP_WINDOWS = ["15m", "hour", "day", "shift"] as const;
export type RollupWindow = (typeof ROLLUP_WINDOWS)[number];

/** How a customer looked while somebody rated, by mean valence; coarse, so that cells are large. */
export const FEELINGS = ["pleasant", "neutral", "unpleasant"] as const;
export type Feeling = (typeof FEELINGS)[number];

/** An edge of a window: unlike an instant it does not move when a clock is repaired; what lies in the window does. */
const edge = z.iso.datetime({ precision: 3 });

/**
 * Figures of a window at a touchpoint: of one question, or of all that happened there. The highest `rev` of a `key` is what
 * holds. Windows are merged by adding histograms, sums, numerators and denominators, never values or intervals.
 */
export const RollupData = z.object({
  key: z.string().describe("window, its start, touchpoint and what is summed up"),
  rev: z.int().min(1),
  window: z.enum(ROLLUP_WINDOWS),
  date: z.iso.date().describe("the day it belongs to, on the shop's own clock"),
  start: edge.describe("UTC; belongs to the window"),
  end: edge.describe("UTC; no longer belongs to it"),
  shift: z.string().optional().describe("id of the shift; what a camera said is never in it"),
  staff: z.string().optional(),
  survey: z.string().optional().describe("id of the questionnaire whose named metric it is"),
  surveyVersion: z.int().min(1).optional(),
  question: z.string().optional(),
  questionVersion: z.int().min(1).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  metric: z.string().describe("what `value` is: see docs/metrics.md"),
  n: z.int().min(0).describe("cases the value rests on"),
  histogram: z.record(z.string(), z.int().min(0)).optional().describe("value on the scale → how often"),
  cells: z
    .record(z.string(), z.partialRecord(z.enum(FEELINGS), z.int().min(1)))
    .optional()
    .describe(
      "of `rating-by-expression`: value → how its customers looked → how many; told only where every cell is large enough",
    ),
  sum: z.number().optional().describe("of the values, where the metric is a mean or a scale's"),
  sumSquares: z.number().optional().describe("of their squares"),
  numerator: z.number().nullable(),
  denominator: z.number().nullable(),
  source: z.string().optional().describe("what the denominator counts, where several could be meant"),
  value: z.number().nullable().describe("null where n is 0, or where nobody can say"),
  interval: z.tuple([z.number(), z.number()]).nullable().describe("95 %; null where there is none"),
  coverage: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe("share of the window in which the agent ran, or the camera looked where it rests on one; null: unknown"),
});
export type RollupData = z.infer<typeof RollupData>;

/** How long of a quarter-hour the agent ran and a camera looked: what was not seen there was perhaps not looked at. */
export const CoverageData = z.object({
  start: instant.describe("UTC; of the part of a quarter-hour that is meant"),
  end: instant,
  runningMs: z.int().min(0),
  cameraMs: z.int().min(0).optional().describe("absent where the touchpoint has no camera"),
});
