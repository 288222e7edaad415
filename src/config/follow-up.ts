// What is asked after a rating: why it was bad, what was liked. A questionnaire of one question and of a short life.
import { z } from "zod";
import { type Complain, checkQuestion } from "./survey-check.ts";
import { type Survey, SurveyQuestion } from "./surveys.ts";

const after = (meaning: string) =>
  z.strictObject({ at: z.number().describe(meaning), ask: SurveyQuestion.describe("what is asked then") }).optional();

export const FollowUpConfig = z
  .strictObject({
    bad: after("ratings at or below this value are asked").describe("asked after a bad rating, such as: why?"),
    good: after("ratings at or above this value are asked").describe(
      "asked after a good rating, such as: what did you like?",
    ),
    timeoutS: z
      .int()
      .min(1)
      .max(120)
      .default(8)
      .describe(
        "it ends without an answer after this long, so that the next customer's press is a rating again, seconds",
      ),
    languages: z
      .array(z.string().min(2).max(16))
      .min(1)
      .max(20)
      .default(["en"])
      .describe("languages of its texts, the first for everybody else"),
  })
  .describe("a question after a bad or a good rating");
export type FollowUpConfig = z.infer<typeof FollowUpConfig>;

/** What of a rating question matters here. */
interface Rated {
  readonly id: string;
  readonly version: number;
  readonly min: number;
  readonly max: number;
  readonly followUp?: FollowUpConfig | undefined;
}

export const FOLLOW_UPS = ["bad", "good"] as const;

/** The follow-ups of a rating question as questionnaires `{question}-bad` and `{question}-good`. */
export function followUpsOf(question: Rated | undefined): Partial<Record<(typeof FOLLOW_UPS)[number], Survey>> {
  const followUp = question?.followUp;
  if (question === undefined || followUp === undefined) return {};
  return Object.fromEntries(
    FOLLOW_UPS.flatMap((side) => {
      const ask = followUp[side]?.ask;
      if (ask === undefined) return [];
      const survey: Survey = {
        id: `${question.id}-${side}`,
        version: question.version,
        languages: followUp.languages,
        timeoutMs: followUp.timeoutS * 1_000,
        rotate: undefined,
        quotaPerDay: undefined,
        buttons: {},
        questions: [ask],
      };
      return [[side, survey]];
    }),
  );
}

/** Which follow-up a rating leads to. */
export function followUpAfter(question: Rated, value: number): Survey | undefined {
  const { bad, good } = question.followUp ?? {};
  const surveys = followUpsOf(question);
  if (bad !== undefined && value <= bad.at) return surveys.bad;
  return good !== undefined && value >= good.at ? surveys.good : undefined;
}

/** Checks the follow-up of a rating question; paths are within the question. */
export function checkFollowUp(question: Rated, complain: Complain): void {
  const { followUp } = question;
  if (followUp === undefined) return;
  if (followUp.bad !== undefined && followUp.good !== undefined && followUp.bad.at >= followUp.good.at)
    complain(["followUp", "good", "at"], "must be greater than bad.at");
  for (const side of FOLLOW_UPS) {
    const one = followUp[side];
    if (one === undefined) continue;
    if (one.at < question.min || one.at > question.max)
      complain(["followUp", side, "at"], `outside ${question.min}..${question.max}`);
    checkQuestion(one.ask, followUp.languages, (path, message) =>
      complain(["followUp", side, "ask", ...path], message),
    );
    if (one.ask.next !== undefined || one.ask.branch.length > 0)
      complain(["followUp", side, "ask"], "one question: it cannot branch");
  }
}
