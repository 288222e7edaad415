// The local HTTP door: who may come in, what is taken, and an answer only when it is on disk.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import type { HttpConfig } from "../config/context.ts";
import { asFault, Fault, type FaultCode } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";
import { ROUTES, type Route } from "./bodies.ts";
import { type Health, prometheusText } from "./prometheus.ts";
import type { Remembered } from "./remembered.ts";

/** Largest body, bytes. */
export const MOST_BODY_BYTES = 16_384;
/** Requests that wait for the disk at one moment; more are told to come again. */
const MOST_WAITING = 64;

/** Status of each refusal. */
const STATUS: Partial<Record<FaultCode, number>> = {
  DOOR_TOKEN: 401,
  DOOR_ROUTE: 404,
  TOUCHPOINT_UNKNOWN: 404,
  DOOR_LENGTH: 413,
  DOOR_TYPE: 415,
  DOOR_BUSY: 429,
  DOOR_LATE: 503,
  JOURNAL_WRITE: 503,
};

export interface DoorDeps {
  /** Ids of the touchpoints that exist. */
  readonly touchpoints: readonly string[];
  readonly remembered: Remembered;
  /** Boottime, milliseconds. */
  readonly nowMs: () => number;
  /** Hands an input to the engine; resolves when its step, with what `also` keeps, is on disk. */
  readonly decided: (
    input: Input,
    also: (facts: readonly Fact[]) => Readonly<Record<string, unknown>>,
  ) => Promise<{ readonly facts: readonly Fact[]; readonly dropped: readonly Fault[] }>;
  readonly health: () => Health;
  /** Counts requests by what became of them. */
  readonly count: (name: string) => void;
}

export interface Door {
  /** http://ADDRESS:PORT/ */
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly events: readonly string[];
}

/**
 * Listens where the settings say.
 * @throws Fault DOOR_PORT where the port may not be had
 */
export async function openDoor(settings: HttpConfig, token: string, deps: DoorDeps): Promise<Door> {
  const secret = digest(token);
  const underway = new Map<string, { readonly body: string; readonly answer: Promise<Answer> }>();
  let waiting = 0;

  const server = createServer(
    {
      headersTimeout: settings.readMs,
      requestTimeout: settings.readMs,
      connectionsCheckingInterval: Math.min(1_000, settings.readMs),
      maxHeaderSize: 8_192,
    },
    (request, response) => {
      serve(request, response).catch((thrown: unknown) => {
        if (response.headersSent || response.destroyed || thrown === CUT) response.destroy();
        else refuse(response, asFault(thrown, "JOURNAL_WRITE"));
      });
    },
  );
  server.maxConnections = settings.connections;
  server.listen(settings.port, settings.host);
  await once(server, "listening").catch((thrown: unknown) => {
    throw asFault(thrown, "DOOR_PORT", `the door cannot have port ${settings.port}`);
  });

  const refuse = (response: ServerResponse, fault: Fault, headers: Record<string, string> = {}): void => {
    deps.count(`refused.${fault.code}`);
    const status = headers.allow === undefined ? (STATUS[fault.code] ?? 400) : 405;
    // What is left of a body stays unread: the connection ends with the answer.
    say(
      response,
      status,
      { error: fault.toJSON() },
      { ...headers, ...(status === 413 ? { connection: "close" } : {}) },
    );
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (!timingSafeEqual(digest(given), secret))
      return refuse(response, new Fault("DOOR_TOKEN", "no token, or not the right one"), {
        "www-authenticate": "Bearer",
      });
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (path === "/v1/health" || path === "/v1/metrics") {
      if (request.method !== "GET")
        return refuse(response, new Fault("DOOR_ROUTE", "only to be read"), { allow: "GET" });
      if (path === "/v1/health") return say(response, 200, deps.health());
      const type = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
      return void response.writeHead(200, type).end(prometheusText(deps.health()));
    }
    const found = findRoute(path);
    if (found === undefined) return refuse(response, new Fault("DOOR_ROUTE", "there is no such path"));
    if (request.method !== "POST")
      return refuse(response, new Fault("DOOR_ROUTE", "only to be posted to"), { allow: "POST" });
    try {
      const answer = await post(request, found);
      deps.count("taken");
      say(response, answer.status, { events: answer.events });
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      refuse(response, thrown);
    }
  };

  const post = async (
    request: IncomingMessage,
    found: { route: Route; path: string; key: string },
  ): Promise<Answer> => {
    const { "content-type": type = "", "idempotency-key": named } = request.headers;
    if (!/^application\/json\s*(;|$)/i.test(type)) throw new Fault("DOOR_TYPE", "the body is not said to be JSON");
    if (named !== undefined && (typeof named !== "string" || !/^[\x21-\x7e]{1,128}$/.test(named)))
      throw new Fault("DOOR_KEY", "the Idempotency-Key is none");
    const text = await bounded(request);
    const input = found.route.input(parsed(text), deps.nowMs(), found.key);
    if (input instanceof z.ZodError) throw new Fault("DOOR_BODY", sentence(input));
    if ("touchpoint" in input && input.touchpoint !== undefined && !deps.touchpoints.includes(input.touchpoint))
      throw new Fault("TOUCHPOINT_UNKNOWN", "there is no such touchpoint");
    // Kept in the journal, so under a secret: from a plain hash a card's number could be guessed.
    const body = createHmac("sha256", secret).update(found.path).update("\n").update(text).digest("base64url");
    if (named !== undefined) return take(input, `key ${named}`, body, true);
    return take(input, found.route.natural(input), body, false);
  };

  /**
   * One input, once: a request under a key that was answered, or is being answered, gets that answer.
   * @param alone whether the key may stand for these words only
   */
  const take = (input: Input, key: string | undefined, body: string, alone: boolean): Promise<Answer> => {
    const before = key === undefined ? undefined : deps.remembered.find(key);
    const now = key === undefined ? undefined : underway.get(key);
    const known = now ?? before;
    if (alone && known !== undefined && known.body !== body)
      throw new Fault("DOOR_KEY", "this Idempotency-Key was used for another request");
    if (now?.body === body) return patiently(now.answer);
    if (now === undefined && before?.body === body) return Promise.resolve({ status: 200, events: before.events });
    if (waiting >= MOST_WAITING) throw new Fault("DOOR_BUSY", "too many requests wait for the disk");
    waiting += 1;
    const answer: Promise<Answer> = decide(input, key, body).finally(() => {
      waiting -= 1;
      if (key !== undefined && underway.get(key)?.answer === answer) underway.delete(key);
    });
    if (key !== undefined) underway.set(key, { body, answer });
    return patiently(answer);
  };

  const decide = async (input: Input, key: string | undefined, body: string): Promise<Answer> => {
    const { facts, dropped } = await deps.decided(input, (decided) =>
      key === undefined ? {} : deps.remembered.note(key, body, ids(decided)),
    );
    if (facts.length === 0 && dropped[0] !== undefined) throw dropped[0];
    return { status: facts.length === 0 ? 200 : 201, events: ids(facts) };
  };

  /** The answer, or a fault where the disk takes longer: the step is not taken back, so the same key finds it. */
  const patiently = async (answer: Promise<Answer>): Promise<Answer> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Fault("DOOR_LATE", "the disk has not answered yet")), settings.commitMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
      // Who waits no longer does not hear of a failure any more.
      answer.catch(() => undefined);
    }
  };

  const address = server.address();
  if (address === null || typeof address === "string") throw new Fault("DOOR_PORT", "the door has no port");
  const host = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
  return {
    url: `http://${host}:${address.port}/`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The client went away in the middle of its request: nobody is there to be answered. */
const CUT = Symbol("cut");

function ids(facts: readonly Fact[]): string[] {
  return facts.map(({ id }) => id);
}

/** Of equal length whatever was given, so that comparing takes the same time. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token, "utf8").digest();
}

function findRoute(path: string): { route: Route; path: string; key: string } | undefined {
  const alert = /^\/v1\/alerts\/([\w.:~%-]{1,200})\/(acknowledge|resolve)$/.exec(path);
  const route = Object.hasOwn(ROUTES, alert === null ? path : `/v1/alerts/{key}/${alert[2]}`)
    ? ROUTES[alert === null ? path : `/v1/alerts/{key}/${alert[2]}`]
    : undefined;
  if (route === undefined) return undefined;
  try {
    return { route, path, key: decodeURIComponent(alert?.[1] ?? "") };
  } catch {
    return undefined;
  }
}

function say(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const common = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  response.writeHead(status, { ...common, ...headers }).end(JSON.stringify(body));
}

/** The whole body as text. @throws Fault DOOR_LENGTH, DOOR_BODY */
async function bounded(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const tooLong = new Fault("DOOR_LENGTH", "the body is too long");
  if (Number(request.headers["content-length"] ?? 0) > MOST_BODY_BYTES) throw tooLong;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MOST_BODY_BYTES) throw tooLong;
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw thrown === tooLong ? thrown : CUT;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Fault("DOOR_BODY", "the body is not UTF-8");
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault("DOOR_BODY", "the body is not JSON");
  }
}

/** Where a body is wrong: paths and rules, never what was sent. */
function sentence({ issues }: z.ZodError): string {
  return issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`)
    .join("; ")
    .slice(0, 500);
}
