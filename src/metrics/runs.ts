// Counts of walks through questionnaires, by questionnaire and version, whatever they ask: what it means is said later. Pure.
import type { EventData } from "../words/events.ts";
import { type CrossSums, countCross } from "./composite.ts";
import { addOne, branchOf } from "./tree.ts";

/** Walks through one version of a questionnaire. */
export interface RunCounts {
  finished: number;
  abandoned: number;
  /** `itemKey` → value → how often. */
  readonly scales: Record<string, Record<string, number>>;
  /** `choiceKey` → walks that chose something, and option → walks that chose it. */
  readonly choices: Record<string, { answered: number; readonly options: Record<string, number> }>;
  /** Of the answers on a scale, by `itemKey`. */
  readonly cross: CrossSums;
  /** Perceived less expected, of walks that answered both, by `gapKey`. */
  readonly gaps: CrossSums;
  /** Walks that said on 1 to 10 whether they recommend and whether they discourage: all; 9 or 10 to each alone, and to both. */
  readonly wordOfMouth: { answered: number; recommend: number; discourage: number; both: number };
}

/** `runsKey` → counts. */
export type Runs = Record<string, RunCounts>;

/** A question as it was asked: another version or scale is another question. */
export interface Item {
  readonly question: string;
  readonly version: number;
  readonly min: number;
  readonly max: number;
}

export const runsKey = (survey: string, version: number): string => `${survey}/${version}`;
export const itemKey = ({ question, version, min, max }: Item): string => `${question}/${version}/${min}/${max}`;
/** What an `itemKey` says. */
export function itemOf(key: string): Item {
  const [max, min, version, ...question] = key.split("/").reverse();
  return { question: question.reverse().join("/"), version: Number(version), min: Number(min), max: Number(max) };
}
export const choiceKey = (question: string, version: number): string => `${question}/${version}`;

/** The 22 things of SERVQUAL: its dimension's letter and its number, then `e` expected or `p` perceived. */
const PAIRED = /^([trsae][1-5])([ep])$/;
/** One of the 22 of SERVQUAL, such as `t1`, with the version of both questions. */
export const gapKey = (item: string, version: number): string => `${item}/${version}`;

/**
 * Counts one walk that ended, finished or abandoned.
 * @param answers of the walk, without those that were judged; an abandoned walk counts with what it said
 */
export function countRun(into: Runs, survey: EventData["survey"], answers: Iterable<EventData["answer"]>): void {
  const counts = branchOf(into, runsKey(survey.survey, survey.surveyVersion), emptyRunCounts);
  counts[survey.outcome] += 1;
  const scored: Scored[] = [];
  // A question is asked once in a walk; of two answers under one name the last is meant.
  for (const answer of new Map([...answers].map((one) => [one.question, one])).values()) {
    const { question, questionVersion: version, value, min, max } = answer;
    if (answer.kind === "scale" && value !== null && min !== undefined && max !== undefined)
      scored.push({ question, version, min, max, value });
    if (answer.kind === "single" || answer.kind === "multiple") {
      const chosen = branchOf(counts.choices, choiceKey(question, version), () => ({ answered: 0, options: {} }));
      chosen.answered += 1;
      for (const option of new Set(answer.choices)) addOne(chosen.options, option);
    }
  }
  for (const item of scored) addOne(branchOf(counts.scales, itemKey(item), emptyRecord), `${item.value}`);
  countCross(counts.cross, Object.fromEntries(scored.map((item) => [itemKey(item), item.value])));
  countCross(counts.gaps, gapsOf(scored));
  countWordOfMouth(counts.wordOfMouth, scored);
}

interface Scored extends Item {
  readonly value: number;
}

function gapsOf(scored: readonly Scored[]): Record<string, number> {
  const of = new Map(scored.filter(({ min, max }) => min === 1 && max === 7).map((item) => [item.question, item]));
  return Object.fromEntries(
    [...of.values()].flatMap((perceived) => {
      const [, item, side] = PAIRED.exec(perceived.question) ?? [];
      const expected = item !== undefined && side === "p" ? of.get(`${item}e`) : undefined;
      if (item === undefined || expected === undefined || expected.version !== perceived.version) return [];
      return [[gapKey(item, perceived.version), perceived.value - expected.value]];
    }),
  );
}

function countWordOfMouth(into: RunCounts["wordOfMouth"], scored: readonly Scored[]): void {
  const of = (question: string): number | undefined =>
    scored.find((item) => item.question === question && item.min === 1 && item.max === 10)?.value;
  const [recommend, discourage] = [of("recommend"), of("discourage")];
  if (recommend === undefined || discourage === undefined) return;
  into.answered += 1;
  if (recommend >= 9 && discourage >= 9) into.both += 1;
  else if (recommend >= 9) into.recommend += 1;
  else if (discourage >= 9) into.discourage += 1;
}

const emptyRecord = (): Record<string, number> => ({});

export function emptyRunCounts(): RunCounts {
  return {
    finished: 0,
    abandoned: 0,
    scales: {},
    choices: {},
    cross: {},
    gaps: {},
    wordOfMouth: { answered: 0, recommend: 0, discourage: 0, both: 0 },
  };
}
