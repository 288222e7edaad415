// Serves the demo's page on loopback: four files, a stream of what happens, and a place to press.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../place.ts";
import { asFault } from "../words/errors.ts";
import type { Desk } from "./desk.ts";

/** Largest body of a press, bytes. */
const MOST_BODY_BYTES = 256;
/** How long a press waits for the disk before the page is told that it takes longer, milliseconds. */
const PATIENCE_MS = 10_000;

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.css": ["page.css", "text/css; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
};

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export interface PageDeps {
  readonly desk: Pick<Desk, "press">;
  /** Buttons that exist. */
  readonly buttons: readonly string[];
  /** Answers a request with the stream of what happens; false when too many listen. */
  readonly join: (response: ServerResponse) => boolean;
}

export interface Page {
  /** http://127.0.0.1:PORT/ */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1.
 * @param port 0 for any free one
 * @throws Fault PAGE_PORT where another program has the port or it may not be had
 */
export async function servePage(port: number, deps: PageDeps): Promise<Page> {
  const files = new Map(
    Object.entries(FILES).map(([path, [file, type]]) => [
      path,
      { type, body: readFileSync(join(packageRoot(), "src", "demo", "page", file)) },
    ]),
  );
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 },
    (request, response) => {
      answer(request, response).catch(() => response.destroy());
    },
  );
  server.maxConnections = 64;
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch((thrown: unknown) => {
    throw asFault(thrown, "PAGE_PORT", `the page cannot have port ${port}`);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the page has no port");
  // Another name means a page from elsewhere had its name pointed at this machine (DNS rebinding).
  const hosts = new Set([`127.0.0.1:${address.port}`, `localhost:${address.port}`]);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (!hosts.has(request.headers.host ?? "")) return refuse(response, 421, "ask for 127.0.0.1");
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (path === "/press") {
      if (request.method !== "POST") return refuse(response, 405, "presses are posted", { allow: "POST" });
      return press(request, response);
    }
    const file = files.get(path);
    if (file === undefined && path !== "/live") return refuse(response, 404, "there is no such page");
    if (request.method !== "GET") return refuse(response, 405, "only to be read", { allow: "GET" });
    if (file !== undefined) {
      response.writeHead(200, { "content-type": file.type }).end(file.body);
      return;
    }
    if (!deps.join(response)) refuse(response, 503, "too many pages are open");
  };

  const PressBody = z.strictObject({ button: z.string().refine((button) => deps.buttons.includes(button)) });
  const press = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { origin, "content-type": type = "" } = request.headers;
    if (origin !== undefined && !hosts.has(origin.replace(/^http:\/\//, "")))
      return refuse(response, 403, "this page may not press");
    if (!/^application\/json\s*(;|$)/i.test(type)) return refuse(response, 415, "send application/json");
    const text = await bounded(request, MOST_BODY_BYTES);
    if (text === undefined) return refuse(response, 413, "too much for a press", { connection: "close" });
    const body = PressBody.safeParse(parsed(text));
    if (!body.success) return refuse(response, 400, `send {"button": one of ${deps.buttons.join(", ")}}`);
    const promise = deps.desk.press(body.data.button);
    if (promise === undefined) return refuse(response, 503, "the pad is not ready");
    const outcome = await within(promise, PATIENCE_MS);
    if (outcome === "thanks") say(response, 200, { thanks: true });
    else say(response, 202, { thanks: false });
  };

  return {
    url: `http://127.0.0.1:${address.port}/`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, why: string, headers: Record<string, string> = {}): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  say(response, status, { error: why });
}

/** The whole body, or undefined where it is longer than `most` bytes. */
async function bounded(request: IncomingMessage, most: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  // A body that is too long stays unread: the answer closes the connection.
  if (Number(request.headers["content-length"] ?? 0) > most) return undefined;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the promise says, or undefined where it takes longer than `ms`. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(timer);
  return first;
}
