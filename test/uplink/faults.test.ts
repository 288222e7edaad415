// Each thing that a broker can say against a device is named, with what to do; and the device does what is sensible.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, afterEach, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import type { BrokerConfig } from "../../src/config/schema.ts";
import { brokerCheck } from "../../src/doctor/checks/broker.ts";
import { examine } from "../../src/doctor/finding.ts";
import { checkBroker } from "../../src/uplink/check.ts";
import type { CheckResult } from "../../src/uplink/check-result.ts";
import type { Fault } from "../../src/words/errors.ts";
import { startInProcessBroker } from "../fakes/broker.ts";
import { type Script, type ScriptedBroker, startScriptedBroker } from "../fakes/broker-scripted.ts";
import { type Authority, makeAuthority } from "../fakes/certificates.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import { fakeMachine } from "../fakes/machine.ts";
import { freePort, startMosquitto } from "../fakes/mosquitto.ts";
import {
  brokerSettings,
  commitMany,
  DEVICE,
  mosquittoAbsent,
  QUICK,
  ROOT,
  startUplink,
  subscribe,
  type UplinkUnderTest,
  until,
  uplinkSettings,
} from "./rig.ts";

const dir = mkdtempSync(join(tmpdir(), "touchpoint-faults-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
const scripted = async (...args: Parameters<typeof startScriptedBroker>): Promise<ScriptedBroker> => {
  const broker = await startScriptedBroker(...args);
  ending.push(() => broker.close());
  return broker;
};
const uplink = (...args: Parameters<typeof startUplink>): UplinkUnderTest => {
  const up = startUplink(...args);
  ending.push(() => up.stop());
  return up;
};
const firstFault = async (up: UplinkUnderTest): Promise<Fault | undefined> => {
  await until(() => up.reports.some(({ fault }) => fault !== undefined));
  return up.reports.find(({ fault }) => fault !== undefined)?.fault;
};
const walk = async (url: string, more: Partial<BrokerConfig> = {}, boot?: string): Promise<CheckResult[]> => {
  const results: CheckResult[] = [];
  const settings = { broker: brokerSettings(url, more), site: "vno-akropolis", device: DEVICE };
  const asked = boot === undefined ? settings : { ...settings, boot };
  for await (const result of checkBroker(asked, new AbortController().signal, 2_000)) results.push(result);
  return results;
};
const answers = (reasonCode: number, serverReference?: string): Script => ({
  connack: () => ({ reasonCode, ...(serverReference === undefined ? {} : { properties: { serverReference } }) }),
});

test.each([
  [0x85, "BROKER_REFUSED", /client identifier not valid/, /Choose a device name/],
  [0x86, "BROKER_REFUSED", /bad user name or password/i, /passwordFile/],
  [0x87, "BROKER_REFUSED", /not authorized/, /user and password or certificate/],
  [0x88, "BROKER_BUSY", /server unavailable/, /tries again/],
  [0x89, "BROKER_BUSY", /server busy/, /tries again/],
  [0x8a, "BROKER_REFUSED", /banned/, /lift the ban/],
  [0x8c, "BROKER_REFUSED", /bad authentication method/, /login method/],
  [0x97, "BROKER_BUSY", /quota exceeded/, /tries again/],
  [0x9a, "BROKER_REFUSED", /retain not supported/, /retained messages/],
  [0x9b, "BROKER_REFUSED", /qos not supported/i, /QoS 1/],
  [0x9c, "BROKER_MOVED", /a server it does not name/, /moveTo/],
  [0x9d, "BROKER_MOVED", /a server it does not name/, /moveTo/],
  [0x9f, "BROKER_BUSY", /connection rate exceeded/, /tries again/],
] as const)("CONNACK 0x%s is %s", async (code, name, sentence, hint) => {
  const broker = await scripted(answers(code));
  const up = uplink(uplinkSettings(broker.url));
  const fault = await firstFault(up);
  expect(fault?.code).toBe(name);
  expect(fault?.message).toMatch(sentence);
  expect(fault?.message).toContain(`127.0.0.1:${broker.port}`);
  const last = (await walk(broker.url)).at(-1);
  expect(last).toMatchObject({ stage: "login", ok: false, text: expect.stringMatching(sentence) });
  expect(last?.hint).toMatch(hint);
});

test.each([
  [2, "BROKER_REFUSED", /Choose a device name/],
  [3, "BROKER_BUSY", /tries again/],
  [4, "BROKER_REFUSED", /passwordFile/],
  [5, "BROKER_REFUSED", /user and password or certificate/],
] as const)("3.1.1 return code %s is %s", async (returnCode, name, hint) => {
  const broker = await scripted({ connack: () => ({ returnCode }) });
  const up = uplink(uplinkSettings(broker.url, { protocol: "3.1.1" }));
  expect((await firstFault(up))?.code).toBe(name);
  expect((await walk(broker.url, { protocol: "3.1.1" })).at(-1)).toMatchObject({
    stage: "login",
    ok: false,
    hint: expect.stringMatching(hint),
  });
});

test("a broker without QoS 1 is refused by the device: it would acknowledge nothing", async () => {
  const broker = await scripted({ connack: () => ({ properties: { maximumQoS: 0 } }) });
  expect(await firstFault(uplink(uplinkSettings(broker.url)))).toMatchObject({
    code: "BROKER_REFUSED",
    message: expect.stringContaining("no QoS 1"),
  });
  expect((await walk(broker.url)).at(-1)).toMatchObject({ stage: "login", ok: false });
});

test("a moved broker is reported with its new place, and not followed unless configured", async () => {
  const home = await scripted({ ...answers(0x9d, "elsewhere.example:1883") });
  const up = uplink(uplinkSettings(home.url));
  expect(await firstFault(up)).toMatchObject({
    code: "BROKER_MOVED",
    message: expect.stringContaining("elsewhere.example:1883"),
    details: { reference: "elsewhere.example:1883" },
  });
  await until(() => home.connects.length >= 3);
  expect((await walk(home.url)).at(-1)?.text).toContain("elsewhere.example:1883");
});

test.each([
  ["server moved, in the CONNACK", 0x9d, "connack"],
  ["use another server, in the CONNACK", 0x9c, "connack"],
  ["server moved, by DISCONNECT", 0x9d, "disconnect"],
] as const)("%s: followed where moveTo names the server", async (_what, code, how) => {
  const away = await scripted();
  const reference = `bad.example 127.0.0.1:${away.port}`;
  const home = await scripted(
    how === "connack" ? answers(code, reference) : { accepted: (client) => client.disconnect(code, reference) },
  );
  const up = uplink(uplinkSettings(home.url, { moveTo: ["127.0.0.1"] }));
  await until(() => up.state() === "ok" && away.connects.length === 1);
  expect((await firstFault(up))?.code).toBe("BROKER_MOVED");
  // Broken off, a temporary place is left, a lasting one is kept.
  const before = home.connects.length;
  away.client()?.destroy();
  await until(() => home.connects.length + away.connects.length >= before + 2);
  expect([home.connects.length, away.connects.length]).toEqual(code === 0x9c ? [before + 1, 1] : [before, 2]);
  // A lasting place that is gone leads back home.
  home.follow({});
  await away.close();
  await until(() => up.state() === "ok" && home.connects.length > before);
});

test("a device of the same name: named, and given room", async () => {
  const broker = await scripted({ accepted: (client) => client.disconnect(0x8e) });
  const up = uplink(uplinkSettings(broker.url), new MemoryJournal(), {
    ...QUICK,
    patience: { taken: { firstMs: 60_000, maxMs: 600_000, stableAfterMs: 600_000 }, busyMs: 20 },
  });
  expect(await firstFault(up)).toMatchObject({
    code: "BROKER_TAKEN",
    message: expect.stringContaining("another device uses this name"),
    hint: expect.stringContaining("local.device"),
  });
  // The other one is not fought: however the wait goes on, only one connection was made.
  expect(broker.connects).toHaveLength(1);
});

test.skipIf(mosquittoAbsent)("two devices under one name at a real broker take turns slowly", async () => {
  const mosquitto = await startMosquitto();
  ending.push(() => mosquitto.dispose());
  const patience = { taken: { firstMs: 1_500, maxMs: 60_000, stableAfterMs: 600_000 }, busyMs: 20 };
  const one = uplink(uplinkSettings(mosquitto.url), new MemoryJournal(), { ...QUICK, patience });
  await until(() => one.state() === "ok");
  const two = uplink({ ...uplinkSettings(mosquitto.url), boot: "another0" }, new MemoryJournal(), {
    ...QUICK,
    patience,
  });
  // Where the broker gives no reason, the status of the other one tells.
  const named = ({ reports }: UplinkUnderTest): boolean => reports.some(({ fault }) => fault?.code === "BROKER_TAKEN");
  await until(() => named(one) || named(two));
  const made = one.clients.length + two.clients.length;
  // Without patience, at 20 to 200 ms, it would have been dozens.
  expect(made).toBeLessThan(8);
  await until(() => one.state() === "ok" || two.state() === "ok");
  const found = await walk(mosquitto.url, {}, "this-machine");
  expect(found.at(-1)).toMatchObject({ stage: "name", ok: true, warning: true, text: expect.stringContaining(DEVICE) });
});

test("under 3.1.1, where no reason is given, the other device is known by its status", async () => {
  const broker = await startInProcessBroker();
  ending.push(() => broker.close());
  const one = uplink(uplinkSettings(broker.url, { protocol: "3.1.1" }));
  await until(() => one.state() === "ok");
  const two = uplink({ ...uplinkSettings(broker.url, { protocol: "3.1.1" }), boot: "another0" });
  await until(() => [...one.reports, ...two.reports].some(({ fault }) => fault?.code === "BROKER_TAKEN"));
});

test("quota on rows: seen in health, probed with single rows, over when the broker says so", async () => {
  let full = true;
  let refused = 0;
  const broker = await scripted({
    puback: ({ topic }) => {
      if (!topic.includes("/event/") || !full) return 0;
      refused += 1;
      return 0x97;
    },
  });
  const journal = new MemoryJournal();
  await commitMany(journal, "press", 2_000);
  const up = uplink(uplinkSettings(broker.url), journal);
  expect(await firstFault(up)).toMatchObject({
    code: "BROKER_QUOTA",
    message: expect.stringContaining("quota exceeded"),
  });
  const burst = refused;
  await until(() => refused > burst);
  // After the first refusal one row at a time asks whether there is room again.
  expect(refused - burst).toBe(1);
  expect((await journal.head()).waiting).toBe(2_000);
  expect((await walk(broker.url)).at(-1)).toMatchObject({ stage: "round-trip" });
  full = false;
  await until(async () => (await journal.head()).waiting === 0);
  expect(journal.refused.size).toBe(0);
  expect(up.state()).toBe("ok");
  expect(up.clients).toHaveLength(1);
}, 90_000);

test("quota in the check, and limits below the contract's", async () => {
  const full = await scripted({ puback: () => 0x97 });
  expect((await walk(full.url)).at(-1)).toMatchObject({
    stage: "publish",
    ok: false,
    text: expect.stringContaining("quota"),
    hint: expect.stringContaining("Raise"),
  });
  const small = await scripted({ connack: () => ({ properties: { maximumPacketSize: 10_000 } }) });
  expect(await walk(small.url)).toContainEqual(
    expect.objectContaining({ stage: "limits", warning: true, text: expect.stringContaining("10000 bytes") }),
  );
  const forgetful = await scripted({ connack: () => ({ properties: { retainAvailable: false } }) });
  expect(await walk(forgetful.url)).toContainEqual(
    expect.objectContaining({ stage: "limits", warning: true, text: expect.stringContaining("retained") }),
  );
});

test("topics that the broker does not let this device read are named", async () => {
  const broker = await scripted({ granted: (topic) => (topic.endsWith("/ack") ? 0x87 : 1) });
  const up = uplink(uplinkSettings(broker.url));
  await until(() => up.dropped.length > 0);
  expect(up.dropped[0]).toMatchObject({ code: "BROKER_REFUSED", message: expect.stringContaining(`${ROOT}/ack`) });
  expect(up.state()).toBe("ok");
});

test.skipIf(mosquittoAbsent)("WebSocket at a real Mosquitto", async () => {
  const port = await freePort();
  const lines = [`listener ${port} 127.0.0.1`, "protocol websockets", "socket_domain ipv4"];
  const mosquitto = await startMosquitto({ lines });
  ending.push(() => mosquitto.dispose());
  const url = `ws://127.0.0.1:${port}`;
  const server = await subscribe(url);
  ending.push(() => server.end());
  const up = uplink(uplinkSettings(url));
  await commitMany(up.journal, "press", 200);
  await until(() => server.seqs().length === 200);
  expect((await walk(url)).every(({ ok }) => ok)).toBe(true);
});

test("ALPN: the names offered reach the broker, and a broker that knows none is named", async () => {
  const authority: Authority = makeAuthority(join(dir, "alpn"));
  const { cert, key } = authority.issue("server");
  const tls = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key), ALPNProtocols: ["x-mqtt"] });
  const broker = await scripted({}, Object.assign(tls, { event: "secureConnection" }));
  const url = broker.url.replace("mqtt:", "mqtts:");
  const up = uplink(uplinkSettings(url, { caFile: authority.ca, alpn: ["x-mqtt", "mqtt"] }));
  await until(() => up.state() === "ok");
  expect(await walk(url, { caFile: authority.ca, alpn: ["x-mqtt"] })).toContainEqual(
    expect.objectContaining({ stage: "tls", text: expect.stringContaining("ALPN x-mqtt") }),
  );
  const other = uplink(uplinkSettings(url, { caFile: authority.ca, alpn: ["http/1.1"] }));
  expect(await firstFault(other)).toMatchObject({
    code: "BROKER_TLS",
    message: expect.stringContaining("none of the names in alpn"),
  });
  expect((await walk(url, { caFile: authority.ca, alpn: ["http/1.1"] })).at(-1)).toMatchObject({
    stage: "tls",
    ok: false,
    hint: expect.stringContaining("local.broker.alpn"),
  });
});

test.skipIf(mosquittoAbsent)("an own certificate that has ended is named, with the day", async () => {
  const authority = makeAuthority(join(dir, "ended"));
  const server = authority.issue("server");
  const ended = authority.issue("ended", { commonName: DEVICE, fromDays: -9, toDays: -2 });
  const lines = [`certfile ${server.cert}`, `keyfile ${server.key}`, `cafile ${authority.ca}`];
  const mosquitto = await startMosquitto({ lines: [...lines, "require_certificate true"] });
  ending.push(() => mosquitto.dispose());
  const url = mosquitto.url.replace("mqtt:", "mqtts:");
  const files = { caFile: authority.ca, certFile: ended.cert, keyFile: ended.key };
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  const up = uplink(uplinkSettings(url, files));
  expect(await firstFault(up)).toMatchObject({
    code: "BROKER_TLS",
    message: expect.stringContaining(`this device's certificate ended on ${day}`),
  });
  expect(up.certificates.at(-1)).toMatchObject({ state: "degraded", fault: { code: "CERT_EXPIRING" } });
  const results = await walk(url, files);
  expect(results).toContainEqual(expect.objectContaining({ stage: "certificates", warning: true }));
  expect(results.at(-1)).toMatchObject({ ok: false, text: expect.stringContaining(day) });
});

test.skipIf(mosquittoAbsent)("doctor says the same, warnings as warnings", async () => {
  const authority = makeAuthority(join(dir, "doctor"));
  const server = authority.issue("server");
  const client = authority.issue("client", { commonName: DEVICE, toDays: 29 });
  const lines = [`certfile ${server.cert}`, `keyfile ${server.key}`, `cafile ${authority.ca}`];
  const mosquitto = await startMosquitto({ lines });
  ending.push(() => mosquitto.dispose());
  const file = join(dir, "touchpoint.yaml");
  const broker = { url: mosquitto.url.replace("mqtt:", "mqtts:"), caFile: authority.ca };
  const local = {
    device: DEVICE,
    site: "vno-akropolis",
    dataDir: dir,
    broker: { ...broker, certFile: client.cert, keyFile: client.key },
  };
  writeFileSync(file, JSON.stringify({ version: 1, local, fleet: { touchpoints: [{ id: "checkout" }] } }));
  const main = new URL("../../dist/src/cli/main.js", import.meta.url).pathname;
  const said = execFileSync(process.execPath, [main, "mqtt", "check", "--config", file], { encoding: "utf8" });
  expect(said).toMatch(/certificates +warn .*ends on .*\n +→ Have a new one issued/);
  expect(said).toMatch(/round-trip +ok/);
  const patient = { config: loadConfig(file).config, modelsDir: dir, machine: fakeMachine({}) };
  const findings = await examine([brokerCheck], patient, 20_000);
  expect(findings.map(({ name, status }) => `${name}: ${status}`)).toEqual([
    "broker settings: ok",
    "broker certificates: warn",
    "broker dns: ok",
    "broker tcp: ok",
    "broker tls: warn",
    "broker login: ok",
    "broker publish: ok",
    "broker round-trip: ok",
  ]);
  expect(findings[1]?.hint).toContain("Have a new one issued");
  expect(findings[4]?.hint).toContain("Have the broker's certificate renewed");
});
