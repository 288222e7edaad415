// The whole agent with a camera: closed by command, by the door and by a button, visibly, over a restart.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runAgent } from "../../src/agent/agent.ts";
import type { SimulatedPad } from "../../src/buttons/simulated.ts";
import { Config } from "../../src/config/schema.ts";
import type { Envelope } from "../../src/words/events.ts";
import { type InProcessBroker, startInProcessBroker } from "../fakes/broker.ts";
import { until } from "../fakes/until.ts";

const SEED = "90101";
const ROOT = "touchpoint/v1/s1/d1";
const folder = mkdtempSync(join(tmpdir(), "pausing-"));
const events: Envelope[] = [];
const stages: string[] = [];
let broker: InProcessBroker;
let health: { stages?: Record<string, { state: string; message?: string }> } = {};

interface Running {
  readonly pad: SimulatedPad;
  readonly url: string;
  /** Everything the lamp was told. */
  readonly lamp: string[];
  end(): Promise<void>;
}

async function run(): Promise<Running> {
  const config = Config.parse({
    version: 1,
    local: {
      device: "d1",
      site: "s1",
      dataDir: join(folder, "data"),
      broker: { url: broker.url },
      http: { port: 0, tokenFile: join(folder, "token") },
      pads: [{ id: "p1", driver: "simulated" }],
      cameras: [
        {
          id: "till",
          source: { kind: "scene", seed: Number(SEED) },
          detect: ["face"],
          pause: { pad: "p1", button: "off" },
        },
      ],
    },
    fleet: {
      touchpoints: [
        { id: "desk", pads: ["p1"], question: { id: "q", buttons: { "1": 1, "4": 4 } }, zone: { camera: "till" } },
      ],
    },
  });
  const stop = new AbortController();
  let pad: SimulatedPad | undefined;
  let url = "";
  const lamp: string[] = [];
  const write = (line: string): void => {
    const { stage, state } = JSON.parse(line) as { stage?: string; state?: string };
    if (stage === "camera:till") stages.push(state ?? "");
  };
  const ended = runAgent(config, {
    signal: stop.signal,
    log: pino({ level: "info" }, { write }),
    simulated: (_, made) => {
      pad = made;
      made.onTold((told) => {
        if ("pattern" in told) lamp.push(told.pattern);
      });
    },
    door: (at) => {
      url = at;
    },
  });
  await until(() => url !== "" && pad !== undefined, "the agent runs");
  if (pad === undefined) throw new Error("no pad");
  return {
    pad,
    url,
    lamp,
    end: async () => {
      stop.abort();
      await ended;
    },
  };
}

let agent: Running;
beforeAll(async () => {
  writeFileSync(join(folder, "token"), "secret\n");
  broker = await startInProcessBroker();
  broker.aedes.on("publish", ({ topic, payload }) => {
    if (topic.startsWith(`${ROOT}/event/`)) events.push(JSON.parse(payload.toString()) as Envelope);
    if (topic === `${ROOT}/state/health`) health = JSON.parse(payload.toString());
  });
  agent = await run();
});
afterAll(async () => {
  await agent.end();
  await broker.close();
  rmSync(folder, { recursive: true });
});

const children = (): number =>
  execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(`--seed ${SEED}`)).length;

async function post(path: string, body: unknown): Promise<{ status: number; code?: string }> {
  const response = await fetch(new URL(path, agent.url), {
    method: "POST",
    headers: { authorization: "Bearer secret", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { error } = (await response.json()) as { error?: { code: string } };
  return { status: response.status, ...(error === undefined ? {} : { code: error.code }) };
}

async function command(name: string, id: string, more: object = {}): Promise<object> {
  const client = await mqtt.connectAsync(broker.url);
  try {
    const replies: { id: string }[] = [];
    client.on("message", (_, payload) => replies.push(JSON.parse(payload.toString())));
    await client.subscribeAsync(`${ROOT}/reply/${name}`, { qos: 1 });
    const expires = new Date(Date.now() + 60_000).toISOString();
    await client.publishAsync(`${ROOT}/cmd/${name}`, JSON.stringify({ id, expires, by: "ops", ...more }), { qos: 1 });
    await until(() => replies.some((reply) => reply.id === id), "the reply");
    return replies.find((reply) => reply.id === id) ?? {};
  } finally {
    await client.endAsync(true);
  }
}

const audits = (): string[] =>
  events.flatMap(({ type, data }) =>
    type === "audit" && data.action !== "command" ? [`${data.action} ${data.by} ${data.via}`] : [],
  );
const stage = () => health.stages?.["camera:till"];

it("by command: closed, visible, cut; no other door lifts it, the button does", async () => {
  await until(() => stages.at(-1) === "ok" && children() === 1, "the camera is open");
  expect(await command("camera.pause", "c1", { camera: "attic" })).toMatchObject({ ok: false, reason: "invalid" });
  expect(await command("camera.pause", "c2", { minutes: 0 })).toMatchObject({ ok: false, reason: "invalid" });
  expect(await command("camera.pause", "c3", { minutes: 30 })).toEqual({ id: "c3", ok: true, paused: ["till"] });
  await until(() => stage()?.state === "paused" && children() === 0, "it is closed");
  expect(stage()?.message).toMatch(/^paused by ops \(mqtt\) at \d{4}-.*Z for 30 min$/);
  await until(() => events.some(({ type, data }) => type === "health" && data.state === "paused"), "the event");
  expect(await post("/v1/cameras/resume", { by: "till" })).toEqual({ status: 400, code: "PAUSE_HELD" });
  expect(agent.lamp).toEqual(["paused"]);
  agent.pad.press("off");
  await until(() => stages.at(-1) === "ok" && children() === 1, "it is open again");
  expect(agent.lamp.slice(1)).toEqual(["felt", "off", "thanks"]);
  expect(audits()).toEqual(["camera.pause ops mqtt", "camera.resume p1/off button"]);
});

it("by the door: closed and opened, and what it names must be there", async () => {
  expect(await post("/v1/cameras/pause", { camera: "attic", by: "till" })).toEqual({
    status: 404,
    code: "CAMERA_UNKNOWN",
  });
  expect(await post("/v1/cameras/pause", { by: "till" })).toEqual({ status: 201 });
  await until(() => children() === 0, "it is closed");
  expect(await post("/v1/cameras/pause", { by: "till" })).toEqual({ status: 200 });
  expect(await post("/v1/cameras/resume", { camera: "till", by: "till" })).toEqual({ status: 201 });
  await until(() => stages.at(-1) === "ok" && children() === 1, "it is open again");
});

it("by the button: over a restart, never opened, lifted by nothing but the button", async () => {
  agent.pad.press("off");
  await until(() => stage()?.state === "paused" && children() === 0, "it is closed");
  expect(await post("/v1/cameras/resume", { by: "till" })).toEqual({ status: 400, code: "PAUSE_HELD" });
  expect(await post("/v1/presses", { pad: "p1", button: "off" })).toEqual({ status: 400, code: "PAUSE_HELD" });
  await agent.end();
  stages.length = 0;
  let opened = 0;
  const looking = setInterval(() => {
    opened += children();
  }, 50);
  agent = await run();
  await until(() => stages.includes("paused"), "it says that it is paused");
  expect(agent.lamp).toEqual(["paused"]);
  agent.pad.press("4");
  await until(() => events.some(({ type }) => type === "press"), "presses go on");
  clearInterval(looking);
  expect([opened, stages]).toEqual([0, ["paused"]]);
  agent.pad.press("off");
  await until(() => stages.at(-1) === "ok", "it is open again");
  expect(events.filter(({ type }) => type === "press")).toHaveLength(1);
});
