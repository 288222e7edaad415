// What a schema cannot say of a questionnaire: ways lead to questions and never in a circle, texts are there.
import type { Survey, SurveyQuestion, Texts } from "./surveys.ts";

/** Says one mistake; the path is within the questionnaire. */
export type Complain = (path: (string | number)[], message: string) => void;

/** Where an answer leads when nothing else is said. */
export const END = "end";
/** What a button may say beside an answer. */
export const WORDS = ["start", "done", "leave"] as const;

/** Checks what lies between the parts of a questionnaire. */
export function checkSurvey(survey: Survey, complain: Complain): void {
  const seen = new Set<string>();
  survey.questions.forEach((question, i) => {
    const at = ["questions", i];
    if (seen.has(question.id) || question.id === END)
      complain([...at, "id"], seen.has(question.id) ? `"${question.id}" is used twice` : "`end` is no name");
    seen.add(question.id);
    checkQuestion(question, survey.languages, (path, message) => complain([...at, ...path], message));
    if (survey.rotate !== undefined && (question.next !== undefined || question.branch.length > 0))
      complain([...at, question.next === undefined ? "branch" : "next"], "questions that rotate cannot branch");
  });
  for (const [button, says] of Object.entries(survey.buttons))
    if (!survey.questions.some((question) => canSay(question, says)))
      complain(["buttons", button], `"${says}" answers no question`);
  checkWays(survey, complain);
}

/** Checks one question on its own. */
export function checkQuestion(question: SurveyQuestion, languages: readonly string[], complain: Complain): void {
  const first = languages[0] ?? "en";
  const need = (texts: Texts | undefined, path: (string | number)[]): void => {
    if (texts !== undefined && typeof texts !== "string" && !Object.hasOwn(texts, first))
      complain(path, `has no text in ${first}, the first language`);
  };
  need(question.text, ["text"]);
  if (question.kind === "scale") {
    need(question.low, ["low"]);
    need(question.high, ["high"]);
    if (question.min >= question.max) complain(["max"], "must be greater than min");
    if (question.look === "smileys" && question.max - question.min > 4) complain(["look"], "smileys are 2 to 5 values");
  }
  if (question.kind === "single" || question.kind === "multiple") {
    const ids = new Set<string>();
    question.options.forEach((option, i) => {
      if (ids.has(option.id)) complain(["options", i, "id"], `"${option.id}" is used twice`);
      if (WORDS.some((word) => word === option.id)) complain(["options", i, "id"], `\`${option.id}\` is no name`);
      ids.add(option.id);
      need(option.text, ["options", i, "text"]);
    });
    if (question.kind === "multiple" && (question.most ?? 1) > question.options.length)
      complain(["most"], `there are ${question.options.length} options`);
  }
  for (const [button, says] of Object.entries(question.buttons ?? {}))
    if (!canSay(question, says)) complain(["buttons", button], `"${says}" is no answer to this question`);
  question.branch.forEach((branch, i) => {
    const ranged = branch.from !== undefined || branch.to !== undefined;
    if (ranged && question.kind !== "scale") complain(["branch", i], "from and to are for scales");
    if (branch.option === undefined) {
      if (!ranged) complain(["branch", i], "needs from, to or option");
    } else if (question.kind === "scale" || question.kind === "text" || !canSay(question, branch.option))
      complain(["branch", i, "option"], `"${branch.option}" is no option of this question`);
    else if (WORDS.some((word) => word === branch.option)) complain(["branch", i, "option"], "is no option");
  });
}

/** Whether what a button says can be an answer to the question, or a word that holds everywhere. */
function canSay(question: SurveyQuestion, says: string): boolean {
  if (WORDS.some((word) => word === says)) return true;
  switch (question.kind) {
    case "scale": {
      const value = Number(says);
      return /^-?\d{1,3}$/.test(says) && value >= question.min && value <= question.max;
    }
    case "single":
    case "multiple":
      return question.options.some((option) => option.id === says);
    case "yes-no":
      return says === "yes" || says === "no";
    case "text":
      return false;
    default:
      return question satisfies never;
  }
}

interface Way {
  readonly to: string;
  readonly path: (string | number)[];
}

/** Every way out of a question; `end` is one, too. */
function waysOf(questions: readonly SurveyQuestion[], i: number): Way[] {
  const question = questions[i];
  if (question === undefined) return [];
  const ways: Way[] = question.branch.map((branch, j) => ({
    to: branch.next,
    path: ["questions", i, "branch", j, "next"],
  }));
  // The default way is there, too: a question whose quota is full is passed by on it.
  return [...ways, { to: question.next ?? questions[i + 1]?.id ?? END, path: ["questions", i, "next"] }];
}

/** Every way leads to a question or the end, and none back to where it came from. */
function checkWays({ questions }: Survey, complain: Complain): void {
  const places = new Map(questions.map(({ id }, i) => [id, i]));
  const state: ("open" | "done" | undefined)[] = [];
  const visit = (i: number): void => {
    state[i] = "open";
    for (const { to, path } of waysOf(questions, i)) {
      const place = places.get(to);
      if (place === undefined) {
        if (to !== END) complain(path, `no question "${to}"`);
      } else if (state[place] === "open") complain(path, `leads back to "${to}": the questionnaire would never end`);
      else if (state[place] === undefined) visit(place);
    }
    state[i] = "done";
  };
  questions.forEach((_, i) => {
    if (state[i] === undefined) visit(i);
  });
}
