// Event data of the feedback family: presses, answers, surveys, what was judged of presses, alerts.
import { z } from "zod";
import { instant } from "./instant.ts";

/** A customer as a keyed hash: the raw number never leaves the reader's room. */
export const CustomerKey = z.object({
  key: z.string().describe("id of the secret key, so that hashes of different keys are not compared"),
  hash: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .describe("first 128 bits of HMAC-SHA-256 over the number, hexadecimal"),
});
export type CustomerKey = z.infer<typeof CustomerKey>;

/** Who served, what was bought, who bought: only where it is known. */
export const Circumstances = z.object({
  staff: z.string().optional().describe("label of the person on shift"),
  shift: z.string().optional().describe("id of the shift"),
  transaction: z.string().optional().describe("the till's number of the sale"),
  service: z.string().optional().describe("id of the service window"),
  customer: CustomerKey.optional(),
  campaign: z.string().optional().describe("label of what is tried out at the time"),
});
export type Circumstances = z.infer<typeof Circumstances>;

/** A rating or reason button was pressed. */
export const PressData = Circumstances.extend({
  pad: z.string(),
  button: z.string(),
  question: z.string(),
  questionVersion: z.int().min(1),
  value: z.number().nullable().describe("the button's value on the question's scale; null for a reason button"),
  min: z.number(),
  max: z.number(),
  flags: z.array(z.string()).describe("what was known to be odd about the press when it came"),
  follows: z.string().optional().describe("id of the press that this one explains"),
  people: z
    .int()
    .min(0)
    .optional()
    .describe("most people in the zone in the 2 s before it; absent where no live camera looked"),
});

/**
 * A customer left a way to be called back, sealed to the server's key. Never with staff, shift, sale, customer or
 * expression: what it may be put together with is what `follows` and `alert` name.
 */
export const CallbackData = z.object({
  key: z.string().describe("id of the server's key it is sealed to"),
  sealed: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .describe("base64url of the sealed contact, as docs/callback.md says it"),
  expires: instant,
  follows: z.string().optional().describe("id of the press or answer that it follows"),
  alert: z.string().optional().describe("key of the alert that it belongs to"),
});

export const JUDGEMENTS = ["repeat", "sweep", "stuck", "unattended"] as const;

/** Presses found later not to be what they seem. The presses themselves are kept as they came. */
export const JudgementData = z.object({
  policy: z.string().describe("name and version of the rules that judged"),
  verdict: z.enum(JUDGEMENTS),
  presses: z.array(z.string()).min(1).describe("ids of the press events that are meant"),
  reason: z.string().describe("what was seen, in a sentence"),
});

/** One answer of a questionnaire. */
export const AnswerData = Circumstances.extend({
  run: z.string().describe("id of this walk through the questionnaire"),
  survey: z.string().describe("id of the questionnaire"),
  surveyVersion: z.int().min(1),
  question: z.string(),
  questionVersion: z.int().min(1),
  kind: z.enum(["scale", "single", "multiple", "yes-no", "text"]),
  language: z.string(),
  value: z.number().nullable().describe("on the question's scale; 1 and 0 for yes and no; null for choices and text"),
  min: z.number().optional(),
  max: z.number().optional(),
  choices: z.array(z.string()).describe("ids of the options that were chosen"),
  text: z.string().max(1_000).optional(),
  follows: z.string().optional().describe("id of the press that led to it"),
  press: z.string().optional().describe("id of the press event of a reason button that said the same"),
});

/** A questionnaire ended. */
export const SurveyData = Circumstances.extend({
  run: z.string(),
  survey: z.string(),
  surveyVersion: z.int().min(1),
  language: z.string(),
  outcome: z.enum(["finished", "abandoned"]),
  answers: z.array(z.string()).describe("ids of the answer events; an abandoned one keeps what was said"),
  asked: z.int().min(0).describe("questions that were shown"),
  start: instant,
  end: instant,
});

export const ALERT_STATES = ["raised", "acknowledged", "resolved", "escalated"] as const;

/** Something needs somebody now, or has been seen to. The highest `rev` of a `key` is what holds. */
export const AlertData = z.object({
  key: z.string().describe("one alert from raised to resolved"),
  rev: z.int().min(1),
  state: z.enum(ALERT_STATES),
  rule: z.string().describe("id of the rule that raised it"),
  reason: z.string().describe("what happened, in a sentence"),
  count: z.int().min(1).describe("how often the rule was met while this alert was open"),
  raisedAt: instant,
  ageMs: z.number().min(0).describe("since it was raised"),
  by: z.string().optional().describe("who acknowledged or resolved it"),
  via: z.enum(["mqtt", "http", "badge", "button", "rule"]).optional(),
  cause: z.string().optional().describe("what was found, said when it was resolved"),
  press: z.string().optional().describe("id of the press that raised it"),
});
