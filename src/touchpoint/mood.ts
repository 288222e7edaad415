// The emotional background of a zone over an interval: sums only, suppressed below k people.
import type { EventData, Expression } from "../words/events.ts";
import { EXPRESSIONS } from "../words/events.ts";
import type { FaceSeen } from "../words/inputs.ts";
import { valenceOf } from "../words/valence.ts";

export interface MoodState {
  readonly startMs: number;
  readonly observations: number;
  /** Sum of probabilities per expression. */
  readonly sums: Readonly<Record<Expression, number>>;
  /** People of the episodes that ended in this interval, or were cut off by its end. */
  readonly people: number;
}

const ZERO = Object.fromEntries(EXPRESSIONS.map((name) => [name, 0])) as Record<Expression, number>;

export function emptyMood(startMs: number): MoodState {
  return { startMs, observations: 0, sums: ZERO, people: 0 };
}

/** Adds the faces of one frame; faces without expression (too small, switched off) do not count. */
export function feel(state: MoodState, faces: readonly FaceSeen[]): MoodState {
  const read = faces.flatMap((face) => (face.expression === undefined ? [] : [face.expression]));
  if (read.length === 0) return state;
  const sums = { ...state.sums };
  for (const expression of read) for (const name of EXPRESSIONS) sums[name] += expression[name] ?? 0;
  return { ...state, observations: state.observations + read.length, sums };
}

type MoodFigures = Pick<
  EventData["mood"],
  "people" | "observations" | "k" | "suppressed" | "expressions" | "valence" | "smile"
>;

/** Figures of the interval. Below `k` people no figure about expressions is given at all. */
export function moodFigures(state: MoodState, k: number): MoodFigures {
  const { people, observations, sums } = state;
  if (people < k || observations === 0) return { people, observations, k, suppressed: true };
  const expressions = Object.fromEntries(EXPRESSIONS.map((name) => [name, round(sums[name] / observations)])) as Record<
    Expression,
    number
  >;
  return {
    people,
    observations,
    k,
    suppressed: false,
    expressions,
    valence: round(valenceOf(expressions)),
    smile: expressions.happiness,
  };
}

function round(value: number): number {
  return Math.min(1, Math.max(-1, Math.round(value * 10_000) / 10_000));
}
