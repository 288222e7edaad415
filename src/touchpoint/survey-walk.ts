// The steps of a walk: begun, answered, finished. Pure; each says the events and what must survive a restart.
import type { TouchpointConfig } from "../config/schema.ts";
import type { Survey, SurveyQuestion } from "../config/surveys.ts";
import { Fault } from "../words/errors.ts";
import type { Moment } from "./decision.ts";
import type { Said } from "./survey-answer.ts";
import { answerFact, firstWithRoom, nextQuestion, type Run, surveyFact } from "./survey-run.ts";
import {
  NOT_ASKING,
  type Settings,
  type SurveyStep,
  type SurveysState,
  today,
  withAnswerCounted,
  withAsking,
  withRotation,
} from "./survey-state.ts";
import { giveTurn, hasRoom, type Rotation } from "./survey-turns.ts";

/**
 * Whether a question may be asked once more today. What is on show at other touchpoints counts as answered, so that a quota
 * holds whoever answers first.
 */
function roomIn(
  settings: Settings,
  state: SurveysState,
  touchpoint: string,
  survey: Survey,
  moment: Moment,
): (question: SurveyQuestion) => boolean {
  const day = today(settings, moment);
  return (question) => {
    const elsewhere = [...state.at].filter(([id, { run }]) => {
      if (id === touchpoint || run?.survey !== survey.id || run.at !== question.id) return false;
      // A walk whose time is over will answer no more, but tells what was picked.
      return moment.ms <= run.deadlineMs || run.picked.length > 0;
    });
    return hasRoom(survey, question, state.counts.get(survey.id), day, elsewhere.length);
  };
}

/** What a new customer would be asked first; undefined where every question had its answers of today. */
export function firstQuestion(
  settings: Settings,
  state: SurveysState,
  touchpoint: string,
  survey: Survey,
  moment: Moment,
): { readonly question: SurveyQuestion; readonly turn?: readonly string[]; readonly rotation?: Rotation } | undefined {
  const room = roomIn(settings, state, touchpoint, survey, moment);
  if (survey.rotate === undefined) {
    const question = firstWithRoom(survey, survey.questions[0]?.id ?? "", room);
    return question === undefined ? undefined : { question };
  }
  const { questions, rotation } = giveTurn(survey, state.rotations.get(survey.id), room);
  const question = survey.questions.find(({ id }) => id === questions[0]);
  return question === undefined ? undefined : { question, turn: questions, rotation };
}

/**
 * Begins a walk; whatever ran there before must have ended.
 * @returns Fault SURVEY_REFUSED where every question had its answers of today
 */
export function begin(
  step: SurveyStep,
  settings: Settings,
  touchpoint: TouchpointConfig,
  survey: Survey,
  how: {
    readonly language?: string;
    readonly follows?: string;
    readonly button?: string;
    readonly atMs: number;
    readonly startedMs?: number;
  },
  moment: Moment,
): SurveyStep | Fault {
  const first = firstQuestion(settings, step.state, touchpoint.id, survey, moment);
  if (first === undefined)
    return new Fault("SURVEY_REFUSED", `questionnaire ${survey.id} had all its answers of today`, {
      survey: survey.id,
    });
  const wanted = how.language;
  const run: Run = {
    id: moment.newId(moment.unixMs),
    survey: survey.id,
    surveyVersion: survey.version,
    language: wanted !== undefined && survey.languages.includes(wanted) ? wanted : (survey.languages[0] ?? "en"),
    ...(how.follows === undefined ? {} : { follows: how.follows }),
    ...(first.turn === undefined ? {} : { turn: [...first.turn] }),
    at: first.question.id,
    atVersion: first.question.version,
    asked: 1,
    answered: [],
    answers: [],
    picked: [],
    ...(how.button === undefined ? {} : { button: how.button }),
    startMs: how.atMs,
    shownMs: how.atMs,
    deadlineMs: moment.ms + survey.timeoutMs,
  };
  const startedMs = how.startedMs ?? step.state.at.get(touchpoint.id)?.startedMs;
  const begun = withAsking(step, touchpoint.id, { run, survey, startedMs }, moment);
  return first.rotation === undefined ? begun : withRotation(begun, survey.id, first.rotation);
}

/** Takes the answer to the present question and goes on to the next, or finishes. */
export function answer(
  step: SurveyStep,
  settings: Settings,
  touchpoint: TouchpointConfig,
  on: { readonly run: Run; readonly survey: Survey; readonly question: SurveyQuestion },
  said: Said,
  given: { readonly id: string; readonly atMs: number; readonly press?: string; readonly button?: string },
  moment: Moment,
): SurveyStep {
  const { run, survey, question } = on;
  const fact = answerFact(touchpoint.id, run, question, said, given);
  const told = { ...step, decision: { ...step.decision, facts: [...step.decision.facts, fact] } };
  const counted = withAnswerCounted(told, survey.id, question.id, today(settings, moment));
  const answered: Run = {
    ...run,
    picked: [],
    answered: [...run.answered, question.id],
    answers: [...run.answers, fact.id],
  };
  const room = roomIn(settings, counted.state, touchpoint.id, survey, moment);
  const next = nextQuestion(survey, run, said, room);
  const { startedMs } = step.state.at.get(touchpoint.id) ?? NOT_ASKING;
  if (next === undefined) {
    const facts = [...counted.decision.facts, surveyFact(touchpoint.id, answered, "finished", moment)];
    const finished = { ...counted, decision: { ...counted.decision, facts } };
    return withAsking(finished, touchpoint.id, { run: undefined, survey: undefined, startedMs }, moment);
  }
  const { button: _before, ...walked } = answered;
  const going: Run = {
    ...walked,
    ...(given.button === undefined ? {} : { button: given.button }),
    at: next.id,
    atVersion: next.version,
    asked: run.asked + 1,
    shownMs: given.atMs,
    deadlineMs: moment.ms + survey.timeoutMs,
  };
  return withAsking(counted, touchpoint.id, { run: going, survey, startedMs }, moment);
}

/** An option of a multiple choice was pressed: chosen, or not chosen any more. */
export function pick(
  step: SurveyStep,
  touchpoint: TouchpointConfig,
  on: { readonly run: Run; readonly survey: Survey },
  option: string,
  moment: Moment,
): SurveyStep {
  const { run, survey } = on;
  const picked = run.picked.includes(option) ? run.picked.filter((one) => one !== option) : [...run.picked, option];
  const { startedMs } = step.state.at.get(touchpoint.id) ?? NOT_ASKING;
  const going = { ...run, picked, deadlineMs: moment.ms + survey.timeoutMs };
  return withAsking(step, touchpoint.id, { run: going, survey, startedMs }, moment);
}
