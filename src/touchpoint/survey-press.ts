// What a press means where a questionnaire is: an answer, a word, a rating, or nothing that was asked.
import { followUpsOf } from "../config/follow-up.ts";
import type { TouchpointConfig } from "../config/schema.ts";
import type { Survey, SurveyQuestion } from "../config/surveys.ts";
import type { PressInput } from "../words/inputs.ts";
import type { Moment } from "./decision.ts";
import { readButton, type Says } from "./survey-answer.ts";
import { questionOf, type Run } from "./survey-run.ts";
import { isOpen, type Settings, type SurveysState, surveyOf } from "./survey-state.ts";
import { firstQuestion } from "./survey-walk.ts";

/** The same button again within this time is not meant for a question that it brought up itself, milliseconds. */
export const AGAIN_MS = 500;

export type Meaning =
  /** It answers the present question, or the first of a walk that it begins. */
  | {
      readonly is: "said";
      readonly survey: Survey;
      readonly question: SurveyQuestion;
      readonly says: Says;
      /** The walk it belongs to; undefined where it begins one. */
      readonly run: Run | undefined;
      /** It is a reason button of the rating question, too. */
      readonly reason: boolean;
    }
  /** A button of some question here, but not of the one that is asked: kept, flagged, and not taken for an answer. */
  | { readonly is: "stray"; readonly question: SurveyQuestion }
  /** No business of a questionnaire. */
  | { readonly is: "other" };

const OTHER: Meaning = { is: "other" };

/** Judges a press by what is asked at the moment. */
export function meaningOf(
  settings: Settings,
  state: SurveysState,
  touchpoint: TouchpointConfig,
  input: PressInput,
  moment: Moment,
): Meaning {
  const { run } = state.at.get(touchpoint.id) ?? {};
  const own = ownValue(touchpoint, input.button);
  if (isOpen(run, moment)) {
    const survey = surveyOf(settings, touchpoint, run);
    const question = questionOf(survey, run.at);
    if (survey !== undefined && question !== undefined && isMeantFor(run, input)) {
      const says = readButton(survey, question, input.button);
      // A rating button that happens to be called `leave` rates.
      if (says !== undefined && !("word" in says && own !== undefined))
        return { is: "said", survey, question, says, run, reason: own === null && !("option" in says) };
    }
  } else if (touchpoint.question === undefined) {
    const survey = ownSurvey(settings, touchpoint);
    const first =
      survey === undefined ? undefined : firstQuestion(settings, state, touchpoint.id, survey, moment)?.question;
    if (survey !== undefined && first !== undefined) {
      const says = readButton(survey, first, input.button);
      if (says !== undefined && !("word" in says && says.word !== "start"))
        return { is: "said", survey, question: first, says, run: undefined, reason: false };
    }
  }
  if (own !== undefined) return OTHER;
  // Without an answer its pad would send it for ever, and soon have no room for the next press.
  const surveys = [
    ...(isOpen(run, moment) ? [surveyOf(settings, touchpoint, run)] : []),
    ...Object.values(followUpsOf(touchpoint.question)),
    ownSurvey(settings, touchpoint),
  ].filter((survey) => survey !== undefined);
  for (const survey of surveys)
    for (const question of survey.questions)
      if (readButton(survey, question, input.button) !== undefined) return { is: "stray", question };
  return OTHER;
}

/** Whether the present question can be what the press is for: it was shown, and the press is no second tap. */
function isMeantFor(run: Run, input: PressInput): boolean {
  const sinceMs = input.atMs - run.shownMs;
  return sinceMs >= 0 && !(input.button === run.button && sinceMs < AGAIN_MS);
}

/** The questionnaire of the touchpoint itself. */
export function ownSurvey(settings: Settings, touchpoint: TouchpointConfig): Survey | undefined {
  return settings.surveys?.surveys.find(({ id }) => id === touchpoint.survey);
}

/** The button's value in the rating question; undefined where it has none. */
function ownValue(touchpoint: TouchpointConfig, button: string): number | null | undefined {
  const buttons = touchpoint.question?.buttons;
  return buttons !== undefined && Object.hasOwn(buttons, button) ? buttons[button] : undefined;
}

/**
 * The touchpoint as a press finds it: where a question of a questionnaire is asked, that one is its question, so that the
 * press is counted, acknowledged and joined like any other.
 */
export function presented(
  settings: Settings,
  state: SurveysState,
  touchpoint: TouchpointConfig | undefined,
  input: PressInput,
  moment: Moment,
): TouchpointConfig | undefined {
  if (touchpoint === undefined) return undefined;
  const meaning = meaningOf(settings, state, touchpoint, input, moment);
  if (meaning.is === "said" && meaning.reason) return touchpoint;
  if (meaning.is === "other") {
    const asks = ownSurvey(settings, touchpoint);
    // The pad is known here, and its button is not.
    return touchpoint.question !== undefined || asks === undefined
      ? touchpoint
      : { ...touchpoint, question: { id: asks.id, version: asks.version, text: "", min: 0, max: 1, buttons: {} } };
  }
  const { id, version, ...question } = meaning.question;
  const [min, max] = question.kind === "scale" ? [question.min, question.max] : [0, 1];
  const value = meaning.is === "said" && "said" in meaning.says ? meaning.says.said.value : null;
  return { ...touchpoint, question: { id, version, text: "", min, max, buttons: { [input.button]: value } } };
}
