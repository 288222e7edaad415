// The product "surveys": questionnaires by screen and by pad, and the follow-up of a rating. Pure.
import { followUpAfter } from "../config/follow-up.ts";
import type { TouchpointConfig } from "../config/schema.ts";
import { Fault } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import type { Input, PressInput, SurveyInput } from "../words/inputs.ts";
import type { Decision, Moment } from "./decision.ts";
import { readAnswer } from "./survey-answer.ts";
import { meaningOf, ownSurvey } from "./survey-press.ts";
import { questionOf } from "./survey-run.ts";
import {
  abandon,
  isOpen,
  NOT_ASKING,
  type Settings,
  type SurveyStep,
  type SurveysState,
  surveyOf,
} from "./survey-state.ts";
import { answer, begin, pick } from "./survey-walk.ts";

export { presented } from "./survey-press.ts";
export { restoreSurveys as startSurveys, type SurveySettings, type SurveysState, shown } from "./survey-state.ts";

/** Least time between two starts by callers at one touchpoint, milliseconds: a caller gone mad fills no journal. */
export const START_MS = 1_000;

/** One step. @param decision what was decided so far: a press that answers is told as its answer */
export function stepSurveys(
  settings: Settings,
  state: SurveysState,
  input: Input,
  decision: Decision,
  moment: Moment,
): SurveyStep {
  if (input.kind !== "tick" && input.kind !== "press" && input.kind !== "survey") return { state, decision };
  let step: SurveyStep = { state, decision };
  // In the order of the configuration: a restart changes the order in which walks are known.
  for (const { id } of settings.touchpoints) {
    const { run } = state.at.get(id) ?? NOT_ASKING;
    if (run !== undefined && !isOpen(run, moment)) step = abandon(step, settings, id, moment);
  }
  if (input.kind === "press") return stepPress(step, settings, input, moment);
  return input.kind === "survey" ? stepInput(step, settings, input, moment) : step;
}

type PressFact = Extract<Fact, { type: "press" }>;

function stepPress(step: SurveyStep, settings: Settings, input: PressInput, moment: Moment): SurveyStep {
  const touchpoint = settings.touchpoints.find(({ pads }) => pads.includes(input.pad));
  const press = step.decision.facts.find((fact): fact is PressFact => fact.type === "press");
  // Counted before, or not believed: nobody answered.
  if (touchpoint === undefined || press === undefined) return step;
  const meaning = meaningOf(settings, step.state, touchpoint, input, moment);
  // Nobody says anything by a button that is held down or bounces: it answers nothing, begins nothing, and ends nothing.
  if (press.data.flags.includes("stuck") || press.data.flags.includes("chatter")) {
    const rates = Object.hasOwn(touchpoint.question?.buttons ?? {}, input.button);
    return rates ? step : withPress(step, press, { value: null, flags: [...press.data.flags, "no-answer"] });
  }
  if (meaning.is === "other") return askAfter(step, settings, touchpoint, press, moment);
  if (meaning.is === "stray") {
    const fault = new Fault("ANSWER_INVALID", `button "${input.button}" answers nothing that is asked now`, {
      pad: input.pad,
    });
    const kept = withPress(step, press, { value: null, flags: [...press.data.flags, "no-answer"] });
    return { ...kept, decision: { ...kept.decision, dropped: [...kept.decision.dropped, fault] } };
  }
  const { survey, question, says, reason } = meaning;
  const { atMs, button } = input;
  const begun = meaning.run === undefined ? begin(step, settings, touchpoint, survey, { atMs }, moment) : step;
  if (begun instanceof Fault) return refuse(step, begun);
  const run = begun.state.at.get(touchpoint.id)?.run;
  if (run === undefined) return step;
  const on = { run, survey, question };
  const control = (next: SurveyStep): SurveyStep =>
    reason ? next : withPress(next, press, { value: null, flags: [...press.data.flags, "control"] });
  if ("said" in says) {
    if (!reason)
      return answer(without(begun, press), settings, touchpoint, on, says.said, { id: press.id, atMs, button }, moment);
    const follows = run.follows === undefined ? {} : { follows: run.follows };
    const given = { id: moment.newId(moment.unixMs), atMs, press: press.id, button };
    return answer(withPress(begun, press, follows), settings, touchpoint, on, says.said, given, moment);
  }
  const done = (chosen: SurveyStep, id: string): SurveyStep => {
    const present = chosen.state.at.get(touchpoint.id)?.run ?? run;
    const said = { value: null, choices: present.picked };
    return answer(chosen, settings, touchpoint, { ...on, run: present }, said, { id, atMs, button }, moment);
  };
  if ("option" in says) {
    const chosen = pick(control(begun), touchpoint, on, says.option, moment);
    const many = chosen.state.at.get(touchpoint.id)?.run?.picked.length ?? 0;
    const most = question.kind === "multiple" ? (question.most ?? question.options.length) : 1;
    return many < most ? chosen : done(chosen, moment.newId(moment.unixMs));
  }
  switch (says.word) {
    case "start":
      return control(begun);
    case "leave":
      return abandon(control(begun), settings, touchpoint.id, moment);
    case "done":
      return run.picked.length === 0 ? control(begun) : done(control(begun), moment.newId(moment.unixMs));
    default:
      return says.word satisfies never;
  }
}

/** A rating was given: its follow-up is asked, unless a questionnaire is being answered. */
function askAfter(
  step: SurveyStep,
  settings: Settings,
  touchpoint: TouchpointConfig,
  press: PressFact,
  moment: Moment,
): SurveyStep {
  const { value } = press.data;
  const { run } = step.state.at.get(touchpoint.id) ?? NOT_ASKING;
  if (touchpoint.question === undefined || value === null || (run !== undefined && run.follows === undefined))
    return step;
  // The next customer is here.
  const free = run === undefined ? step : abandon(step, settings, touchpoint.id, moment);
  const survey = followUpAfter(touchpoint.question, value);
  // Whoever pressed long ago, or did not press at all, is not there to be asked.
  if (survey === undefined || moment.ms - press.atMs > survey.timeoutMs) return free;
  const asked = begin(
    free,
    settings,
    touchpoint,
    survey,
    { follows: press.id, button: press.data.button, atMs: press.atMs },
    moment,
  );
  return asked instanceof Fault ? free : asked;
}

function stepInput(step: SurveyStep, settings: Settings, input: SurveyInput, moment: Moment): SurveyStep {
  const touchpoint = settings.touchpoints.find(({ id }) => id === input.touchpoint);
  if (touchpoint === undefined)
    return refuse(step, new Fault("SURVEY_UNKNOWN", "there is no such touchpoint", { touchpoint: input.touchpoint }));
  const { run } = step.state.at.get(touchpoint.id) ?? NOT_ASKING;
  if (input.action === "start") return start(step, settings, touchpoint, input, moment);
  const survey = run === undefined ? undefined : surveyOf(settings, touchpoint, run);
  const question = run === undefined ? undefined : questionOf(survey, run.at);
  const invalid = (why: string): SurveyStep =>
    refuse(step, new Fault("ANSWER_INVALID", why, { touchpoint: touchpoint.id }));
  if (run === undefined || survey === undefined || question === undefined) return invalid("nothing is asked here now");
  if ((input.run ?? run.id) !== run.id || (input.survey ?? run.survey) !== run.survey)
    return invalid("another questionnaire is answered here now");
  if (input.action === "leave") return abandon(step, settings, touchpoint.id, moment);
  if (input.question !== undefined && input.question !== run.at)
    return invalid(
      run.answered.includes(input.question)
        ? `question ${input.question} was answered before`
        : `question ${input.question} is not the one that is asked`,
    );
  const said = readAnswer(question, input);
  if (said instanceof Fault) return refuse(step, said);
  const atMs = Math.min(input.atMs, moment.ms);
  const given = { id: moment.newId(moment.unixMs - (moment.ms - atMs)), atMs };
  return answer(step, settings, touchpoint, { run, survey, question }, said, given, moment);
}

function start(
  step: SurveyStep,
  settings: Settings,
  touchpoint: TouchpointConfig,
  input: SurveyInput,
  moment: Moment,
): SurveyStep {
  const survey =
    input.survey === undefined
      ? ownSurvey(settings, touchpoint)
      : settings.surveys?.surveys.find(({ id }) => id === input.survey);
  if (survey === undefined)
    return refuse(step, new Fault("SURVEY_UNKNOWN", "there is no such questionnaire", { touchpoint: touchpoint.id }));
  const { run, startedMs } = step.state.at.get(touchpoint.id) ?? NOT_ASKING;
  const refused = (why: string): SurveyStep =>
    refuse(step, new Fault("SURVEY_REFUSED", why, { touchpoint: touchpoint.id, survey: survey.id }));
  if (run !== undefined && run.follows === undefined) return refused("a questionnaire is being answered here");
  if (startedMs !== undefined && moment.ms - startedMs < START_MS) return refused("one was started a moment ago");
  const free = run === undefined ? step : abandon(step, settings, touchpoint.id, moment);
  const language = input.language === undefined ? {} : { language: input.language };
  const how = { ...language, atMs: Math.min(input.atMs, moment.ms), startedMs: moment.ms };
  const begun = begin(free, settings, touchpoint, survey, how, moment);
  return begun instanceof Fault ? refuse(step, begun) : begun;
}

function refuse(step: SurveyStep, fault: Fault): SurveyStep {
  return { ...step, decision: { ...step.decision, dropped: [...step.decision.dropped, fault] } };
}

/** The decision without the press event: it is told as an answer. */
function without(step: SurveyStep, press: PressFact): SurveyStep {
  return { ...step, decision: { ...step.decision, facts: step.decision.facts.filter((fact) => fact !== press) } };
}

/** The decision with more said of the press event. */
function withPress(step: SurveyStep, press: PressFact, more: Partial<PressFact["data"]>): SurveyStep {
  const told = { ...press, data: { ...press.data, ...more } };
  const facts = step.decision.facts.map((fact) => (fact === press ? told : fact));
  return { ...step, decision: { ...step.decision, facts } };
}
