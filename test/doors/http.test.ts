// The door alone, before an engine and a disk that answer when the test says so.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HttpConfig } from "../../src/config/context.ts";
import type { SealAtDoor } from "../../src/doors/bodies.ts";
import { type Door, openDoor } from "../../src/doors/http.ts";
import { MOST_REMEMBERED, Remembered } from "../../src/doors/remembered.ts";
import type { Fact } from "../../src/words/events.ts";
import type { Input } from "../../src/words/inputs.ts";
import { until } from "../fakes/until.ts";
import { BODIES, contacts, SALE } from "./bodies.ts";

const TOKEN = "a-token-of-the-shop";
const NO_SEAL = null;
const PATHS = Object.keys(BODIES);

let door: Door;
let inputs: Input[];
let keep: Record<string, unknown>;
let stalled: (() => void)[] | undefined;
let counted: string[];

function open(
  kept: Record<string, unknown> = {},
  commitMs = 5_000,
  seal: SealAtDoor | typeof NO_SEAL = contacts,
): Promise<Door> {
  return openDoor(HttpConfig.parse({ port: 0, tokenFile: "t", readMs: 300, commitMs, connections: 100 }), TOKEN, {
    touchpoints: ["checkout"],
    remembered: new Remembered(kept),
    nowMs: () => 100_000,
    ...(seal === NO_SEAL ? {} : { seal }),
    decided: async (input, also) => {
      inputs.push(input);
      const fact: Fact = {
        type: "scan",
        id: `e${inputs.length}`,
        atMs: 100_000,
        data: { pad: "reader", kind: "unknown" },
      };
      Object.assign(keep, also([fact]));
      if (stalled !== undefined) await new Promise<void>((done) => void stalled?.push(done));
      return { facts: [fact], dropped: [] };
    },
    health: () => ({ stages: { 'pad:"x"': { state: "ok" } }, counters: { "door.taken": 2 } }),
    count: (name) => counted.push(name),
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}
type Extra = { readonly headers?: Record<string, string>; readonly method?: string };

function ask(path: string, body: string | Buffer, { headers = {}, method = "POST" }: Extra = {}): Promise<Answer> {
  const all = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, door.url), { method, headers: all, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
const post = (path: string, body: unknown, extra?: Extra): Promise<Answer> => ask(path, JSON.stringify(body), extra);

beforeEach(async () => {
  inputs = [];
  keep = {};
  stalled = undefined;
  counted = [];
  door = await open();
});
afterEach(() => door.close());

describe.each(PATHS)("POST %s", (path) => {
  it("answers with the events", async () => {
    expect(await post(path, BODIES[path])).toEqual({ status: 201, text: '{"events":["e1"]}' });
    expect(inputs).toHaveLength(1);
  });

  it.each<[string, number, string | Buffer, Extra]>([
    ["nothing", 400, "", {}],
    ["an empty object", 400, "{}", {}],
    ["a list", 400, "[]", {}],
    ["null", 400, "null", {}],
    ["half of it", 400, JSON.stringify(BODIES[path]).slice(0, -3), {}],
    ["bytes", 400, Buffer.from([0, 0xff, 0xfe, 1]), {}],
    ["one field too many", 400, JSON.stringify({ ...BODIES[path], isAdmin: true }), {}],
    ["numbers for words", 400, JSON.stringify(BODIES[path]).replaceAll(/:"[^"]*"/g, ":7"), {}],
    ["a deep nest", 400, `${"[".repeat(7_000)}${"]".repeat(7_000)}`, {}],
    ["too much", 413, JSON.stringify({ ...BODIES[path], x: "y".repeat(20_000) }), {}],
    ["too much without its length", 413, "y".repeat(200_000), { headers: { "transfer-encoding": "chunked" } }],
    ["a form", 415, "a=b", { headers: { "content-type": "application/x-www-form-urlencoded" } }],
    ["no token", 401, JSON.stringify(BODIES[path]), { headers: { authorization: "" } }],
    ["a false token", 401, JSON.stringify(BODIES[path]), { headers: { authorization: `Bearer ${TOKEN}x` } }],
    ["a key that is none", 400, JSON.stringify(BODIES[path]), { headers: { "idempotency-key": "a b" } }],
    ["PUT", 405, JSON.stringify(BODIES[path]), { method: "PUT" }],
  ])("refuses %s (%i)", async (_what, status, body, extra) => {
    const answer = await ask(path, body, extra);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: expect.stringMatching(/^DOOR_/) } });
    expect(inputs).toEqual([]);
    expect(await post(path, BODIES[path])).toMatchObject({ status: 201 });
  });

  it("counts a request once under its key, also when they come at once and after a restart", async () => {
    const again = { headers: { "idempotency-key": "r-1" } };
    const answers = await Promise.all([1, 2, 3].map(() => post(path, BODIES[path], again)));
    expect(answers.map(({ text }) => text)).toEqual(Array(3).fill('{"events":["e1"]}'));
    await door.close();
    door = await open(keep);
    expect(await post(path, BODIES[path], again)).toEqual({ status: 200, text: '{"events":["e1"]}' });
    expect(inputs).toHaveLength(1);
  });
});

it("refuses another request under a key that was used", async () => {
  const headers = { "idempotency-key": "r-1" };
  await post("/v1/transactions", SALE, { headers });
  expect(await post("/v1/transactions", { ...SALE, amount: 1 }, { headers })).toMatchObject({ status: 400 });
  expect(inputs).toHaveLength(1);
});

it("takes the same sale once, a correction and a correction back each as a word of its own", async () => {
  for (const amount of [1, 1, 2, 2, 1]) await post("/v1/transactions", { ...SALE, amount });
  expect(inputs.map((input) => (input.kind === "transaction" ? input.amount : 0))).toEqual([1, 2, 1]);
});

it("keeps no plain hash of a body: a card's number could be guessed from it", async () => {
  const text = JSON.stringify(BODIES["/v1/scans"]);
  await post("/v1/scans", BODIES["/v1/scans"], { headers: { "idempotency-key": "r-1" } });
  const kept = JSON.stringify(keep);
  expect(kept).toContain("r-1");
  for (const guess of [text, `/v1/scans\n${text}`])
    expect(kept).not.toContain(createHash("sha256").update(guess).digest("base64url"));
});

it("remembers a bounded number of requests", () => {
  const remembered = new Remembered({});
  const kept: Record<string, unknown> = {};
  for (let i = 0; i < MOST_REMEMBERED + 5; i += 1) Object.assign(kept, remembered.note(`k${i}`, "b", []));
  expect(Object.keys(kept)).toHaveLength(MOST_REMEMBERED);
  const after = new Remembered({ ...kept, "door:junk": 7 });
  for (const one of [remembered, after]) {
    expect(one.find("k4")).toBeUndefined();
    expect(one.find("k5")).toBeDefined();
    expect(one.find(`k${MOST_REMEMBERED + 4}`)).toBeDefined();
  }
});

it("says 503 where the disk takes too long; sent again it still counts once", async () => {
  await door.close();
  door = await open({}, 50);
  stalled = [];
  const headers = { "idempotency-key": "r-1" };
  expect(await post("/v1/presses", BODIES["/v1/presses"], { headers })).toMatchObject({ status: 503 });
  expect(await post("/v1/presses", BODIES["/v1/presses"], { headers })).toMatchObject({ status: 503 });
  for (const done of stalled) done();
  await until(async () => (await post("/v1/presses", BODIES["/v1/presses"], { headers })).status === 200, "the answer");
  expect(inputs).toHaveLength(1);
});

it("says 429 where too many wait for the disk", async () => {
  stalled = [];
  const all = Array.from({ length: 70 }, () => post("/v1/presses", BODIES["/v1/presses"]));
  const first = await Promise.race(all);
  expect(first.status).toBe(429);
  await until(() => stalled?.length === 64, "64 wait");
  for (const done of stalled) done();
  expect((await Promise.all(all)).filter(({ status }) => status === 201)).toHaveLength(64);
});

it("ends a client that is too slow, and serves the others meanwhile", async () => {
  const socket = connect(Number(new URL(door.url).port), "127.0.0.1");
  socket.write("POST /v1/presses HTTP/1.1\r\nhost: x\r\n");
  socket.resume();
  const ended = once(socket, "close");
  expect(await post("/v1/presses", BODIES["/v1/presses"])).toMatchObject({ status: 201 });
  await ended;
  expect(inputs).toHaveLength(1);
});

it.each(["/", "/v1", "/v1/nothing", "/v1/alerts/k1/forget", "/v1/alerts/%ff/resolve", "/v1/constructor", "/../etc"])(
  "has no %s",
  async (path) => {
    expect(await post(path, {})).toMatchObject({ status: 404 });
  },
);

it("knows no other touchpoint, and takes the age off", async () => {
  expect(await post("/v1/transactions", { ...SALE, touchpoint: "no" })).toMatchObject({ status: 404 });
  await post("/v1/transactions", { ...SALE, ageMs: 5_000 });
  expect(inputs).toMatchObject([{ kind: "transaction", atMs: 95_000 }]);
});

it("tells health and metrics to who has the token", async () => {
  expect(JSON.parse((await ask("/v1/health", "", { method: "GET" })).text)).toMatchObject({ counters: {} });
  const { text } = await ask("/v1/metrics", "", { method: "GET" });
  expect(text).toContain('touchpoint_stage_state{stage="pad:\\"x\\"",state="ok"} 1\n');
  expect(text).toContain('touchpoint_count_total{name="door.taken"} 2\n');
  const none = { method: "GET", headers: { authorization: "" } };
  expect(await ask("/v1/metrics", "", none)).toMatchObject({ status: 401 });
});

describe("a call-back contact", () => {
  const body = { ...BODIES["/v1/callbacks"], follows: "e0", alert: "angry:checkout" };

  it("is sealed before it is an input, and no hash of it is remembered", async () => {
    const headers = { "idempotency-key": "r-1" };
    expect(await post("/v1/callbacks", body, { headers })).toMatchObject({ status: 201 });
    const said = `${JSON.stringify(inputs)}${JSON.stringify(keep)}`;
    expect(said).not.toContain("600 00000");
    const { contact: _, consent: __, ...about } = body as typeof body & { contact: string; consent: true };
    const sealed = expect.stringMatching(/^[\w-]{1090}$/);
    expect(inputs).toEqual([{ kind: "callback", key: "k1", keepMs: 3_600_000, ...about, sealed, atMs: 100_000 }]);
    // Whoever has the token and the journal tries numbers out: the right one must not show.
    const wrong = { ...body, contact: "+370 600 00001" };
    expect(await post("/v1/callbacks", wrong, { headers })).toEqual({ status: 200, text: '{"events":["e1"]}' });
    expect(await post("/v1/callbacks", { ...wrong, alert: "x" }, { headers })).toMatchObject({ status: 400 });
  });

  it.each([
    ["no consent", { consent: undefined }],
    ["consent refused", { consent: false }],
    ["consent as a word", { consent: "true" }],
    ["no contact", { contact: undefined }],
    ["an empty one", { contact: " " }],
    ["too long a one", { contact: "1".repeat(201) }],
    ["one with a line break", { contact: "1\r\n2" }],
    ["the staff", { staff: "anna" }],
    ["no touchpoint", { touchpoint: undefined }],
  ])("is refused with %s, in words that do not repeat it", async (_, change) => {
    const answer = await post("/v1/callbacks", { ...body, ...change });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("DOOR_BODY");
    expect(answer.text).not.toContain("600 00000");
    expect(inputs).toEqual([]);
  });

  it("is refused where no key for it is configured", async () => {
    await door.close();
    door = await open({}, 5_000, NO_SEAL);
    const answer = await post("/v1/callbacks", body);
    expect(answer).toMatchObject({ status: 404, text: expect.stringContaining("CALLBACK_OFF") });
    expect(inputs).toEqual([]);
  });
});
