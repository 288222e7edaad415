// The words of commands (`cmd/{name}`): what each takes and what its reply says, one zod schema each.
import { z } from "zod";
import { DEVICE_COMMANDS } from "./device-commands.ts";
import { CustomerKey } from "./feedback.ts";
import { PauseInput } from "./inputs.ts";

/** What every command says. Open: each command reads further fields of its own. */
export const CommandBody = z.looseObject({
  id: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, "use 1 to 64 visible ASCII characters")
    .describe("chosen by the sender, never used twice"),
  expires: z.iso.datetime({ offset: true }).describe("not to be run after this, at most 24 hours ahead"),
  by: z.string().min(1).max(200).describe("who asks: for the record, and where principals are configured one of them"),
  issued: z.iso
    .datetime({ offset: true })
    .optional()
    .describe("when it was made: then it is not run after one about the same thing that the same sender made later"),
  sig: z.string().optional().describe("the principal's Ed25519 signature, Base64; see docs/commands.md"),
});
export type CommandBody = z.infer<typeof CommandBody>;

const Resend = z.looseObject({
  from: z.int().min(1).describe("first seq"),
  to: z.int().min(1).describe("last seq, included; at most 100,000 rows at once"),
  stream: z.uuid().optional().describe("the stream meant; without it the device's present one"),
});
const Resent = z.object({
  stream: z.uuid(),
  queued: z.int().min(0).describe("rows that wait again; not those that wait anyway, were refused or are not kept"),
});

const SurveyStart = z.looseObject({
  touchpoint: z.string().min(1).max(48),
  survey: z.string().min(1).max(48).optional().describe("id of the questionnaire; absent: the touchpoint's own"),
  language: z.string().min(2).max(16).optional().describe("a language it does not have is its first one"),
});
const SurveyStarted = z.object({ touchpoint: z.string() });

const Alert = z.looseObject({
  by: z.string().max(64),
  key: z.string().min(1).max(64).optional().describe("of the alert; without it the oldest that is open"),
  touchpoint: z.string().max(48).optional().describe("only alerts of this one"),
  cause: z.string().min(1).max(200).optional().describe("what was found; said when it is resolved"),
});
const AlertSeenTo = z.object({ key: z.string(), rev: z.int().min(1), state: z.string() });

const Pause = z.looseObject({
  by: PauseInput.shape.by,
  camera: z.string().min(1).max(48).optional().describe("id of the camera; without it all"),
  minutes: PauseInput.shape.minutes,
});
const Resume = Pause.omit({ minutes: true });
const Paused = z.object({ paused: z.array(z.string()).describe("ids of the cameras that are paused now") });

const Erase = z.looseObject({
  what: z.enum(["customer", "transaction", "span", "all"]),
  customer: CustomerKey.optional().describe("of `customer`: as the events' `customer` has it"),
  transaction: z.string().min(1).max(200).optional().describe("of `transaction`: the till's number of the sale"),
  from: z.iso.datetime({ offset: true }).optional().describe("of `span`: its begin, included"),
  to: z.iso.datetime({ offset: true }).optional().describe("of `span`: its end, not included; not ahead"),
  touchpoint: z.string().min(1).max(48).optional().describe("of `span`: only this one and what names none"),
  reason: z.string().min(1).max(200).describe("why, for the record; it stays, so name nobody in it"),
});
const Ordered = z.object({ ordered: z.literal(true).describe("on disk; an `erased` event follows when it is done") });

const Update = z.looseObject({
  package: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/, "a plain file name")
    .describe("name of the manifest, in the folder where packages are laid on the device"),
  downgrade: z.boolean().optional().describe("true: also an older version than the one that runs, or the same again"),
});
const Updating = z.object({
  version: z
    .string()
    .describe("signature, architecture, version and length are good; the stage `update` tells of the copy"),
});

/**
 * Each command: what it is for, the fields of its own, and what a good reply says beside `id` and `ok`. `signed`: taken
 * only with a signature, unless `local.commands.signed` says otherwise.
 */
export const COMMANDS = {
  ...DEVICE_COMMANDS,
  resend: {
    says: "Rows that were sent and are still kept are sent again, after everything else, under their old numbers.",
    body: Resend,
    reply: Resent,
  },
  "survey.start": {
    says: "A questionnaire begins at a touchpoint.",
    body: SurveyStart,
    reply: SurveyStarted,
  },
  "alert.ack": { says: "Somebody takes care of an alert.", body: Alert, reply: AlertSeenTo },
  "alert.resolve": { says: "An alert has been seen to.", body: Alert, reply: AlertSeenTo },
  "camera.pause": { says: "Cameras are closed.", body: Pause, reply: Paused },
  "camera.resume": {
    says: "What was paused by command, and nobody else holds closed, is opened again.",
    body: Resume,
    reply: Paused,
  },
  erase: {
    says: "What can be tied to a customer or a sale, lies in a span of time, or all, is erased ([erase.md](erase.md)).",
    body: Erase,
    reply: Ordered,
    signed: true,
  },
  update: {
    says: "A signed package on the device is verified and handed over to the installer ([update.md](update.md)).",
    body: Update,
    reply: Updating,
    signed: true,
  },
} as const;
export type CommandName = keyof typeof COMMANDS;

/** Why a command was not run; `invalid` and `busy` also come from the command itself. */
export const REFUSALS = {
  retained: "commands are not to be retained",
  unknown: "this version has no such command",
  forbidden: "`by` is none of the principals configured, or may not give this command",
  unsigned: "it must be signed, and is not, or by nobody whose key is known",
  forged: "the signature is not that of `by` for this body, command and device",
  expired: "`expires` is over",
  "too-far": "`expires` lies more than 24 hours ahead, or after `issued`; or `issued` lies ahead",
  reordered: "one about the same thing, made later by the same sender, was run already",
  seen: "the id was used before; ids are kept 24 hours, on disk before the command runs",
  clock: "the device does not know the time, and this command does harm when run late",
  busy: "too many commands, or the disk did not answer",
  invalid: "its own fields are wrong",
} as const;
export type Refusal = keyof typeof REFUSALS;
const REASONS = [...(Object.keys(REFUSALS) as Refusal[]), "failed"] as const;

/** The reply to a command that was not run, or failed. */
export const Refused = z.object({
  id: z.string(),
  ok: z.literal(false),
  reason: z.enum(REASONS),
  message: z.string().describe("for a person; its words may change"),
});
