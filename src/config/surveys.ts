// Questionnaires as versioned data: questions, branches, rotation, quotas, languages; and what is asked after a rating.
import { z } from "zod";
import { checkSurvey } from "./survey-check.ts";
import { TEMPLATES } from "./survey-templates.ts";

/** Most questions of one questionnaire; SERVQUAL has 44. */
const MAX_QUESTIONS = 100;

const id = z
  .string()
  .regex(/^[a-z0-9-]{1,48}$/, "use 1 to 48 of a-z, 0-9 and -")
  .describe("a name of 1 to 48 of a-z, 0-9 and -");
const language = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, "use a language tag such as de or pt-BR");
const words = z.string().min(1).max(500);
const Texts = z
  .union([words, z.record(language, words)])
  .describe("text in the first language, or language → text; what is missing is shown in the first language");
export type Texts = z.infer<typeof Texts>;
const languages = z.array(language).min(1).max(20);
const buttons = z
  .record(z.string().min(1).max(32), z.string().min(1).max(48))
  .describe(
    "button of a pad → what it says: a value of the scale, an option's id, `yes`, `no`, or `start`, `done`, `leave`; a button that is not named says its own name",
  );

const Branch = z
  .strictObject({
    from: z.number().optional().describe("of a scale: this value or more"),
    to: z.number().optional().describe("of a scale: this value or less"),
    option: z.string().min(1).max(48).optional().describe("this option was chosen; `yes` or `no` for yes-no"),
    next: id.describe("id of the question to go on with, or `end`"),
  })
  .describe("a way that depends on the answer");
export type Branch = z.infer<typeof Branch>;

const common = {
  id: id.describe("stable: metrics rely on it"),
  version: z.int().min(1).default(1).describe("raise it whenever the wording or the scale changes"),
  text: Texts.describe("the question, or language → question"),
  next: id.optional().describe("id of the question to go on with, or `end`; without it the following one"),
  branch: z.array(Branch).max(50).default([]).describe("the first that fits the answer decides; else `next`"),
  group: id.optional().describe("questions of one group are asked together where questions rotate"),
  quotaPerDay: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("most answers a day on this device; then it is left out"),
  buttons: buttons.optional(),
};
const Option = z
  .strictObject({
    id: id.describe("stable: it is what the answer says"),
    text: Texts.describe("the option, or language → option"),
  })
  .describe("something to choose");
const options = z.array(Option).min(2).max(50).describe("what there is to choose");

const scale = z
  .strictObject({
    kind: z.literal("scale"),
    ...common,
    min: z.int().min(-100).max(100).describe("lowest value"),
    max: z.int().min(-100).max(100).describe("highest value; every whole number between may be chosen"),
    look: z.enum(["numbers", "smileys"]).default("numbers").describe("how a screen shows it; smileys: 2 to 5 values"),
    low: Texts.optional().describe("what the lowest value means, or language → text"),
    high: Texts.optional().describe("what the highest value means, or language → text"),
    weight: z.number().min(0).max(1_000).optional().describe("for indices that weigh their items"),
  })
  .describe("whole numbers from min to max");
const single = z.strictObject({ kind: z.literal("single"), ...common, options }).describe("one of several options");
const multiple = z
  .strictObject({
    kind: z.literal("multiple"),
    ...common,
    options,
    most: z.int().min(1).max(50).optional().describe("most that may be chosen; without it all"),
  })
  .describe("one or more of several options");
const yesNo = z.strictObject({ kind: z.literal("yes-no"), ...common }).describe("yes or no");
const text = z
  .strictObject({
    kind: z.literal("text"),
    ...common,
    maxLength: z.int().min(1).max(1_000).default(500).describe("longest text, characters"),
  })
  .describe("a short text; it cannot be answered by a pad");

export const SurveyQuestion = z
  .discriminatedUnion("kind", [scale, single, multiple, yesNo, text])
  .describe("one question");
export type SurveyQuestion = z.infer<typeof SurveyQuestion>;

/** A questionnaire with its questions in full, whether written out or taken from a template. */
export interface Survey {
  readonly id: string;
  readonly version: number;
  /** The first is the one that every text has. */
  readonly languages: readonly string[];
  /** A question without an answer for this long ends the walk, milliseconds. */
  readonly timeoutMs: number;
  /** How many questions, or groups of questions, each customer is asked in turn; undefined: all. */
  readonly rotate: number | undefined;
  readonly quotaPerDay: number | undefined;
  readonly buttons: Readonly<Record<string, string>>;
  readonly questions: readonly SurveyQuestion[];
}

const points = z.number().min(0).max(100).describe("points of this dimension");
const Importance = z
  .strictObject({
    tangibles: points,
    reliability: points,
    responsiveness: points,
    assurance: points,
    empathy: points,
  })
  .refine((weights) => Object.values(weights).some((weight) => weight > 0), "at least one must be more than 0")
  .describe(
    "of SERVQUAL and SERVPERF: points that customers share out over the five; without it unweighted figures only",
  );

const TEMPLATE_NAMES = Object.keys(TEMPLATES) as [keyof typeof TEMPLATES, ...(keyof typeof TEMPLATES)[]];

export const SurveyConfig = z
  .strictObject({
    id: id.describe("named by `survey` of a touchpoint and by whoever starts it"),
    version: z.int().min(1).default(1).describe("raise it whenever questions or their order change"),
    template: z
      .enum(TEMPLATE_NAMES)
      .optional()
      .describe("a ready questionnaire in place of `questions`: see docs/surveys.md"),
    languages: languages
      .optional()
      .describe("languages it is offered in, the first for everybody else; default: en, or those of the template"),
    questions: z.array(SurveyQuestion).min(1).max(MAX_QUESTIONS).optional().describe("the questions, in order"),
    timeoutS: z
      .int()
      .min(1)
      .max(3_600)
      .default(60)
      .describe("a question without an answer for this long ends it, seconds"),
    rotate: z
      .int()
      .min(1)
      .max(MAX_QUESTIONS)
      .optional()
      .describe("each customer is asked so many questions (or groups) in turn; without it all"),
    quotaPerDay: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe("most answers a day to each question that has no quota of its own"),
    buttons: buttons.optional(),
    importance: Importance.optional(),
  })
  .describe("a questionnaire")
  .superRefine((given, context) => {
    if ((given.template === undefined) === (given.questions === undefined)) {
      context.addIssue({ code: "custom", path: ["questions"], message: "give either `questions` or a `template`" });
      return;
    }
    checkSurvey(expandSurvey(given), (path, message) => context.addIssue({ code: "custom", path, message }));
  });
/** What a person may write of a questionnaire. */
export type SurveyInputConfig = z.input<typeof SurveyConfig>;

/** The questionnaires as metrics know them: what they ask, and what they were taken from. */
export function questionnairesOf({ surveys }: { readonly surveys: readonly z.output<typeof SurveyConfig>[] }) {
  return surveys.map((given) => {
    const { template, importance } = given;
    const { id: survey, version, questions } = expandSurvey(given);
    return { id: survey, version, template, importance, questions };
  });
}

interface Given {
  readonly id: string;
  readonly version: number;
  readonly template?: keyof typeof TEMPLATES | undefined;
  readonly languages?: readonly string[] | undefined;
  readonly questions?: readonly SurveyQuestion[] | undefined;
  readonly timeoutS: number;
  readonly rotate?: number | undefined;
  readonly quotaPerDay?: number | undefined;
  readonly buttons?: Readonly<Record<string, string>> | undefined;
}

/** The questionnaire in full: what is shown of the configuration stays as short as it was written. */
export function expandSurvey(given: Given): Survey {
  const template = given.template === undefined ? undefined : TEMPLATES[given.template];
  return {
    id: given.id,
    version: given.version,
    languages: given.languages ?? template?.languages ?? ["en"],
    timeoutMs: given.timeoutS * 1_000,
    rotate: given.rotate ?? template?.rotate,
    quotaPerDay: given.quotaPerDay,
    buttons: given.buttons ?? {},
    questions: given.questions ?? template?.questions.map((question) => SurveyQuestion.parse(question)) ?? [],
  };
}
