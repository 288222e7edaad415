// The words of the inward side: what buttons and cameras say to a touchpoint, one zod schema each.
import { z } from "zod";
import { AgeBand, EXPRESSIONS, SEXES, UNREAD } from "./events.ts";

/** Identity of a press on a pad with the contract's protocol; the same four values are the same press. */
export const PressRef = z.object({
  port: z.string(),
  pad: z.string(),
  session: z.string(),
  counter: z.int().min(0).max(65535),
});
export type PressRef = z.infer<typeof PressRef>;

/** A button went down. */
export const PressInput = z.object({
  kind: z.literal("press"),
  pad: z.string().describe("the pad's id in the configuration"),
  button: z.string(),
  atMs: z.number().describe("boottime milliseconds of the press itself, age already taken off"),
  ref: PressRef.optional(),
  software: z.literal(true).optional().describe("said at a door: no hand was on a button of this device"),
});
export type PressInput = z.infer<typeof PressInput>;

/** A pad said hello, or a reader read a code: kept for health and later use. */
export const PadHello = z.object({
  kind: z.literal("hello"),
  pad: z.string(),
  session: z.string(),
  firmware: z.string(),
  batteryPercent: z.int().min(0).max(100).optional(),
});
export type PadHello = z.infer<typeof PadHello>;

/** A code read by a barcode, card or badge reader. */
export const ScanInput = z.object({
  kind: z.literal("scan"),
  pad: z.string(),
  code: z.string().max(256),
  atMs: z.number(),
});
export type ScanInput = z.infer<typeof ScanInput>;

/** A button is stuck, chatters, or is well again. */
export const ButtonCondition = z.object({
  kind: z.literal("condition"),
  pad: z.string(),
  button: z.string(),
  condition: z.enum(["stuck", "chatter", "ok"]),
  atMs: z.number(),
});
export type ButtonCondition = z.infer<typeof ButtonCondition>;

/** Everything a pad can say. */
export type PadInput = PressInput | PadHello | ScanInput | ButtonCondition;

/** x, y, width, height; here as shares of the frame (0..1), origin top left. */
export const Box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
export type Box = z.infer<typeof Box>;

export const FaceSeen = z.object({
  box: Box,
  score: z.number().min(0).max(1),
  expression: z.partialRecord(z.enum(EXPRESSIONS), z.number()).optional(),
  ages: z.record(AgeBand, z.number()).optional(),
  sexes: z.record(z.enum(SEXES), z.number()).optional(),
  unread: z.enum(UNREAD).optional().describe("why nothing was read off it, where something was wanted"),
});
export type FaceSeen = z.infer<typeof FaceSeen>;
export const PersonSeen = z.object({ box: Box, score: z.number().min(0).max(1) });
export type PersonSeen = z.infer<typeof PersonSeen>;

/** One frame, as numbers: all that ever leaves the vision room. */
export const Seen = z.object({
  kind: z.literal("seen"),
  camera: z.string(),
  atMs: z.number().describe("boottime milliseconds when the frame arrived"),
  faces: z.array(FaceSeen),
  persons: z.array(PersonSeen),
});
export type Seen = z.infer<typeof Seen>;

/** A camera stopped or came back. While it is away nobody can say that a zone is empty. */
export const CameraState = z.object({
  kind: z.literal("camera"),
  camera: z.string(),
  live: z.boolean(),
  cause: z.literal("paused").optional().describe("why it is away, where somebody wanted that"),
  atMs: z.number(),
});
export type CameraState = z.infer<typeof CameraState>;

/** A till's sale. Money is in whole units of the currency, such as 12.5. */
export const TransactionInput = z.object({
  kind: z.literal("transaction"),
  touchpoint: z.string(),
  transaction: z.string().min(1).max(64),
  amount: z.number().nullable().default(null),
  currency: z.string().length(3).optional(),
  items: z.int().min(0).nullable().default(null),
  staff: z.string().min(1).max(64).optional(),
  atMs: z.number(),
});
export type TransactionInput = z.infer<typeof TransactionInput>;

/** Somebody comes on duty at a touchpoint or leaves. */
export const ShiftInput = z.object({
  kind: z.literal("shift"),
  touchpoint: z.string(),
  action: z.enum(["start", "end"]),
  staff: z.string().min(1).max(64),
  source: z.enum(["badge", "api", "schedule"]),
  atMs: z.number(),
});
export type ShiftInput = z.infer<typeof ShiftInput>;

/** A queue or till system opens or closes a service window. */
export const ServiceInput = z.object({
  kind: z.literal("service"),
  touchpoint: z.string(),
  action: z.enum(["open", "close"]),
  service: z.string().min(1).max(64),
  ticket: z.string().max(64).optional(),
  staff: z.string().min(1).max(64).optional(),
  transaction: z.string().min(1).max(64).optional(),
  atMs: z.number(),
});
export type ServiceInput = z.infer<typeof ServiceInput>;

/** A seller begins or ends an attempt to sell. */
export const ActivityInput = z.object({
  kind: z.literal("activity"),
  touchpoint: z.string(),
  action: z.enum(["start", "end"]),
  outcome: z.enum(["sale", "no-sale", "unknown"]).optional(),
  staff: z.string().min(1).max(64).optional(),
  atMs: z.number(),
});
export type ActivityInput = z.infer<typeof ActivityInput>;

/** A screen or a caller starts a questionnaire, answers its present question or leaves it. */
export const SurveyInput = z.object({
  kind: z.literal("survey"),
  touchpoint: z.string(),
  action: z.enum(["start", "answer", "leave"]),
  survey: z.string().optional().describe("id of the questionnaire; absent: the touchpoint's own"),
  language: z.string().max(16).optional(),
  run: z.string().max(64).optional().describe("the walk that is meant; another one than the present is refused"),
  question: z.string().optional().describe("the question that is answered; another one than the present is refused"),
  value: z.number().optional(),
  choices: z.array(z.string()).max(50).optional(),
  text: z.string().max(1_000).optional(),
  atMs: z.number(),
});
export type SurveyInput = z.infer<typeof SurveyInput>;

/** Somebody saw to an alert. */
export const AlertInput = z.object({
  kind: z.literal("alert"),
  action: z.enum(["acknowledge", "resolve"]),
  key: z.string().optional().describe("absent: the oldest open alert of the touchpoint"),
  touchpoint: z.string().optional(),
  by: z.string().min(1).max(64),
  via: z.enum(["mqtt", "http", "badge", "button"]),
  cause: z.string().max(200).optional(),
  atMs: z.number(),
});
export type AlertInput = z.infer<typeof AlertInput>;

/** A customer wants to be called back; the contact was sealed before it became an input. */
export const CallbackInput = z.object({
  kind: z.literal("callback"),
  touchpoint: z.string(),
  key: z.string().describe("id of the server's key"),
  sealed: z.string(),
  keepMs: z.number().min(0).describe("how long it may stay on the device"),
  follows: z.string().min(1).max(64).optional().describe("id of the press or answer that it follows"),
  alert: z.string().min(1).max(200).optional().describe("key of the alert that it belongs to"),
  atMs: z.number(),
});
export type CallbackInput = z.infer<typeof CallbackInput>;

/** Somebody wants cameras to be paused, or to see again. */
export const PauseInput = z.object({
  kind: z.literal("pause"),
  action: z.enum(["pause", "resume", "toggle"]).describe("toggle: pause them, or where all are paused resume them"),
  cameras: z.array(z.string()).optional().describe("ids; absent: all"),
  minutes: z
    .int()
    .min(1)
    .max(43_200)
    .optional()
    .describe("how long a pause lasts, minutes; absent: until it is lifted"),
  by: z
    .string()
    .min(1)
    .max(64)
    .regex(/^\P{Cc}+$/u, "no control characters")
    .describe("who wants it, for the record; shown where the pause is"),
  via: z.enum(["mqtt", "http", "button"]),
  atMs: z.number(),
});
export type PauseInput = z.infer<typeof PauseInput>;

/** Time passed: dwell, grace and interval ends are decided on ticks. */
export interface Tick {
  readonly kind: "tick";
  readonly atMs: number;
}

/** Everything a touchpoint decides on. */
export type Input =
  | PressInput
  | PadHello
  | ScanInput
  | ButtonCondition
  | Seen
  | CameraState
  | TransactionInput
  | ShiftInput
  | ServiceInput
  | ActivityInput
  | SurveyInput
  | AlertInput
  | CallbackInput
  | PauseInput
  | Tick;

/**
 * What a pad's lamp, screen or beeper shows. `felt` at once, `thanks` only after the commit; `paused` while the camera that
 * the pad's button pauses is closed.
 */
export const INDICATIONS = ["off", "felt", "thanks", "attention", "error", "paused"] as const;
export type Indication = (typeof INDICATIONS)[number];
