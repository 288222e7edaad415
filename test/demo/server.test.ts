// The page's server: presses that are thanked only when acknowledged, and everything a stranger might send.
import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PadPort } from "../../src/buttons/pad.ts";
import { createSimulatedPad } from "../../src/buttons/simulated.ts";
import { createDesk, type Desk } from "../../src/demo/desk.ts";
import { createLive, type Live } from "../../src/demo/live.ts";
import { type Page, servePage } from "../../src/demo/server.ts";
import type { PressInput, PressRef } from "../../src/words/inputs.ts";

let desk: Desk;
let live: Live;
let page: Page;
let lamp: string[];
const stop = () => stopping.abort();
let stopping: AbortController;

/** An agent's side of the pad: what was pressed, and the port to answer by. */
interface Agent {
  readonly pressed: PressInput[];
  /** Resolves with the next press. */
  next(): Promise<PressRef>;
  readonly port: PadPort;
}

function listen(): Agent {
  const pad = createSimulatedPad({ id: "pad", driver: "simulated" }, "s1");
  desk.place(pad);
  const pressed: PressInput[] = [];
  const waiting: ((ref: PressRef) => void)[] = [];
  let port: PadPort | undefined;
  void pad.run({
    signal: stopping.signal,
    nowMs: () => 0,
    input: (input) => {
      if (input.kind !== "press" || input.ref === undefined) return;
      pressed.push(input);
      waiting.shift()?.(input.ref);
    },
    opened: (given) => {
      port = given;
    },
    dropped: () => undefined,
  });
  if (port === undefined) throw new Error("a simulated pad opens at once");
  return { pressed, port, next: () => new Promise((resolve) => waiting.push(resolve)) };
}

beforeEach(async () => {
  stopping = new AbortController();
  lamp = [];
  desk = createDesk((pattern) => lamp.push(pattern));
  live = createLive();
  const join: Parameters<typeof servePage>[1]["join"] = (response) =>
    live.join(response, [{ name: "setting", data: { k: 2 } }]);
  page = await servePage(0, { desk, buttons: ["1", "2", "3", "4"], join });
});
afterEach(async () => {
  stop();
  await live.close();
  await page.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(
  method: string,
  path: string,
  { headers = {}, body = "" }: { headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const sent = request(new URL(path, page.url), { method, headers, agent: false });
  sent.on("error", () => undefined);
  sent.end(body);
  const [response] = (await once(sent, "response")) as [
    NodeJS.ReadableStream & { statusCode: number; headers: IncomingHttpHeaders },
  ];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, text };
}
const JSON_TYPE = { "content-type": "application/json" };
const press = (button: unknown, headers: Record<string, string> = JSON_TYPE) =>
  ask("POST", "/press", { headers, body: JSON.stringify({ button }) });

test("a press is thanked only when the agent acknowledged it", async () => {
  const agent = listen();
  const next = agent.next();
  let answered = false;
  const answer = press("3").then((given) => {
    answered = true;
    return given;
  });
  const ref = await next;
  agent.port.indicate("felt", "pad");
  // The next request is answered while the press still waits.
  expect((await ask("GET", "/")).status).toBe(200);
  expect(answered).toBe(false);
  agent.port.acknowledge(ref);
  agent.port.indicate("thanks", "pad");
  expect(await answer).toMatchObject({ status: 200, text: '{"thanks":true}' });
  expect(lamp).toEqual(["felt", "thanks"]);
  expect(agent.pressed.map(({ button }) => button)).toEqual(["3"]);
});

test("two presses are answered each by its own acknowledgement", async () => {
  const agent = listen();
  const first = desk.press("1");
  const second = desk.press("2");
  const refs = agent.pressed.map(({ ref }) => ref);
  if (refs[0] === undefined) throw new Error("a simulated pad numbers its presses");
  agent.port.acknowledge(refs[0]);
  expect(await first).toBe("thanks");
  const rest = Promise.race([second, Promise.resolve("waiting")]);
  expect(await rest).toBe("waiting");
});

test("a pad that was started anew leaves no press waiting for ever", async () => {
  listen();
  const orphan = desk.press("1");
  listen();
  expect(await orphan).toBe("unknown");
});

test("without a pad, and with too many presses unanswered, a press is refused", async () => {
  expect(await press("1")).toMatchObject({ status: 503 });
  const agent = listen();
  while (desk.press("1") !== undefined) expect(agent.pressed.length).toBeLessThan(1000);
  expect(await press("1")).toMatchObject({ status: 503 });
  stop();
  expect(desk.press("1")).toBeUndefined();
});

const foreign = { ...JSON_TYPE, origin: "http://example.org" };
test.each<[string, number, () => Promise<Answer>]>([
  ["a button that is none", 400, () => press("5")],
  ["a button of another kind", 400, () => press(4)],
  ["a button named like a property", 400, () => press("__proto__")],
  ["no JSON", 400, () => ask("POST", "/press", { headers: JSON_TYPE, body: "button=1" })],
  ["no body", 400, () => ask("POST", "/press", { headers: JSON_TYPE })],
  ["more than a button", 400, () => ask("POST", "/press", { headers: JSON_TYPE, body: '{"button":"1","x":1}' })],
  ["a form", 415, () => press("1", { "content-type": "application/x-www-form-urlencoded" })],
  ["plain text", 415, () => press("1", { "content-type": "text/plain" })],
  ["a type that only begins alike", 415, () => press("1", { "content-type": "application/jsonp" })],
  ["no type", 415, () => press("1", {})],
  ["another site's page", 403, () => press("1", foreign)],
  ["a sandboxed page", 403, () => press("1", { ...JSON_TYPE, origin: "null" })],
  [
    "a huge body with its length",
    413,
    () => ask("POST", "/press", { headers: JSON_TYPE, body: "x".repeat(1_000_000) }),
  ],
  [
    "a huge body without its length",
    413,
    () =>
      ask("POST", "/press", { headers: { ...JSON_TYPE, "transfer-encoding": "chunked" }, body: "x".repeat(100_000) }),
  ],
  ["GET of a press", 405, () => ask("GET", "/press")],
  ["PUT of a press", 405, () => ask("PUT", "/press", { headers: JSON_TYPE, body: '{"button":"1"}' })],
  ["DELETE of the page", 405, () => ask("DELETE", "/")],
  ["POST to the stream", 405, () => ask("POST", "/live")],
  ["a file beside the page", 404, () => ask("GET", "/..%2f..%2fpackage.json")],
  ["a way upwards", 404, () => ask("GET", "/../../package.json")],
  ["an unknown path", 404, () => ask("GET", "/admin")],
  ["another host name", 421, () => ask("GET", "/", { headers: { host: "evil.example" } })],
  ["another port", 421, () => ask("GET", "/", { headers: { host: "127.0.0.1:1" } })],
])("refused: %s (%i)", async (_what, status, send) => {
  const agent = listen();
  const answer = await send();
  expect(answer.status).toBe(status);
  expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(agent.pressed).toEqual([]);
});

test("bytes that are no HTTP end that connection and nothing else", async () => {
  const { port } = new URL(page.url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.end(Buffer.from([0, 1, 2, 3, 13, 10, 13, 10]));
  socket.resume();
  await once(socket, "close");
  expect((await ask("GET", "/")).status).toBe(200);
});

test("the page and its parts allow nothing from outside", async () => {
  for (const [path, type] of [
    ["/", "text/html"],
    ["/page.css", "text/css"],
    ["/page.js", "text/javascript"],
    ["/icon.svg", "image/svg+xml"],
  ] as const) {
    const { status, headers, text } = await ask("GET", path);
    expect(status).toBe(200);
    expect(headers["content-type"]).toContain(type);
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'/);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(text.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//);
  }
});

test("the stream begins with what is known and goes on with what happens", async () => {
  const response = await fetch(new URL("/live", page.url));
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const until = async (part: string): Promise<void> => {
    while (!text.includes(part)) text += (await reader?.read())?.value ?? "";
  };
  await until('event: setting\ndata: {"k":2}\n\n');
  live.tell({ name: "event", data: { sentence: "two\nlines" } });
  await until('event: event\ndata: {"sentence":"two\\nlines"}\n\n');
  await live.close();
  expect((await reader?.read())?.done).toBe(true);
});

test("too many open pages are refused", async () => {
  const controllers: AbortController[] = [];
  let status = 200;
  while (status === 200 && controllers.length < 100) {
    const controller = new AbortController();
    controllers.push(controller);
    ({ status } = await fetch(new URL("/live", page.url), { signal: controller.signal }));
  }
  expect(status).toBe(503);
  for (const controller of controllers) controller.abort();
});

test("a port that is taken is said so", async () => {
  const port = Number(new URL(page.url).port);
  await expect(servePage(port, { desk, buttons: [], join: () => false })).rejects.toMatchObject({ code: "PAGE_PORT" });
});
