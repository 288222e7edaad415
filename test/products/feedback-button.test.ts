// The feedback button as a shop has it: a bad press on the pad of a real agent, and what becomes of it outside.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import mqtt from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { runAgent } from "../../src/agent/agent.ts";
import { createLog } from "../../src/agent/log.ts";
import type { SimulatedPad } from "../../src/buttons/simulated.ts";
import { parseConfig } from "../../src/config/load.ts";
import type { Envelope } from "../../src/words/events.ts";
import type { Indication } from "../../src/words/inputs.ts";
import { type InProcessBroker, startInProcessBroker } from "../fakes/broker.ts";
import { type Receiver, startReceiver } from "../fakes/receiver.ts";
import { until } from "../fakes/until.ts";

const TOKEN = "t0ken-of-the-manager";
const ROOT = "touchpoint/v1/clinic-2/counter-12";
let folder = "";
let broker: InProcessBroker;
let receiver: Receiver;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-feedback-"));
  broker = await startInProcessBroker();
  receiver = await startReceiver([500]);
  writeFileSync(join(folder, "token"), TOKEN);
});
afterEach(async () => {
  await receiver.close();
  await broker.close();
  rmSync(folder, { recursive: true });
});

/** The example file, with a folder, a broker, a receiver and pads of this test in place of the clinic's. */
function example() {
  const file = new URL("../../config/feedback-button.yaml", import.meta.url);
  const settings = parse(readFileSync(file, "utf8"));
  settings.local.dataDir = folder;
  settings.local.broker = { url: broker.url };
  settings.local.pads = ["counter", "staff"].map((id) => ({ id, driver: "simulated" }));
  const [webhook] = settings.local.notify.webhooks;
  settings.local.notify.webhooks = [{ ...webhook, url: receiver.url, tokenFile: join(folder, "token") }];
  // Whatever the hour of this test.
  settings.fleet.openingHours = [];
  return parseConfig(stringify(settings), "feedback-button.yaml");
}

async function start() {
  const stop = new AbortController();
  const pads = new Map<string, SimulatedPad>();
  const lamps = new Map<string, Indication[]>();
  const log = new PassThrough();
  let logged = "";
  log.on("data", (chunk: Buffer) => {
    logged += String(chunk);
  });
  const ended = runAgent(example(), {
    signal: stop.signal,
    log: createLog("debug", log),
    simulated: (id, pad) => {
      pads.set(id, pad);
      lamps.set(id, []);
      pad.onTold((told) => {
        if ("pattern" in told) lamps.get(id)?.push(told.pattern);
      });
    },
  });
  const press = (pad: string, button: string): Promise<void> =>
    until(() => pads.get(pad)?.press(button) === true, `pad ${pad} takes ${button}`);
  return {
    press,
    lamp: (pad: string): readonly Indication[] => lamps.get(pad) ?? [],
    logged: () => logged,
    async end() {
      stop.abort();
      await ended;
    },
  };
}

async function central() {
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 4 });
  const events: Envelope[] = [];
  const replies: { id: string; ok: boolean; [field: string]: unknown }[] = [];
  let listening = 0;
  broker.aedes.on("subscribe", (subscriptions) => {
    if (subscriptions.some(({ topic }) => topic.startsWith(`${ROOT}/cmd/`))) listening += 1;
  });
  client.on("message", (topic, payload) => {
    if (topic.startsWith(`${ROOT}/event/`)) events.push(JSON.parse(payload.toString()));
    if (topic.startsWith(`${ROOT}/reply/`)) replies.push(JSON.parse(payload.toString()));
  });
  await client.subscribeAsync([`${ROOT}/event/+`, `${ROOT}/reply/+`], { qos: 1 });
  return {
    /** How often the device began to listen to commands: they do not wait for one that is away. */
    listening: () => listening,
    alerts: () => events.filter(({ type }) => type === "alert").map(({ data }) => data),
    presses: () => events.filter(({ type }) => type === "press"),
    async command(name: string, id: string, more: object) {
      const expires = new Date(Date.now() + 60_000).toISOString();
      const body = JSON.stringify({ id, expires, by: "manager", ...more });
      await client.publishAsync(`${ROOT}/cmd/${name}`, body, { qos: 1 });
      await until(() => replies.some((reply) => reply.id === id), `a reply to ${name}`);
      return replies.find((reply) => reply.id === id);
    },
    end: () => client.endAsync(),
  };
}

test("a bad press is an alert on the broker and at the webhook, acknowledged and resolved by command, over a restart", async () => {
  const server = await central();
  const agent = await start();
  await agent.press("counter", "1");
  // The alert goes ahead of the press that raised it.
  await until(() => server.alerts().length === 1 && server.presses().length === 1, "alert and press on the broker");
  const [raised] = server.alerts();
  expect(raised).toMatchObject({ rev: 1, state: "raised", rule: "worst", press: server.presses()[0]?.id });
  const key = String(raised?.key);
  // The first answer is 500: it is told again, the same key and rev.
  await until(() => receiver.received.length === 2, "the webhook");
  expect(receiver.received.map(({ body }) => [body.data.key, body.data.rev])).toEqual([
    [key, 1],
    [key, 1],
  ]);
  expect(receiver.received[1]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  await until(() => agent.lamp("staff").includes("attention"), "the staff's lamp");
  expect(agent.lamp("counter")).toEqual(["felt", "thanks"]);

  await until(() => server.listening() === 1, "the device listens");
  expect(await server.command("alert.ack", "c1", { key })).toMatchObject({
    ok: true,
    key,
    rev: 2,
    state: "acknowledged",
  });
  expect(await server.command("alert.ack", "c2", { key })).toMatchObject({ ok: false, reason: "invalid" });
  expect(await server.command("alert.ack", "c3", { key: 7 })).toMatchObject({ ok: false, reason: "invalid" });
  await agent.end();

  const again = await start();
  // A pad that is plugged in after the start shows what is still open.
  await until(() => again.lamp("staff").includes("attention"), "the lamp after the restart");
  await until(() => server.listening() === 2, "the device listens again");
  const resolved = await server.command("alert.resolve", "c4", { cause: "queue too long" });
  expect(resolved).toMatchObject({ ok: true, key, rev: 3, state: "resolved" });
  await until(() => receiver.received.some(({ body }) => body.data.state === "resolved"), "the webhook again");
  await until(() => again.lamp("staff").at(-1) === "off", "the lamp goes out");
  await until(() => server.alerts().length === 3, "every change on the broker");
  expect(server.alerts().map(({ rev, state, by, via, cause }) => [rev, state, by, via, cause])).toEqual([
    [1, "raised", undefined, undefined, undefined],
    [2, "acknowledged", "manager", "mqtt", undefined],
    [3, "resolved", "manager", "mqtt", "queue too long"],
  ]);
  expect(server.presses()).toHaveLength(1);
  await again.end();
  await server.end();
  for (const log of [agent.logged(), again.logged()]) {
    expect(log).toContain("stage changed");
    expect(log).not.toContain(TOKEN);
    expect(log).not.toContain(receiver.url);
  }
});

test("the staff's buttons see to it without being ratings", async () => {
  const server = await central();
  const agent = await start();
  await agent.press("counter", "dirty");
  await agent.press("staff", "seen");
  await agent.press("staff", "done");
  // Alerts go ahead of presses.
  await until(() => server.alerts().length === 3 && server.presses().length > 0, "three changes and the press");
  expect(server.alerts().map(({ state, via, cause }) => [state, via, cause])).toEqual([
    ["raised", undefined, undefined],
    ["acknowledged", "button", undefined],
    ["resolved", "button", "talked to the customer"],
  ]);
  expect(server.presses().map(({ data }) => data.button)).toEqual(["dirty"]);
  await agent.end();
  await server.end();
});
