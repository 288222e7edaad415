// The whole agent: what is said at the door and pressed on a pad arrives at the broker as one story.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "aedes";
import mqtt from "mqtt";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runAgent } from "../../src/agent/agent.ts";
import type { SimulatedPad } from "../../src/buttons/simulated.ts";
import { Config } from "../../src/config/schema.ts";
import type { Envelope } from "../../src/words/events.ts";
import { type InProcessBroker, startInProcessBroker } from "../fakes/broker.ts";
import { until } from "../fakes/until.ts";

const CARD = "99123456";
const folder = mkdtempSync(join(tmpdir(), "door-"));
const events: Envelope[] = [];
const stop = new AbortController();
let broker: InProcessBroker;
let pad: SimulatedPad | undefined;
let url = "";
let logged = "";
let ended: Promise<void>;
/** The MQTT door as the broker sees it. */
let doorClient: Client | undefined;

beforeAll(async () => {
  writeFileSync(join(folder, "token"), "secret-of-the-shop\n");
  writeFileSync(join(folder, "key"), `${"k".repeat(40)}\n`);
  broker = await startInProcessBroker();
  broker.aedes.on("publish", ({ topic, payload }) => {
    if (topic.includes("/event/")) events.push(JSON.parse(payload.toString()) as Envelope);
  });
  broker.aedes.on("client", (client) => {
    if (client.id === "d1-door") doorClient = client;
  });
  const config = Config.parse({
    version: 1,
    local: {
      device: "d1",
      site: "s1",
      dataDir: folder,
      broker: { url: broker.url },
      http: { port: 0, tokenFile: join(folder, "token") },
      mqttDoor: { url: broker.url, passwordFile: join(folder, "token") },
      customers: { key: "k1", keyFile: join(folder, "key") },
      pads: [
        { id: "p1", driver: "simulated" },
        { id: "reader", driver: "simulated" },
      ],
    },
    fleet: {
      touchpoints: [
        {
          id: "desk",
          pads: ["p1"],
          readers: ["reader"],
          question: { id: "q", buttons: { "1": 1, "4": 4 } },
          activity: { buttons: { go: "start" }, limitS: 1 },
          service: { onDemand: true },
          context: { scans: [{ kind: "customer", pattern: "99\\d+" }] },
        },
      ],
    },
  });
  const write = (line: string): void => {
    logged += line;
  };
  const log = pino({ level: "debug" }, { write });
  ended = runAgent(config, {
    signal: stop.signal,
    log,
    simulated: (id, made) => {
      if (id === "p1") pad = made;
    },
    door: (at) => {
      url = at;
    },
  });
  await until(() => url !== "" && pad !== undefined, "the door is open");
});
afterAll(async () => {
  stop.abort();
  await ended;
  await broker.close();
  rmSync(folder, { recursive: true });
});

async function post(path: string, body: unknown): Promise<string[]> {
  const response = await fetch(new URL(path, url), {
    method: "POST",
    headers: { authorization: "Bearer secret-of-the-shop", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { events: string[] }).events;
}
const of = (type: string) => events.filter((event) => event.type === type);

it("a sale and a press: the press carries the sale", async () => {
  const touchpoint = "desk";
  await post("/v1/scans", { pad: "reader", code: CARD });
  const [sale] = await post("/v1/transactions", { touchpoint, transaction: "4711", amount: 9.5, items: 2 });
  pad?.press("4");
  await until(() => of("press").length === 1, "the press at the broker");
  expect(of("transaction")[0]).toMatchObject({ id: sale, data: { amount: 9.5, customer: { key: "k1" } } });
  expect(of("press")[0]?.data).toMatchObject({ transaction: "4711", customer: { key: "k1" }, flags: ["unattended"] });
});

it("one window rated, one not", async () => {
  const window = { touchpoint: "desk", service: "w1" };
  await post("/v1/services", { ...window, action: "open" });
  const [press] = await post("/v1/presses", { pad: "p1", button: "1" });
  await post("/v1/services", { ...window, action: "close" });
  await post("/v1/services", { ...window, service: "w2", action: "open" });
  await post("/v1/services", { ...window, service: "w2", action: "close" });
  await until(() => of("service").length === 4, "the windows at the broker");
  const closed = of("service").filter(({ data }) => data.state === "closed");
  expect(closed.map(({ data }) => data.presses)).toEqual([[press], []]);
});

it("a forgotten attempt is closed and flagged", async () => {
  pad?.press("go");
  await until(() => of("activity").length === 1, "the attempt at the broker");
  expect(of("activity")[0]?.data).toMatchObject({ outcome: "unknown", durationMs: 1_000, flags: ["forgotten"] });
});

it("what is said by MQTT is an event like any other, also after the broker hung up", async () => {
  const client = await mqtt.connectAsync(broker.url);
  const answers: { key: string; status: number; events: string[] }[] = [];
  client.on("message", (_topic, payload) => answers.push(JSON.parse(payload.toString())));
  await client.subscribeAsync("touchpoint/local/out/#", { qos: 1 });
  try {
    for (const transaction of ["4712", "4713"]) {
      const sale = { key: transaction, touchpoint: "desk", transaction, amount: 1 };
      const told = async (): Promise<boolean> => {
        // A request that no door heard is nobody's: its sender says it again, under the same key.
        await client.publishAsync("touchpoint/local/in/transactions", JSON.stringify(sale), { qos: 1 });
        return answers.some(({ key }) => key === transaction);
      };
      await until(told, "an answer");
      const events = answers.find(({ key }) => key === transaction)?.events;
      await until(() => of("transaction").some(({ id }) => id === events?.[0]), "the sale at the broker");
      doorClient?.close();
      await until(() => logged.includes('"stage":"door:mqtt","state":"degraded","code":"BROKER_LOST"'), "it was said");
    }
    expect(of("transaction").map(({ data }) => data.transaction)).toEqual(["4711", "4712", "4713"]);
  } finally {
    await client.endAsync(true);
  }
});

it("the card's number is in no event and no log", () => {
  expect(of("scan")).toHaveLength(1);
  expect(logged).toContain("agent started");
  expect(`${JSON.stringify(events)}${logged}`).not.toContain(CARD);
});
