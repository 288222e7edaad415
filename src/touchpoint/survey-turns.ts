// Whose turn it is among the questions: rotation over customers, and quotas of a day.
import { z } from "zod";
import type { Survey, SurveyQuestion } from "../config/surveys.ts";

/** How often each group of a questionnaire was given to a customer. */
export const Rotation = z.object({
  version: z.int().min(1),
  /** Group → times. */
  given: z.record(z.string(), z.int().min(0)),
});
export type Rotation = z.infer<typeof Rotation>;

/** Answers of one day per question. */
export const DayCount = z.object({
  day: z.string(),
  answers: z.record(z.string(), z.int().min(0)),
});
export type DayCount = z.infer<typeof DayCount>;

/** Questions of one group, or one question on its own. */
function groupOf(question: SurveyQuestion): string {
  return question.group ?? question.id;
}

function groupsOf(survey: Survey): string[] {
  return [...new Set(survey.questions.map(groupOf))];
}

/** What was given so far, for the groups as they are now. A new version of the questionnaire begins anew. */
function fitted(survey: Survey, rotation: Rotation | undefined): Record<string, number> {
  const groups = groupsOf(survey);
  if (rotation?.version !== survey.version) return Object.fromEntries(groups.map((group) => [group, 0]));
  const { given } = rotation;
  const known = groups.flatMap((group) => (Object.hasOwn(given, group) ? [given[group] ?? 0] : []));
  // A group that is new in the same version must not be given to everybody until it has caught up.
  const least = known.length === 0 ? 0 : Math.min(...known);
  return Object.fromEntries(groups.map((group) => [group, Object.hasOwn(given, group) ? (given[group] ?? 0) : least]));
}

/**
 * Gives the next customer the groups that were given least often, the first of them in the questionnaire's order: as long as
 * all have room, no two groups ever differ by more than one.
 * @param room whether a question may still be asked today
 * @returns ids of the questions, in the questionnaire's order; none where no group has room
 */
export function giveTurn(
  survey: Survey,
  rotation: Rotation | undefined,
  room: (question: SurveyQuestion) => boolean,
): { readonly questions: readonly string[]; readonly rotation: Rotation } {
  const given = fitted(survey, rotation);
  const open = groupsOf(survey).filter((group) =>
    survey.questions.every((question) => groupOf(question) !== group || room(question)),
  );
  // Sorting is stable: among equals the questionnaire's order holds.
  const chosen = open.toSorted((a, b) => (given[a] ?? 0) - (given[b] ?? 0)).slice(0, survey.rotate ?? open.length);
  for (const group of chosen) given[group] = (given[group] ?? 0) + 1;
  return {
    questions: survey.questions.filter((question) => chosen.includes(groupOf(question))).map(({ id }) => id),
    rotation: { version: survey.version, given },
  };
}

/** Whether a question may be asked once more today. @param shown how often it is on show at other touchpoints */
export function hasRoom(
  survey: Survey,
  question: SurveyQuestion,
  count: DayCount | undefined,
  day: string,
  shown: number,
): boolean {
  const quota = question.quotaPerDay ?? survey.quotaPerDay;
  if (quota === undefined) return true;
  const answered = count?.day === day && Object.hasOwn(count.answers, question.id) ? count.answers[question.id] : 0;
  return (answered ?? 0) + shown < quota;
}

/** One more answer to a question. */
export function countAnswer(count: DayCount | undefined, day: string, question: string): DayCount {
  const answers = count?.day === day ? count.answers : {};
  const before = Object.hasOwn(answers, question) ? (answers[question] ?? 0) : 0;
  return { day, answers: { ...answers, [question]: before + 1 } };
}
