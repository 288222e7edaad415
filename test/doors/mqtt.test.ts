// The local MQTT door at a real Mosquitto and at a 3.1.1 broker, before a disk that answers when the test says so.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type IClientPublishOptions, type MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MqttDoorConfig } from "../../src/config/mqtt-door.ts";
import { ROUTES } from "../../src/doors/bodies.ts";
import { serveMqttDoor } from "../../src/doors/mqtt.ts";
import { Remembered } from "../../src/doors/remembered.ts";
import type { Fact } from "../../src/words/events.ts";
import type { Input } from "../../src/words/inputs.ts";
import { type InProcessBroker, startInProcessBroker } from "../fakes/broker.ts";
import { MOSQUITTO_ABSENT, type Mosquitto, mosquittoProgram, startMosquitto } from "../fakes/mosquitto.ts";
import { until } from "../fakes/until.ts";
import { BODIES, contacts, SALE } from "./bodies.ts";

const PREFIX = "touchpoint/local";
const PASSWORD = "the shop's own";
const PATHS = Object.keys(BODIES);
const folder = mkdtempSync(join(tmpdir(), "mqtt-door-"));
const passwordFile = join(folder, "password");
const topicOf = (path: string): string => path.replace("/v1/", `${PREFIX}/in/`);

let inputs: Input[] = [];
let keep: Record<string, unknown> = {};
let stalled: (() => void)[] | undefined;
let counted: string[] = [];
const ending: (() => Promise<void>)[] = [];

beforeAll(() => writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 }));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  inputs = [];
  keep = {};
  stalled = undefined;
  counted = [];
});
afterEach(async () => {
  for (const release of stalled ?? []) release();
  for (const end of ending.splice(0).reverse()) await end();
});

/** Serves one connection; resolves when requests are taken. */
async function open(url: string): Promise<{ shut(): Promise<void>; ended: Promise<void> }> {
  const stop = new AbortController();
  let working: () => void = () => undefined;
  const works = new Promise<void>((resolve) => {
    working = resolve;
  });
  const ended = serveMqttDoor(MqttDoorConfig.parse({ url, passwordFile }), {
    device: "till",
    signal: stop.signal,
    memory: { refused5: false },
    working,
    touchpoints: ["checkout"],
    remembered: new Remembered(keep),
    nowMs: () => 100_000,
    seal: contacts,
    decided: async (input, also) => {
      inputs.push(input);
      const fact: Fact = { type: "scan", id: `e${inputs.length}`, atMs: 0, data: { pad: "reader", kind: "unknown" } };
      Object.assign(keep, also([fact]));
      if (stalled !== undefined) await new Promise<void>((done) => void stalled?.push(done));
      return { facts: [fact], dropped: [] };
    },
    count: (name) => counted.push(name),
  });
  await Promise.race([works, ended]);
  const shut = async (): Promise<void> => {
    stop.abort();
    await ended.catch(() => undefined);
  };
  ending.push(shut);
  return { shut, ended };
}

interface Heard {
  readonly topic: string;
  readonly said: { readonly status: number; readonly events?: string[]; readonly error?: { readonly code: string } };
  readonly correlation: string;
}
interface Till {
  readonly heard: Heard[];
  publish(topic: string, payload: string | Buffer, options?: IClientPublishOptions): Promise<void>;
  /** Asks and resolves with the answer. */
  ask(path: string, body: string | Buffer, properties?: Record<string, string>): Promise<Heard["said"]>;
}

async function till(url: string, protocolVersion: 4 | 5 = 5, username = "till", password = PASSWORD): Promise<Till> {
  const client: MqttClient = await mqtt.connectAsync(url, { protocolVersion, username, password, reconnectPeriod: 0 });
  ending.push(() => client.endAsync(true));
  const heard: Heard[] = [];
  client.on("message", (topic, payload, { properties }) => {
    const correlation = properties?.correlationData?.toString() ?? "";
    heard.push({ topic, said: JSON.parse(payload.toString()), correlation });
  });
  await client.subscribeAsync(`${PREFIX}/out/#`, { qos: 1 });
  const publish: Till["publish"] = async (topic, payload, options = {}) => {
    await client.publishAsync(topic, payload, { qos: 1, ...options });
  };
  let asked = 0;
  return {
    heard,
    publish,
    async ask(path, body, userProperties) {
      asked += 1;
      const correlation = `c${asked}`;
      const responseTopic = `${PREFIX}/out/till-1/${asked}`;
      const properties = {
        responseTopic,
        correlationData: Buffer.from(correlation),
        ...(userProperties && { userProperties }),
      };
      await publish(topicOf(path), body, { properties });
      await until(() => heard.some(({ topic }) => topic === responseTopic), `an answer to ${path}`);
      const answer = heard.find(({ topic }) => topic === responseTopic);
      expect(answer?.correlation).toBe(correlation);
      return answer?.said ?? { status: 0 };
    },
  };
}

describe.skipIf(mosquittoProgram() === undefined)(
  `at a real Mosquitto${mosquittoProgram() === undefined ? ` - ${MOSQUITTO_ABSENT}` : ""}`,
  () => {
    let broker: Mosquitto;
    beforeAll(async () => {
      const file = join(folder, "passwords");
      execFileSync("mosquitto_passwd", ["-b", "-c", file, "till", PASSWORD], { stdio: "ignore" });
      const files = { passwords: readFileSync(file, "utf8") };
      broker = await startMosquitto({ anonymous: false, files, lines: ["password_file DIR/passwords"] });
    });
    afterAll(() => broker.dispose());

    it("has a topic for every route, and each makes the input that the HTTP door makes", async () => {
      await open(broker.url);
      const { ask } = await till(broker.url);
      for (const path of PATHS)
        expect(await ask(path, JSON.stringify(BODIES[path])), path).toMatchObject({ status: 201 });
      const made = PATHS.map((path) => {
        const [, key = "", action] = /^\/v1\/alerts\/(.*)\/(.*)$/.exec(path) ?? [];
        const route = ROUTES[action === undefined ? path : `/v1/alerts/{key}/${action}`];
        const input = route?.input(BODIES[path], 100_000, key, contacts);
        // Sealed anew each time.
        return path === "/v1/callbacks" ? { ...input, sealed: expect.any(String) } : input;
      });
      expect(inputs).toEqual(made);
      expect(Object.keys(ROUTES)).toHaveLength(PATHS.length);
    });

    it.each<[string, string, string | Buffer]>([
      ["DOOR_BODY", "nothing", ""],
      ["DOOR_BODY", "an empty object", "{}"],
      ["DOOR_BODY", "null", "null"],
      ["DOOR_BODY", "half of it", JSON.stringify(SALE).slice(0, -3)],
      ["DOOR_BODY", "bytes", Buffer.from([0, 0xff, 0xfe, 1])],
      ["DOOR_BODY", "one field too many", JSON.stringify({ ...SALE, isAdmin: true })],
      ["DOOR_BODY", "a number for a word", JSON.stringify({ ...SALE, transaction: 7 })],
      ["DOOR_BODY", "a deep nest", `${"[".repeat(7_000)}${"]".repeat(7_000)}`],
      ["DOOR_LENGTH", "too much", JSON.stringify({ ...SALE, x: "y".repeat(200_000) })],
      ["DOOR_KEY", "a key that is no text", JSON.stringify({ ...SALE, key: 7 })],
      ["DOOR_KEY", "a key with a blank", JSON.stringify({ ...SALE, key: "a b" })],
      ["TOUCHPOINT_UNKNOWN", "another touchpoint", JSON.stringify({ ...SALE, touchpoint: "nowhere" })],
    ])("refuses with %s: %s", async (code, _what, body) => {
      await open(broker.url);
      const { ask } = await till(broker.url);
      expect(await ask("/v1/transactions", body)).toMatchObject({ error: { code, hint: expect.any(String) } });
      expect(inputs).toEqual([]);
      expect(counted).toEqual([`refused.${code}`]);
      expect(await ask("/v1/transactions", JSON.stringify(SALE))).toMatchObject({ status: 201 });
    });

    it("refuses a topic that is none", async () => {
      await open(broker.url);
      const { ask } = await till(broker.url);
      for (const path of ["/v1/health", "/v1/alerts/k1/delete", "/v1/constructor", "/v1/transactions/4711"])
        expect(await ask(path, "{}"), path).toMatchObject({ status: 404, error: { code: "DOOR_ROUTE" } });
    });

    it("refuses what was retained, and takes what comes after it", async () => {
      const client = await till(broker.url);
      const topic = topicOf("/v1/transactions");
      const properties = { responseTopic: `${PREFIX}/out/kept` };
      await client.publish(topic, JSON.stringify(SALE), { retain: true, properties });
      await open(broker.url);
      await until(() => client.heard.length === 1, "the refusal");
      expect(client.heard[0]?.said).toMatchObject({ status: 400, error: { code: "DOOR_RETAINED" } });
      expect(inputs).toEqual([]);
      await client.publish(topic, "", { retain: true });
      expect(await client.ask("/v1/transactions", JSON.stringify(SALE))).toMatchObject({ status: 201 });
    });

    it("counts a request once under its key, by property or field, also when they come at once and after a restart", async () => {
      const first = await open(broker.url);
      const { ask } = await till(broker.url);
      const body = JSON.stringify({ ...BODIES["/v1/presses"] });
      const again = { "idempotency-key": "r-1" };
      const answers = await Promise.all([1, 2, 3].map(() => ask("/v1/presses", body, again)));
      expect(answers.map(({ events }) => events)).toEqual([["e1"], ["e1"], ["e1"]]);
      await first.shut();
      await open(broker.url);
      expect(await ask("/v1/presses", body, again)).toEqual({ key: "r-1", status: 200, events: ["e1"] });
      expect(await ask("/v1/presses", body.replace("4", "1"), again)).toMatchObject({ error: { code: "DOOR_KEY" } });
      expect(inputs).toHaveLength(1);
      const keyed = JSON.stringify({ ...BODIES["/v1/presses"], key: "r-2" });
      for (const status of [201, 200])
        expect(await ask("/v1/presses", keyed)).toMatchObject({ status, events: ["e2"] });
    });

    it("speaks nowhere but below its own answers", async () => {
      await open(broker.url);
      const { publish, ask, heard } = await till(broker.url);
      for (const responseTopic of [`${PREFIX}/in/presses`, "home/door/unlock", `${PREFIX}/out`])
        await publish(topicOf("/v1/presses"), JSON.stringify({ pad: "p1", button: "4" }), {
          properties: {
            responseTopic,
            userProperties: { "idempotency-key": `to ${responseTopic}`.replaceAll(" ", "-") },
          },
        });
      await ask("/v1/scans", JSON.stringify(BODIES["/v1/scans"]));
      expect(inputs.map(({ kind }) => kind)).toEqual(["press", "press", "press", "scan"]);
      expect(heard.slice(0, 3).map(({ topic }) => topic)).toEqual([
        `${PREFIX}/out/to-touchpoint%2Flocal%2Fin%2Fpresses`,
        `${PREFIX}/out/to-home%2Fdoor%2Funlock`,
        `${PREFIX}/out/to-touchpoint%2Flocal%2Fout`,
      ]);
    });

    it("is refused with a wrong password, and says so", async () => {
      writeFileSync(passwordFile, "wrong\n");
      try {
        await expect(open(broker.url)).rejects.toMatchObject({ code: "BROKER_REFUSED" });
      } finally {
        writeFileSync(passwordFile, `${PASSWORD}\n`);
      }
    });
  },
);

describe("at a 3.1.1 broker", () => {
  let broker: InProcessBroker;
  beforeEach(async () => {
    broker = await startInProcessBroker();
    ending.push(() => broker.close());
  });

  it("acknowledges and answers only what is on disk; the answer goes to the topic of its key", async () => {
    const acknowledged: string[] = [];
    broker.aedes.on("ack", (_packet, client) => acknowledged.push(client.id));
    stalled = [];
    await open(broker.url);
    const { publish, heard } = await till(broker.url, 4);
    const topic = topicOf("/v1/transactions");
    await publish(topic, JSON.stringify({ ...SALE, key: "sale/4711" }));
    await until(() => stalled?.length === 1, "the sale waits for the disk");
    expect(acknowledged).toEqual([]);
    expect(heard).toEqual([]);
    stalled.shift()?.();
    await until(() => heard.length === 1 && acknowledged.includes("till-door"), "answer and PUBACK");
    expect(heard[0]?.topic).toBe(`${PREFIX}/out/sale%2F4711`);
    expect(heard[0]?.said).toEqual({ key: "sale/4711", status: 201, events: ["e1"] });
  });

  it("outlives a broker that goes away while the disk has not answered", async () => {
    stalled = [];
    const door = await open(broker.url);
    const { publish } = await till(broker.url, 4);
    await publish(topicOf("/v1/transactions"), JSON.stringify({ ...SALE, key: "k" }));
    await until(() => stalled?.length === 1, "the sale waits for the disk");
    await broker.close();
    await expect(door.ended).rejects.toMatchObject({ code: "BROKER_LOST" });
    stalled.shift()?.();
    await until(() => counted.includes("taken") && counted.includes("answer.lost"), "it was taken all the same");
    ending.splice(0, 1);
  });
});
