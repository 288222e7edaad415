// The local HTTP door: who may come in, what is taken, and an answer only when it is on disk.
import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { HttpConfig } from "../config/context.ts";
import { asFault, Fault } from "../words/errors.ts";
import { type FoundRoute, findRoute } from "./bodies.ts";
import {
  type Answer,
  createIntake,
  decoded,
  digest,
  type IntakeDeps,
  MOST_BODY_BYTES,
  parsed,
  statusOf,
} from "./intake.ts";
import { type Health, prometheusText } from "./prometheus.ts";

export interface DoorDeps extends IntakeDeps {
  readonly health: () => Health;
  /** Counts requests by what became of them. */
  readonly count: (name: string) => void;
}

export interface Door {
  /** http://ADDRESS:PORT/ */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Listens where the settings say.
 * @throws Fault DOOR_PORT where the port may not be had
 */
export async function openDoor(settings: HttpConfig, token: string, deps: DoorDeps): Promise<Door> {
  const secret = digest(token);
  const intake = createIntake("key", secret, deps);

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
    const status = headers.allow === undefined ? statusOf(fault) : 405;
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

  const post = async (request: IncomingMessage, found: FoundRoute): Promise<Answer> => {
    const { "content-type": type = "", "idempotency-key": named } = request.headers;
    if (!/^application\/json\s*(;|$)/i.test(type)) throw new Fault("DOOR_TYPE", "the body is not said to be JSON");
    if (named !== undefined && typeof named !== "string") throw new Fault("DOOR_KEY", "the Idempotency-Key is none");
    const text = decoded(await bounded(request));
    return patiently(intake.take({ found, text, body: parsed(text), ...(named === undefined ? {} : { named }) }));
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

function say(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const common = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  response.writeHead(status, { ...common, ...headers }).end(JSON.stringify(body));
}

/** The whole body. @throws Fault DOOR_LENGTH */
async function bounded(request: IncomingMessage): Promise<Buffer> {
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
  return Buffer.concat(chunks);
}
