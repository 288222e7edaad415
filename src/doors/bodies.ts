// What each route takes: one zod schema per body, from which validation, the OpenAPI document and docs/http.md come.
import { z } from "zod";
import { Fault } from "../words/errors.ts";
import type { Input } from "../words/inputs.ts";
import {
  ActivityInput,
  AlertInput,
  CallbackInput,
  PauseInput,
  PressInput,
  ScanInput,
  ServiceInput,
  ShiftInput,
  SurveyInput,
  TransactionInput,
} from "../words/inputs.ts";
import { Contact } from "./sealed-contact.ts";

const ageMs = z.number().min(0).max(86_400_000).default(0).describe("how long ago it happened, milliseconds; 0: now");

const Transaction = z.strictObject({ ...TransactionInput.omit({ kind: true, atMs: true }).shape, ageMs });
const Shift = z.strictObject({ ...ShiftInput.omit({ kind: true, atMs: true, source: true }).shape, ageMs });
const Service = z.strictObject({ ...ServiceInput.omit({ kind: true, atMs: true }).shape, ageMs });
const Activity = z.strictObject({ ...ActivityInput.omit({ kind: true, atMs: true }).shape, ageMs });
const Scan = z.strictObject({ ...ScanInput.omit({ kind: true, atMs: true }).shape, ageMs });
const Press = z.strictObject({
  ...PressInput.omit({ kind: true, atMs: true, ref: true, software: true }).shape,
  ageMs,
});
const Survey = z.strictObject(SurveyInput.omit({ kind: true, atMs: true }).shape);
const Alert = z.strictObject(AlertInput.pick({ by: true, cause: true }).shape);
const camera = z.string().min(1).max(48).optional().describe("id of the camera; without it all");
const Pause = z.strictObject({ camera, ...PauseInput.pick({ minutes: true, by: true }).shape });
const Resume = z.strictObject({ camera, by: PauseInput.shape.by });
const Callback = z.strictObject({
  ...CallbackInput.pick({ touchpoint: true, follows: true, alert: true }).shape,
  ...Contact.shape,
  consent: z.literal(true).describe("the customer agreed to be called back under this contact"),
});

/** Seals a contact; says under which key, and how long it may stay on the device, milliseconds. */
export type SealAtDoor = (touchpoint: string, contact: Contact) => Pick<CallbackInput, "key" | "sealed" | "keepMs">;

export interface Route {
  readonly summary: string;
  readonly body: z.ZodType;
  /** What the input itself is called: said again in the same words it is a repetition, with no Idempotency-Key. */
  readonly natural: (input: Input) => string | undefined;
  /**
   * The input that a body is, or what is wrong with it.
   * @param nowMs boottime now, milliseconds
   * @param key what stands in the path, for the routes that have something there
   * @param seal where contacts are taken
   * @throws Fault CALLBACK_OFF
   */
  readonly input: (body: unknown, nowMs: number, key: string, seal: SealAtDoor | undefined) => Input | z.ZodError;
  /** What of a good body is remembered, as a keyed hash, to know it again; absent: all of its words. */
  readonly words?: (body: unknown) => string;
}

function route<T>(
  summary: string,
  body: z.ZodType<T>,
  make: (said: T, nowMs: number, key: string, seal: SealAtDoor | undefined) => Input,
): Route {
  return {
    summary,
    body,
    natural,
    input: (given, nowMs, key, seal) => {
      const said = body.safeParse(given);
      return said.success ? make(said.data, nowMs, key, seal) : said.error;
    },
  };
}

/** The last word of a sale or window counts; a correction back to former words is a new one. */
function natural(input: Input): string | undefined {
  if (input.kind === "transaction") return `transaction ${input.touchpoint} ${input.transaction}`;
  if (input.kind === "service") return `service ${input.touchpoint} ${input.service}`;
  return undefined;
}

/** What is left of a body when its age has become a moment. */
function timed<T extends { ageMs: number }>({ ageMs: age, ...rest }: T, nowMs: number) {
  return { ...rest, atMs: nowMs - age };
}

function paused(
  action: PauseInput["action"],
  { camera: named, ...said }: z.infer<typeof Pause>,
  nowMs: number,
): PauseInput {
  return {
    kind: "pause",
    action,
    via: "http",
    ...(named === undefined ? {} : { cameras: [named] }),
    ...said,
    atMs: nowMs,
  };
}

/** Path → what may be posted there. `{key}` stands for one part of the path. */
export const ROUTES: Readonly<Record<string, Route>> = {
  "/v1/transactions": route("A sale; the same number again corrects it", Transaction, (said, nowMs) => ({
    kind: "transaction",
    ...timed(said, nowMs),
  })),
  "/v1/shifts": route("Somebody comes on duty or leaves", Shift, (said, nowMs) => ({
    kind: "shift",
    source: "api",
    ...timed(said, nowMs),
  })),
  "/v1/services": route("A service window opens or closes", Service, (said, nowMs) => ({
    kind: "service",
    ...timed(said, nowMs),
  })),
  "/v1/activities": route("A seller's attempt begins or ends", Activity, (said, nowMs) => ({
    kind: "activity",
    ...timed(said, nowMs),
  })),
  "/v1/scans": route("A code was read", Scan, (said, nowMs) => ({ kind: "scan", ...timed(said, nowMs) })),
  "/v1/presses": route("A button of a software pad was pressed", Press, (said, nowMs) => ({
    kind: "press",
    software: true,
    ...timed(said, nowMs),
  })),
  "/v1/surveys": route("A questionnaire is begun, answered or left", Survey, (said, nowMs) => ({
    kind: "survey",
    ...said,
    atMs: nowMs,
  })),
  "/v1/cameras/pause": route("Cameras are closed until they are resumed", Pause, (said, nowMs) =>
    paused("pause", said, nowMs),
  ),
  "/v1/cameras/resume": route("Cameras that were paused at this door see again", Resume, (said, nowMs) =>
    paused("resume", said, nowMs),
  ),
  "/v1/callbacks": {
    ...route(
      "A customer leaves a way to be called back; it is sealed before anything else happens",
      Callback,
      ({ touchpoint, contact, language, consent: _, ...about }, nowMs, _key, seal) => {
        if (seal === undefined) throw new Fault("CALLBACK_OFF", "no call-back contacts are taken here");
        const said: Contact = { contact, ...(language === undefined ? {} : { language }) };
        return { kind: "callback", touchpoint, ...about, ...seal(touchpoint, said), atMs: nowMs };
      },
    ),
    // Telephone numbers are few enough to be tried out against a hash whose key lies on the same card.
    words: (body) => JSON.stringify({ ...(body as object), contact: undefined }),
  },
  "/v1/alerts/{key}/acknowledge": route("Somebody takes care of an alert", Alert, (said, nowMs, key) => ({
    kind: "alert",
    action: "acknowledge",
    via: "http",
    key,
    ...said,
    atMs: nowMs,
  })),
  "/v1/alerts/{key}/resolve": route("An alert has been seen to", Alert, (said, nowMs, key) => ({
    kind: "alert",
    action: "resolve",
    via: "http",
    key,
    ...said,
    atMs: nowMs,
  })),
};

/** What is only read. */
export const READ = {
  "/v1/health": "State of every stage and all counters, as JSON",
  "/v1/metrics": "The same in the Prometheus text format",
} as const;

export interface FoundRoute {
  readonly route: Route;
  readonly path: string;
  /** What stands in the place of `{key}`; empty where nothing does. */
  readonly key: string;
}

/** The route of a path as it was sent; undefined where there is none. */
export function findRoute(path: string): FoundRoute | undefined {
  const alert = /^\/v1\/alerts\/([\w.:~%-]{1,200})\/(acknowledge|resolve)$/.exec(path);
  const name = alert === null ? path : `/v1/alerts/{key}/${alert[2]}`;
  const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  if (route === undefined) return undefined;
  try {
    return { route, path, key: decodeURIComponent(alert?.[1] ?? "") };
  } catch {
    return undefined;
  }
}
