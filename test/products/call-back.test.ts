// The call-back contact through the whole agent: left at the door, opened at the server, and in between nowhere to read.
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { runAgent } from "../../src/agent/agent.ts";
import type { SimulatedPad } from "../../src/buttons/simulated.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Config } from "../../src/config/schema.ts";
import { openReader } from "../../src/journal/read.ts";
import { packageRoot } from "../../src/place.ts";
import { Envelope, EVENT_DATA } from "../../src/words/events.ts";
import { startInProcessBroker } from "../fakes/broker.ts";
import { until } from "../fakes/until.ts";

const OPENER = fileURLToPath(new URL("../../dist/scripts/consumer/open-callback.js", import.meta.url));
const PLAIN = "+370 600 98765";
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A data folder, with the server's keys in another. */
function place() {
  const [folder, server] = [mkdtempSync(join(tmpdir(), "callback-")), mkdtempSync(join(tmpdir(), "callback-server-"))];
  ends.push(async () => [folder, server].forEach((made) => void rmSync(made, { recursive: true, force: true })));
  const pair = generateKeyPairSync("x25519");
  const pem = (key: KeyObject, type: "spki" | "pkcs8") => key.export({ format: "pem", type } as never) as string;
  writeFileSync(join(server, "callback.pub"), pem(pair.publicKey, "spki"));
  writeFileSync(join(server, "callback.key"), pem(pair.privateKey, "pkcs8"));
  writeFileSync(join(server, "other.key"), pem(generateKeyPairSync("x25519").privateKey, "pkcs8"));
  writeFileSync(join(server, "token"), "the shop's own");
  return { folder, server };
}

/** Runs the example with this broker. */
async function start({ folder, server }: ReturnType<typeof place>, brokerUrl: string) {
  const { local, fleet } = loadConfig(join(packageRoot(), "config", "call-back.yaml")).config;
  const config: Config = Config.parse({
    version: 1,
    fleet,
    local: {
      ...local,
      dataDir: folder,
      broker: { url: brokerUrl },
      http: { port: 0, tokenFile: join(server, "token") },
      callback: { ...local.callback, publicKeyFile: join(server, "callback.pub") },
      pads: [{ id: "counter", driver: "simulated" }],
    },
  });
  const stop = new AbortController();
  let [url, logged] = ["", ""];
  let pad: SimulatedPad | undefined;
  const write = (line: string): void => {
    logged += line;
  };
  const running = runAgent(config, {
    signal: stop.signal,
    log: pino({ level: "trace" }, { write }),
    simulated: (_, made) => {
      pad = made;
    },
    door: (at) => {
      url = at;
    },
  });
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  ends.push(end);
  await until(() => url !== "" && pad !== undefined, "the door is open");
  const leave = async (about: object): Promise<string> => {
    const response = await fetch(new URL("/v1/callbacks", url), {
      method: "POST",
      headers: { authorization: "Bearer the shop's own", "content-type": "application/json", "idempotency-key": "c1" },
      body: JSON.stringify({ touchpoint: "reception", contact: PLAIN, language: "lt", consent: true, ...about }),
    });
    expect(response.status).toBe(201);
    return ((await response.json()) as { events: string[] }).events[0] ?? "";
  };
  return { press: (button: string) => pad?.press(button), leave, end, log: () => logged };
}

/** A broker that remembers every byte of every message. */
async function startBroker() {
  const broker = await startInProcessBroker();
  ends.push(() => broker.close());
  const events: Envelope[] = [];
  const traffic: string[] = [];
  broker.aedes.on("publish", ({ topic, payload }) => {
    traffic.push(`${topic} ${payload.toString("latin1")}`);
    if (topic.includes("/event/")) events.push(Envelope.parse(JSON.parse(payload.toString())));
  });
  const of = (type: string) => events.filter((event) => event.type === type);
  return { url: broker.url, events, of, traffic: () => traffic.join("\n") };
}

const isIn = (folder: string, text: string): boolean =>
  readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(text));
const openAt = (keyFile: string, events: readonly Envelope[]) =>
  spawnSync(process.execPath, [OPENER, keyFile], {
    input: events.map((event) => JSON.stringify(event)).join("\n"),
    encoding: "utf8",
  });

it("follows a bad rating, opens at the server only, and leaves the device when it was sent", async () => {
  const at = place();
  const broker = await startBroker();
  const agent = await start(at, broker.url);
  agent.press("1");
  // The alert goes ahead of its press.
  await until(
    () => broker.of("alert").length === 1 && broker.of("press").length === 1,
    "press and alert at the broker",
  );
  const alert = String(broker.of("alert")[0]?.data.key);
  const id = await agent.leave({ follows: broker.of("press")[0]?.id, alert });
  await until(() => broker.of("callback").length === 1, "the contact at the broker");
  const [told] = broker.of("callback");
  const data = EVENT_DATA.callback.strict().parse(told?.data);
  expect(data).toMatchObject({ key: "2026-11", follows: broker.of("press")[0]?.id, alert });
  const keptMs = Date.parse(data.expires) - Date.parse(told?.time ?? "");
  // Each is rounded to a millisecond.
  expect(Math.abs(keptMs - 24 * 3_600_000)).toBeLessThan(2);

  const opened = openAt(join(at.server, "callback.key"), broker.events);
  expect(opened).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(opened.stdout)).toMatchObject({
    id,
    touchpoint: "reception",
    contact: PLAIN,
    language: "lt",
    alert,
  });
  expect(openAt(join(at.server, "other.key"), broker.events)).toMatchObject({ status: 1, stdout: "" });
  const tampered = { ...(told as Envelope), touchpoint: "exit" };
  expect(openAt(join(at.server, "callback.key"), [tampered])).toMatchObject({ status: 1, stdout: "" });

  // The next row sets the sealed one free.
  agent.press("4");
  await until(() => !isIn(at.folder, data.sealed), "the sealed contact is wiped from the data folder");
  await agent.end();
  expect(isIn(at.folder, data.sealed)).toBe(false);
  for (const said of [broker.traffic(), agent.log()]) {
    expect(said.length).toBeGreaterThan(100);
    expect(said).not.toContain(PLAIN);
  }
  expect(agent.log()).not.toContain(data.sealed);
  expect(isIn(at.folder, PLAIN)).toBe(false);
});

it("waits sealed for a broker that is away, over a restart", async () => {
  const at = place();
  const before = await start(at, "mqtt://127.0.0.1:9");
  const id = await before.leave({});
  await before.end();
  expect(isIn(at.folder, PLAIN)).toBe(false);
  const reader = openReader(join(at.folder, "journal.db"));
  expect([...reader.events()].filter(({ json }) => json.includes(id))).toHaveLength(1);
  reader.close();
  const broker = await startBroker();
  await start(at, broker.url);
  await until(() => broker.of("callback").length === 1, "the contact at the broker");
  const opened = openAt(join(at.server, "callback.key"), broker.events);
  expect(JSON.parse(opened.stdout)).toMatchObject({ id, contact: PLAIN });
});

it.each([
  ["a private key", "callback.key", "holds a private key"],
  ["no key", "token", "holds no public key"],
  ["no file", "nothing", "ENOENT"],
])("the agent does not start with %s in place of the public one", async (_, name, sentence) => {
  const at = place();
  const { local, fleet } = loadConfig(join(packageRoot(), "config", "call-back.yaml")).config;
  const config: Config = {
    version: 1,
    fleet,
    local: {
      ...local,
      dataDir: at.folder,
      pads: [{ id: "counter", driver: "simulated" }],
      callback: { key: "k", keepHours: 1, publicKeyFile: join(at.server, name) },
    },
  };
  const started = runAgent(config, { signal: AbortSignal.abort(), log: pino({ level: "silent" }) });
  await expect(started).rejects.toMatchObject({ code: "CALLBACK_KEY", message: expect.stringContaining(sentence) });
});
