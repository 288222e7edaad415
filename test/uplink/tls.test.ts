// TLS with a private CA and client certificates over a real Mosquitto, and `mqtt check` on good and bad ways.
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { BrokerConfig } from "../../src/config/schema.ts";
import { checkBroker } from "../../src/uplink/check.ts";
import type { CheckResult } from "../../src/uplink/check-result.ts";
import { startInProcessBroker } from "../fakes/broker.ts";
import { type Authority, type CertificateFiles, makeAuthority } from "../fakes/certificates.ts";
import {
  freePort,
  MOSQUITTO_ABSENT,
  type Mosquitto,
  type MosquittoOptions,
  startMosquitto,
} from "../fakes/mosquitto.ts";
import {
  brokerSettings,
  commitMany,
  DEVICE,
  mosquittoAbsent,
  ROOT,
  startUplink,
  type UplinkUnderTest,
  until,
  uplinkSettings,
} from "./rig.ts";

describe.skipIf(mosquittoAbsent)(`with a real Mosquitto${mosquittoAbsent ? ` - ${MOSQUITTO_ABSENT}` : ""}`, () => {
  const dir = mkdtempSync(join(tmpdir(), "touchpoint-tls-"));
  let authority: Authority;
  let stranger: Authority;
  let server: CertificateFiles;
  let early: CertificateFiles;
  let expired: CertificateFiles;
  let client: CertificateFiles;
  beforeAll(() => {
    authority = makeAuthority(join(dir, "ours"));
    stranger = makeAuthority(join(dir, "stranger"));
    server = authority.issue("server", { toDays: 90 });
    early = authority.issue("early", { fromDays: 1, toDays: 2 });
    expired = authority.issue("expired", { fromDays: -3, toDays: -1 });
    client = authority.issue("client", { commonName: DEVICE });
    writeFileSync(join(dir, "acl"), `user ${DEVICE}\ntopic readwrite ${ROOT}/#\n`);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });
  const broker = async (options?: MosquittoOptions): Promise<Mosquitto> => {
    const started = await startMosquitto(options);
    ending.push(() => started.dispose());
    return started;
  };
  const tlsBroker = async (certificate: CertificateFiles, more: readonly string[] = []): Promise<string> => {
    const lines = [`certfile ${certificate.cert}`, `keyfile ${certificate.key}`, `cafile ${authority.ca}`, ...more];
    return (await broker({ lines })).url.replace("mqtt:", "mqtts:");
  };
  const uplink = (url: string, more: Partial<BrokerConfig>): UplinkUnderTest => {
    const started = startUplink(uplinkSettings(url, more));
    ending.push(() => started.stop());
    return started;
  };
  const firstFault = async (up: UplinkUnderTest): Promise<string> => {
    await until(() => up.reports.some(({ fault }) => fault !== undefined));
    const fault = up.reports.find((report) => report.fault !== undefined)?.fault;
    return `${fault?.code}: ${fault?.message}`;
  };
  const walk = async (more: Partial<BrokerConfig> & { url: string }): Promise<CheckResult[]> => {
    const results: CheckResult[] = [];
    const settings = { broker: brokerSettings(more.url, more), site: "vno-akropolis", device: DEVICE };
    for await (const result of checkBroker(settings, new AbortController().signal, 1_500)) results.push(result);
    return results;
  };

  test("delivers over TLS with a client certificate, whose name is the user", async () => {
    const url = await tlsBroker(server, [
      "require_certificate true",
      "use_identity_as_username true",
      `acl_file ${join(dir, "acl")}`,
    ]);
    const up = uplink(url, { caFile: authority.ca, certFile: client.cert, keyFile: client.key });
    await commitMany(up.journal, "press", 50);
    await until(async () => (await up.journal.head()).done === 50);
    expect(up.journal.refused.size).toBe(0);
    expect(await walk({ url, caFile: authority.ca, certFile: client.cert, keyFile: client.key })).toMatchObject([
      { stage: "settings", ok: true },
      {
        stage: "certificates",
        ok: true,
        warning: true,
        text: expect.stringMatching(/own certificate valid .* days left/),
      },
      { stage: "dns", ok: true },
      { stage: "tcp", ok: true },
      {
        stage: "tls",
        ok: true,
        text: expect.stringMatching(/TLSv1\.3, certificate of server, .* valid /),
      },
      { stage: "login", ok: true, text: "logged in, MQTT 5" },
      { stage: "publish", ok: true },
      { stage: "round-trip", ok: true },
    ]);
    // The check did not push the agent off.
    expect(up.clients).toHaveLength(1);
  });

  test("delivers over WebSocket with TLS", async () => {
    const { aedes, close } = await startInProcessBroker();
    const https = createSecureServer({ cert: readFileSync(server.cert), key: readFileSync(server.key) });
    const sockets = new WebSocketServer({ server: https });
    sockets.on("connection", (socket) => aedes.handle(createWebSocketStream(socket)));
    https.listen(0, "127.0.0.1");
    await once(https, "listening");
    ending.push(async () => {
      for (const socket of sockets.clients) socket.terminate();
      https.close();
      await close();
    });
    const address = https.address();
    const url = `wss://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/mqtt`;
    const up = uplink(url, { caFile: authority.ca });
    await commitMany(up.journal, "press", 50);
    await until(async () => (await up.journal.head()).done === 50);
    expect(await firstFault(uplink(url, { caFile: stranger.ca }))).toMatch(/^BROKER_TLS: .*not issued by a trusted CA/);
  });

  test("without the client certificate that is asked for", async () => {
    const url = await tlsBroker(server, ["require_certificate true"]);
    expect(await firstFault(uplink(url, { caFile: authority.ca }))).toMatch(/^BROKER_TLS: .*client certificate/);
    expect((await walk({ url, caFile: authority.ca })).at(-1)).toMatchObject({ stage: "login", ok: false });
  });

  test("a CA that is not the broker's", async () => {
    const url = await tlsBroker(server);
    expect(await firstFault(uplink(url, { caFile: stranger.ca }))).toMatch(/^BROKER_TLS: .*not issued by a trusted CA/);
    expect((await walk({ url, caFile: stranger.ca })).at(-1)).toMatchObject({ stage: "tls", ok: false });
  });

  test("a certificate that is not yet valid points at the clock", async () => {
    const url = await tlsBroker(early);
    expect(await firstFault(uplink(url, { caFile: authority.ca }))).toMatch(/^BROKER_TLS: .*clock is behind/);
    const last = (await walk({ url, caFile: authority.ca })).at(-1);
    expect(last).toMatchObject({ stage: "tls", ok: false, text: expect.stringContaining("clock is behind") });
  });

  test("a certificate that has expired", async () => {
    const url = await tlsBroker(expired);
    expect(await firstFault(uplink(url, { caFile: authority.ca }))).toMatch(/^BROKER_TLS: .*expired/);
  });

  test("a port without TLS, and a TLS port spoken to without", async () => {
    const { url } = await broker();
    expect(await firstFault(uplink(url.replace("mqtt:", "mqtts:"), {}))).toMatch(/^BROKER_(TLS|UNREACHABLE): /);
    const secure = await tlsBroker(server);
    expect(await firstFault(uplink(secure.replace("mqtts:", "mqtt:"), {}))).toMatch(/^BROKER_UNREACHABLE: /);
  });

  test("files that are no certificates, or not there", async () => {
    const url = await tlsBroker(server);
    writeFileSync(join(dir, "junk"), "junk\n");
    expect(await firstFault(uplink(url, { caFile: "/nowhere/ca.crt" }))).toMatch(/^CONFIG_UNREADABLE: .*nowhere/);
    expect(await firstFault(uplink(url, { certFile: join(dir, "junk"), keyFile: join(dir, "junk") }))).toMatch(
      /^CERT_UNUSABLE: certFile holds no certificate/,
    );
    expect((await walk({ url, certFile: join(dir, "junk"), keyFile: join(dir, "junk") })).at(-1)?.ok).toBe(false);
    expect((await walk({ url, keyFile: "/nowhere/key" })).at(-1)).toMatchObject({ stage: "settings", ok: false });
  });

  test("user and password", async () => {
    writeFileSync(join(dir, "users"), "");
    execFileSync("mosquitto_passwd", ["-b", join(dir, "users"), DEVICE, "right"]);
    writeFileSync(join(dir, "right"), "right\n");
    writeFileSync(join(dir, "wrong"), "s3cr3t-canary\n");
    const { url } = await broker({ anonymous: false, lines: [`password_file ${join(dir, "users")}`] });
    const up = uplink(url, { passwordFile: join(dir, "right") });
    await until(() => up.state() === "ok");
    const results = await walk({
      url: url.replace("//", "//somebody:s3cr3t-canary@"),
      passwordFile: join(dir, "wrong"),
    });
    expect(results.at(-1)).toMatchObject({
      stage: "login",
      ok: false,
      text: expect.stringMatching(/not authorized|user/),
    });
    expect(JSON.stringify(results)).not.toContain("s3cr3t-canary");
  });

  test("rules that do not let this device write or read are found, under 3.1.1 too", async () => {
    writeFileSync(join(dir, "readonly"), "topic read touchpoint/#\n");
    const { url } = await broker({ lines: [`acl_file ${join(dir, "readonly")}`] });
    expect((await walk({ url })).at(-1)).toMatchObject({
      stage: "publish",
      ok: false,
      text: expect.stringContaining("not authorized (0x87)"),
    });
    expect((await walk({ url, protocol: "3.1.1" })).at(-1)).toMatchObject({
      stage: "round-trip",
      ok: false,
      text: expect.stringContaining("acknowledged"),
      hint: expect.stringContaining(`touchpoint/v1/+/${DEVICE}/#`),
    });
  });

  test("the command prints a line for each stage and ends with 0 or 1", async () => {
    const { url } = await broker();
    const file = join(dir, "touchpoint.yaml");
    const run = (address: string, ...more: string[]): { status: number | null; stdout: string } => {
      writeFileSync(
        file,
        `version: 1\nlocal: { device: ${DEVICE}, site: vno-akropolis, broker: { url: "${address}" } }\nfleet: { touchpoints: [{ id: checkout }] }\n`,
      );
      const main = new URL("../../dist/src/cli/main.js", import.meta.url).pathname;
      return spawnSync(process.execPath, [main, "mqtt", "check", "--config", file, ...more], { encoding: "utf8" });
    };
    const good = run(url);
    expect(good.stdout.split("\n").map((line) => line.slice(0, 19).trim())).toEqual([
      "settings     ok",
      "dns          ok",
      "tcp          ok",
      "login        ok",
      "publish      ok",
      "round-trip   ok",
      "",
    ]);
    expect(good.status).toBe(0);
    const bad = run(`mqtt://127.0.0.1:${await freePort()}`, "--json");
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, stages: [{}, {}, { stage: "tcp", ok: false }] });
  });
});

test("an in-process 3.1.1 broker passes every stage; a silent server fails at the login", async () => {
  const inProcess = await startInProcessBroker();
  const mute = createServer(() => undefined).listen(0, "127.0.0.1");
  try {
    const settings = { site: "vno-akropolis", device: DEVICE };
    const results: CheckResult[] = [];
    for await (const result of checkBroker(
      { ...settings, broker: brokerSettings(inProcess.url) },
      new AbortController().signal,
    ))
      results.push(result);
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(results.find(({ stage }) => stage === "login")?.text).toBe("logged in, MQTT 3.1.1");
    const address = mute.address();
    const url = `mqtt://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    const silent: CheckResult[] = [];
    for await (const result of checkBroker(
      { ...settings, broker: brokerSettings(url) },
      new AbortController().signal,
      100,
    ))
      silent.push(result);
    expect(silent.at(-1)).toMatchObject({ stage: "login", ok: false });
  } finally {
    await inProcess.close();
    mute.close();
  }
});
