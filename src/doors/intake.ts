// What every local door does with a request: judge the body, take it once, and answer when it is on disk.
import { createHash, createHmac } from "node:crypto";
import { z } from "zod";
import { Fault, type FaultCode } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";
import type { FoundRoute, SealAtDoor } from "./bodies.ts";
import type { Remembered } from "./remembered.ts";

/** Largest body, bytes. */
export const MOST_BODY_BYTES = 16_384;
/** Requests of one door that wait for the disk at one moment; more are told to come again. */
const MOST_WAITING = 64;

/** Status of each refusal that is not 400. */
const STATUS: Partial<Record<FaultCode, number>> = {
  DOOR_TOKEN: 401,
  DOOR_ROUTE: 404,
  TOUCHPOINT_UNKNOWN: 404,
  CALLBACK_OFF: 404,
  CAMERA_UNKNOWN: 404,
  DOOR_LENGTH: 413,
  DOOR_TYPE: 415,
  DOOR_BUSY: 429,
  DOOR_LATE: 503,
  JOURNAL_WRITE: 503,
};

export function statusOf(fault: Fault): number {
  return STATUS[fault.code] ?? 400;
}

export interface IntakeDeps {
  /** Ids of the touchpoints that exist. */
  readonly touchpoints: readonly string[];
  readonly remembered: Remembered;
  /** Absent: no call-back contacts are taken. */
  readonly seal?: SealAtDoor;
  /** Boottime, milliseconds. */
  readonly nowMs: () => number;
  /** Hands an input to the engine; resolves when its step, with what `also` keeps, is on disk. */
  readonly decided: (
    input: Input,
    also: (facts: readonly Fact[]) => Readonly<Record<string, unknown>>,
  ) => Promise<{ readonly facts: readonly Fact[]; readonly dropped: readonly Fault[] }>;
}

export interface Request {
  readonly found: FoundRoute;
  /** The words as they were sent; the same key stands for the same words only. */
  readonly text: string;
  /** The same, read as JSON. */
  readonly body: unknown;
  /** The sender's name for this request: the same one again counts once. */
  readonly named?: string;
}

export interface Answer {
  /** 201 on disk, 200 said before or changed nothing. */
  readonly status: number;
  /** Ids of the events. */
  readonly events: readonly string[];
}

export interface Intake {
  /**
   * Takes one request; resolves when it is on disk.
   * @throws Fault DOOR_BODY, DOOR_KEY, DOOR_BUSY, TOUCHPOINT_UNKNOWN, CALLBACK_OFF, JOURNAL_WRITE, or what the engine refused
   */
  take(request: Request): Promise<Answer>;
}

/**
 * @param space what keys that senders choose are kept under; two doors need two, because their words are hashed apart
 * @param secret what words are hashed under: from a plain hash in the journal a card's number could be guessed
 */
export function createIntake(space: string, secret: Buffer, deps: IntakeDeps): Intake {
  const underway = new Map<string, { readonly body: string; readonly answer: Promise<Answer> }>();
  let waiting = 0;

  const decide = async (input: Input, key: string | undefined, body: string): Promise<Answer> => {
    const { facts, dropped } = await deps.decided(input, (decided) =>
      key === undefined ? {} : deps.remembered.note(key, body, ids(decided)),
    );
    if (facts.length === 0 && dropped[0] !== undefined) throw dropped[0];
    return { status: facts.length === 0 ? 200 : 201, events: ids(facts) };
  };

  /**
   * One input, once: a request under a key that was answered, or is being answered, gets that answer.
   * @param alone whether the key may stand for these words only
   */
  const once = (input: Input, key: string | undefined, body: string, alone: boolean): Promise<Answer> => {
    const before = key === undefined ? undefined : deps.remembered.find(key);
    const now = key === undefined ? undefined : underway.get(key);
    const known = now ?? before;
    if (alone && known !== undefined && known.body !== body)
      throw new Fault("DOOR_KEY", "this Idempotency-Key was used for another request");
    if (now?.body === body) return now.answer;
    if (now === undefined && before?.body === body) return Promise.resolve({ status: 200, events: before.events });
    if (waiting >= MOST_WAITING) throw new Fault("DOOR_BUSY", "too many requests wait for the disk");
    waiting += 1;
    const answer: Promise<Answer> = decide(input, key, body).finally(() => {
      waiting -= 1;
      if (key !== undefined && underway.get(key)?.answer === answer) underway.delete(key);
    });
    if (key !== undefined) underway.set(key, { body, answer });
    return answer;
  };

  return {
    async take({ found: { route, path, key }, text, body, named }) {
      if (named !== undefined && !/^[\x21-\x7e]{1,128}$/.test(named))
        throw new Fault("DOOR_KEY", "the Idempotency-Key is none");
      const input = route.input(body, deps.nowMs(), key, deps.seal);
      if (input instanceof z.ZodError) throw new Fault("DOOR_BODY", sentence(input));
      if ("touchpoint" in input && input.touchpoint !== undefined && !deps.touchpoints.includes(input.touchpoint))
        throw new Fault("TOUCHPOINT_UNKNOWN", "there is no such touchpoint");
      const told = route.words?.(body) ?? text;
      const words = createHmac("sha256", secret).update(path).update("\n").update(told).digest("base64url");
      return named === undefined
        ? once(input, route.natural(input), words, false)
        : once(input, `${space} ${named}`, words, true);
    },
  };
}

/** Of equal length whatever was given, so that comparing takes the same time. */
export function digest(secret: string): Buffer {
  return createHash("sha256").update(secret, "utf8").digest();
}

/** @throws Fault DOOR_BODY */
export function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Fault("DOOR_BODY", "the body is not UTF-8");
  }
}

/** @throws Fault DOOR_BODY */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault("DOOR_BODY", "the body is not JSON");
  }
}

function ids(facts: readonly Fact[]): string[] {
  return facts.map(({ id }) => id);
}

/** Where a body is wrong: paths and rules, never what was sent. */
function sentence({ issues }: z.ZodError): string {
  return issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`)
    .join("; ")
    .slice(0, 500);
}
