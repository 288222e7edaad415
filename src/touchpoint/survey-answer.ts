// What an answer must be to be one: of a screen's input, and of a button on a pad.
import { END, WORDS } from "../config/survey-check.ts";
import type { Survey, SurveyQuestion, Texts } from "../config/surveys.ts";
import { Fault } from "../words/errors.ts";
import type { EventData } from "../words/events.ts";
import type { SurveyInput } from "../words/inputs.ts";

/** What was answered, as the `answer` event says it. */
export type Said = Pick<EventData["answer"], "value" | "choices" | "text">;

const NO_CHOICE: readonly string[] = [];

/**
 * The answer in an input, or why it is none.
 * @returns Fault ANSWER_INVALID where a value is off the scale, an option unknown, or something else was asked
 */
export function readAnswer(question: SurveyQuestion, input: SurveyInput): Said | Fault {
  const refuse = (why: string): Fault =>
    new Fault("ANSWER_INVALID", `question ${question.id}: ${why}`, { question: question.id });
  const { value, choices, text } = input;
  const given = [value, choices, text].filter((one) => one !== undefined).length;
  if (given !== 1) return refuse("give exactly one of value, choices and text");
  switch (question.kind) {
    case "scale":
      if (value === undefined) return refuse("it is answered by a value");
      if (!Number.isInteger(value) || value < question.min || value > question.max)
        return refuse(`the value is not a whole number from ${question.min} to ${question.max}`);
      return { value, choices: [] };
    case "yes-no":
      if (value !== 0 && value !== 1) return refuse("the value is neither 1 (yes) nor 0 (no)");
      return { value, choices: [] };
    case "single":
    case "multiple": {
      if (choices === undefined) return refuse("it is answered by choices");
      const known = question.options.map(({ id }) => id);
      if (choices.some((choice) => !known.includes(choice))) return refuse("an option is unknown");
      if (new Set(choices).size < choices.length) return refuse("an option is named twice");
      const most = question.kind === "single" ? 1 : (question.most ?? known.length);
      if (choices.length < 1 || choices.length > most) return refuse(`choose 1 to ${most} of its options`);
      return { value: null, choices };
    }
    case "text": {
      if (text === undefined) return refuse("it is answered by a text");
      const clean = readable(text);
      if (clean.length === 0) return refuse("the text is empty");
      if (clean.length > question.maxLength) return refuse(`the text is longer than ${question.maxLength} characters`);
      return { value: null, choices: [], text: clean };
    }
    default:
      return question satisfies never;
  }
}

/** A text that every reader can store: no control characters but line breaks, no halves of characters. */
function readable(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(/(?!\n)\p{Cc}/gu, " ")
    .trim();
}

/** What a press says while a question is shown. */
export type Says =
  | { readonly word: (typeof WORDS)[number] }
  | { readonly said: Said }
  /** An option of a multiple choice, which is answered only when it is done. */
  | { readonly option: string };

/** What a button says to a question; undefined where it says nothing. A press of `done` ends a multiple choice only. */
export function readButton(survey: Survey, question: SurveyQuestion, button: string): Says | undefined {
  const own = (map: Readonly<Record<string, string>> | undefined): string | undefined =>
    map !== undefined && Object.hasOwn(map, button) ? map[button] : undefined;
  const says = own(question.buttons) ?? own(survey.buttons) ?? button;
  switch (question.kind) {
    case "scale": {
      const value = Number(says);
      if (/^-?\d{1,3}$/.test(says) && value >= question.min && value <= question.max)
        return { said: { value, choices: [] } };
      break;
    }
    case "yes-no":
      if (says === "yes" || says === "no") return { said: { value: says === "yes" ? 1 : 0, choices: [] } };
      break;
    case "single":
      if (question.options.some(({ id }) => id === says)) return { said: { value: null, choices: [says] } };
      break;
    case "multiple":
      if (question.options.some(({ id }) => id === says)) return { option: says };
      break;
    case "text":
      break;
    default:
      return question satisfies never;
  }
  const word = WORDS.find((one) => one === says);
  return word === undefined ? undefined : { word };
}

/** Where an answer leads: the first branch that fits, else the question's own way. */
export function nextAfter(survey: Survey, question: SurveyQuestion, said: Said | undefined): string {
  const branch = said === undefined ? undefined : question.branch.find((one) => fits(one, question, said));
  const following = survey.questions[survey.questions.findIndex(({ id }) => id === question.id) + 1]?.id;
  return branch?.next ?? question.next ?? following ?? END;
}

function fits(branch: SurveyQuestion["branch"][number], question: SurveyQuestion, said: Said): boolean {
  if (branch.option !== undefined) {
    const chosen = question.kind === "yes-no" ? [said.value === 1 ? "yes" : "no"] : (said.choices ?? NO_CHOICE);
    return chosen.includes(branch.option);
  }
  const { value } = said;
  if (value === null || (branch.from === undefined && branch.to === undefined)) return false;
  return value >= (branch.from ?? value) && value <= (branch.to ?? value);
}

/** A text in the language, or in the first one. */
export function inLanguage(texts: Texts, language: string, first: string): string {
  if (typeof texts === "string") return texts;
  const own = (name: string): string | undefined => (Object.hasOwn(texts, name) ? texts[name] : undefined);
  return own(language) ?? own(first) ?? Object.values(texts)[0] ?? "";
}
