// One walk of a customer through a questionnaire: what it is at, what is shown of it, what is told of it.
import { z } from "zod";
import { END } from "../config/survey-check.ts";
import type { Survey, SurveyQuestion } from "../config/surveys.ts";
import type { EventData, Fact } from "../words/events.ts";
import { type Moment, utc } from "./decision.ts";
import { inLanguage, nextAfter, type Said } from "./survey-answer.ts";

/** A walk, as it is kept for a restart. Times are boottime milliseconds. */
export const Run = z.object({
  id: z.string(),
  survey: z.string(),
  surveyVersion: z.int().min(1),
  language: z.string(),
  /** Id of the rating whose follow-up this is. */
  follows: z.string().optional(),
  /** Questions of this customer's turn, where questions rotate. */
  turn: z.array(z.string()).optional(),
  /** The question that is shown, and its version. */
  at: z.string(),
  atVersion: z.int().min(1),
  /** Questions shown so far, this one included. */
  asked: z.int().min(1),
  /** Questions that were answered, and the ids of their events. */
  answered: z.array(z.string()),
  answers: z.array(z.string()),
  /** Options chosen by pad of a multiple choice that is not done. */
  picked: z.array(z.string()),
  startMs: z.number(),
  /** The button that led to the present question. */
  button: z.string().optional(),
  /** Since when the question is shown: a press of before does not answer it. */
  shownMs: z.number(),
  /** Without an answer until then it is abandoned. */
  deadlineMs: z.number(),
});
export type Run = z.infer<typeof Run>;

/** What a screen shows of the present question. */
export interface Showing {
  readonly run: string;
  readonly survey: string;
  readonly surveyVersion: number;
  readonly language: string;
  /** True where it follows a rating and goes away by itself after a short time. */
  readonly followUp: boolean;
  readonly question: string;
  readonly kind: SurveyQuestion["kind"];
  readonly text: string;
  readonly scale?: {
    readonly min: number;
    readonly max: number;
    readonly look: "numbers" | "smileys";
    readonly low?: string;
    readonly high?: string;
  };
  readonly options?: readonly { readonly id: string; readonly text: string; readonly picked: boolean }[];
  readonly most?: number;
  readonly maxLength?: number;
  /** This is number `asked` of at most `of`. */
  readonly progress: { readonly asked: number; readonly of: number };
}

export function questionOf(survey: Survey | undefined, id: string): SurveyQuestion | undefined {
  return survey?.questions.find((question) => question.id === id);
}

/** The present question as a screen needs it. */
export function showingOf(survey: Survey, run: Run): Showing | undefined {
  const question = questionOf(survey, run.at);
  if (question === undefined) return undefined;
  const say = (texts: SurveyQuestion["text"]): string =>
    inLanguage(texts, run.language, survey.languages[0] ?? run.language);
  const { id, survey: of, surveyVersion, language } = run;
  return {
    run: id,
    survey: of,
    surveyVersion,
    language,
    followUp: run.follows !== undefined,
    question: question.id,
    kind: question.kind,
    text: say(question.text),
    ...(question.kind === "scale"
      ? {
          scale: {
            min: question.min,
            max: question.max,
            look: question.look,
            ...(question.low === undefined ? {} : { low: say(question.low) }),
            ...(question.high === undefined ? {} : { high: say(question.high) }),
          },
        }
      : {}),
    ...(question.kind === "single" || question.kind === "multiple"
      ? { options: question.options.map(({ id, text }) => ({ id, text: say(text), picked: run.picked.includes(id) })) }
      : {}),
    ...(question.kind === "multiple" ? { most: question.most ?? question.options.length } : {}),
    ...(question.kind === "text" ? { maxLength: question.maxLength } : {}),
    progress: { asked: run.asked, of: run.asked - 1 + ahead(survey, run) },
  };
}

/** Most questions that can still come, the present one included. */
function ahead(survey: Survey, run: Run): number {
  if (run.turn !== undefined) return run.turn.length - run.turn.indexOf(run.at);
  const longest = new Map<string, number>();
  const from = (id: string): number => {
    const question = questionOf(survey, id);
    if (question === undefined) return 0;
    const known = longest.get(id);
    if (known !== undefined) return known;
    const ways = [...question.branch.map(({ next }) => next), nextAfter(survey, question, undefined)];
    const length = 1 + Math.max(...ways.map(from));
    longest.set(id, length);
    return length;
  };
  return from(run.at);
}

/**
 * The question after the present one; undefined at the end.
 * @param said the answer to the present one
 * @param room whether a question may still be asked today; one that may not is passed by
 */
export function nextQuestion(
  survey: Survey,
  run: Pick<Run, "at" | "turn">,
  said: Said | undefined,
  room: (question: SurveyQuestion) => boolean,
): SurveyQuestion | undefined {
  if (run.turn !== undefined) {
    const rest = run.turn.slice(run.turn.indexOf(run.at) + 1).map((id) => questionOf(survey, id));
    return rest.find((question) => question !== undefined && room(question));
  }
  return firstWithRoom(survey, wayOut(survey, run.at, said), room);
}

/** The question of this id, or the first after it that may still be asked today. */
export function firstWithRoom(
  survey: Survey,
  from: string,
  room: (question: SurveyQuestion) => boolean,
): SurveyQuestion | undefined {
  // Ways never lead back (the configuration is checked for it), so this ends.
  for (let id = from; id !== END; id = wayOut(survey, id, undefined)) {
    const question = questionOf(survey, id);
    if (question === undefined) return undefined;
    if (room(question)) return question;
  }
  return undefined;
}

function wayOut(survey: Survey, id: string, said: Said | undefined): string {
  const question = questionOf(survey, id);
  return question === undefined ? END : nextAfter(survey, question, said);
}

/** The `answer` event of the present question. */
export function answerFact(
  touchpoint: string,
  run: Run,
  question: SurveyQuestion,
  said: Said,
  given: { readonly id: string; readonly atMs: number; readonly press?: string },
): Extract<Fact, { type: "answer" }> {
  const data: EventData["answer"] = {
    run: run.id,
    survey: run.survey,
    surveyVersion: run.surveyVersion,
    question: question.id,
    questionVersion: question.version,
    kind: question.kind,
    language: run.language,
    ...said,
    choices: [...said.choices],
    ...(question.kind === "scale" ? { min: question.min, max: question.max } : {}),
    ...(run.follows === undefined ? {} : { follows: run.follows }),
    ...(given.press === undefined ? {} : { press: given.press }),
  };
  return { type: "answer", id: given.id, touchpoint, atMs: given.atMs, data };
}

/** What was chosen of a multiple choice that nobody ended: it was said, so it is told. */
export function pickedFact(touchpoint: string, run: Run, moment: Moment): Extract<Fact, { type: "answer" }> {
  return {
    type: "answer",
    id: moment.newId(moment.unixMs),
    touchpoint,
    atMs: moment.ms,
    data: {
      run: run.id,
      survey: run.survey,
      surveyVersion: run.surveyVersion,
      question: run.at,
      questionVersion: run.atVersion,
      kind: "multiple",
      language: run.language,
      value: null,
      choices: [...run.picked],
      ...(run.follows === undefined ? {} : { follows: run.follows }),
    },
  };
}

/** The `survey` event at the end of a walk. */
export function surveyFact(
  touchpoint: string,
  run: Run,
  outcome: EventData["survey"]["outcome"],
  moment: Moment,
): Extract<Fact, { type: "survey" }> {
  return {
    type: "survey",
    id: moment.newId(moment.unixMs),
    touchpoint,
    atMs: moment.ms,
    data: {
      run: run.id,
      survey: run.survey,
      surveyVersion: run.surveyVersion,
      language: run.language,
      outcome,
      answers: [...run.answers],
      asked: run.asked,
      start: utc(moment, run.startMs),
      end: utc(moment, moment.ms),
    },
  };
}
