// Decodes a classifier of age bands and sexes, as an operator may bring one: one tensor, the two groups in it in a row.
import { z } from "zod";
import { AgeBand, SEXES, type Sex } from "../../words/events.ts";
import { type TensorSpec, tensorName } from "./tensor.ts";

const distinct = (names: readonly string[]): boolean => new Set(names).size === names.length;

export const DemographicsOutput = z
  .strictObject({
    decoder: z.literal("demographics").describe("a number for each of `ages`, then one for each of `sexes`"),
    name: tensorName,
    ages: z
      .array(AgeBand)
      .min(2)
      .max(20)
      .refine(distinct, "a band stands there twice")
      .optional()
      .describe("bands of years, in the model's order; absent: it knows none"),
    sexes: z
      .array(z.enum(SEXES))
      .length(SEXES.length)
      .refine(distinct, "a sex stands there twice")
      .optional()
      .describe("in the model's order; absent: it knows none"),
    activation: z
      .enum(["none", "softmax"])
      .default("none")
      .describe("none: the numbers are probabilities; softmax: they are logits, each group for itself"),
  })
  .refine(({ ages, sexes }) => ages !== undefined || sexes !== undefined, "neither ages nor sexes");
export type DemographicsOutput = z.infer<typeof DemographicsOutput>;

/** Probabilities, 0..1; those of each group sum to 1. A group that the model does not know is absent. */
export interface Demographics {
  readonly ages?: Record<string, number>;
  readonly sexes?: Record<Sex, number>;
}

export function demographicsTensors(output: DemographicsOutput): TensorSpec[] {
  const { ages = [], sexes = [], name, activation } = output;
  return [{ name, shape: [ages.length + sexes.length], isShare: () => activation === "none" }];
}

/** How many numbers of the tensor belong to each group, in order: each group's shares sum to 1. */
export function groupSizes({ ages = [], sexes = [] }: DemographicsOutput): number[] {
  return [ages.length, sexes.length].filter((size) => size > 0);
}

/** @param values as many finite numbers as there are ages and sexes; each group is scaled to sum to 1 by itself */
export function decodeDemographics(values: Float32Array, output: DemographicsOutput): Demographics {
  const { ages, sexes, activation } = output;
  const shares = activation === "softmax" ? softmax : rescaled;
  const group = (names: readonly string[], from: number): Record<string, number> => {
    const of = shares(names.map((_, i) => values[from + i] ?? 0));
    return Object.fromEntries(names.map((name, i) => [name, of[i] ?? 0]));
  };
  return {
    ...(ages === undefined ? {} : { ages: group(ages, 0) }),
    ...(sexes === undefined ? {} : { sexes: group(sexes, ages?.length ?? 0) as Record<Sex, number> }),
  };
}

/** The greatest is taken off first, so that no power is too large for a number. */
function softmax(logits: readonly number[]): number[] {
  const greatest = Math.max(...logits);
  return rescaled(logits.map((logit) => Math.exp(logit - greatest)));
}

/** For a model's own rounding; a model that says nothing at all leaves all alike. */
function rescaled(values: readonly number[]): number[] {
  const kept = values.map((value) => Math.max(0, value));
  const sum = kept.reduce((total, value) => total + value, 0);
  return kept.map((value) => (sum > 0 ? value / sum : 1 / kept.length));
}
