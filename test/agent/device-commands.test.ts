// Commands about the device itself, in parts and by the real program: lamps, log, doctor, restart; signed by the verb for it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import mqtt from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeTimeSource } from "../../scripts/chaos/fake-clock.ts";
import { type AgentProcess, STARTED, startAgent } from "../../scripts/trials/agent-process.ts";
import { journalFile, ROOT, writeTrialConfig } from "../../scripts/trials/settings.ts";
import { type DeviceCommandsDeps, deviceCommands } from "../../src/agent/device-commands.ts";
import { createLamps } from "../../src/agent/lamps.ts";
import { createLog } from "../../src/agent/log.ts";
import { createLogTail } from "../../src/agent/log-tail.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { fitting } from "../../src/doctor/fitting.ts";
import { openReader } from "../../src/journal/read.ts";
import { startInProcessBroker } from "../fakes/broker.ts";
import { touchpoint } from "../fakes/program.ts";
import { until } from "../fakes/until.ts";

const ending: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** The commands with real lamps and a real log that goes nowhere. */
function parts(more: Partial<DeviceCommandsDeps> = {}) {
  const life = new AbortController();
  ending.push(() => life.abort());
  const told: string[] = [];
  const lamps = createLamps(["p1", "p2"], (pad, pattern) => told.push(`${pad} ${pattern}`));
  const tail = createLogTail();
  const log = createLog("info", tail.through({ write: () => undefined }));
  const commands = deviceCommands({ signal: life.signal, lamps, log, tail, ...more });
  const run = (name: keyof typeof commands, own: object = {}) =>
    commands[name].run({ id: "1", expires: "2026-11-22T09:14:07Z", by: "ops", ...own });
  return { life, told, lamps, log, run, commands };
}

describe("identify", () => {
  it("shows on all pads and goes back by itself to what was there", async () => {
    const { told, lamps, run } = parts();
    lamps.pause("p2", true);
    expect(await run("identify", { seconds: 1 })).toEqual({ ok: true, pads: ["p1", "p2"] });
    lamps.show("p1", "thanks");
    lamps.show("p1", "off");
    await until(() => told.at(-1) === "p2 paused" && told.length > 2, "it is over");
    expect(told).toEqual([
      ...["p2 paused", "p1 attention", "p2 attention", "p1 thanks", "p1 attention"],
      ...["p1 off", "p2 paused"],
    ]);
  });

  it("ends no alert, and says what it cannot read", async () => {
    const { told, lamps, run } = parts();
    lamps.show("p1", "attention");
    expect(await run("identify", { seconds: 1 })).toMatchObject({ ok: true });
    await until(() => told.at(-1) === "p2 off", "it is over");
    expect(told).toEqual(["p1 attention", "p2 attention", "p2 off"]);
    expect(await run("identify", { seconds: 0 })).toMatchObject({ ok: false, reason: "invalid" });
  });
});

describe("the log", () => {
  it("is more for a while, and as configured when the life ends", async () => {
    const { life, log, run } = parts();
    expect(await run("log.level", { level: "debug", minutes: 5 })).toEqual({ ok: true, level: "debug", minutes: 5 });
    expect(log.level).toBe("debug");
    life.abort();
    expect(log.level).toBe("info");
    expect(await run("log.level", { level: "fatal" })).toMatchObject({ ok: false, reason: "invalid" });
  });

  it("is given as it was written: secrets hidden, the newest, oldest first", async () => {
    const { log, run } = parts();
    log.info({ password: "hunter2", url: "rtsp://admin:hunter2@cam" }, "one");
    log.info("two");
    log.info("three");
    expect(await run("log.tail", { lines: 2 })).toMatchObject({ ok: true, lines: [{ msg: "two" }, { msg: "three" }] });
    expect(JSON.stringify(await run("log.tail"))).not.toContain("hunter2");
  });

  it("is bounded in memory and in a reply, whatever is written", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 20_000, unit: "grapheme" }), { maxLength: 60 }), (messages) => {
        const tail = createLogTail();
        const log = createLog("info", tail.through({ write: () => undefined }));
        for (const message of messages) log.info(message);
        expect(Buffer.byteLength(JSON.stringify(tail.newest(500, 60_000)))).toBeLessThanOrEqual(60_002);
        expect(JSON.stringify(tail.newest(500, 1e9)).length).toBeLessThanOrEqual(262_144 + 502);
      }),
      { numRuns: 30 },
    );
  });
});

describe("doctor", () => {
  it("is at work once at a time", async () => {
    let finish: (found: Finding[]) => void = () => undefined;
    const { run } = parts({
      doctor: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    const first = run("doctor");
    expect(await run("doctor")).toMatchObject({ ok: false, reason: "busy" });
    finish([{ name: "broker", status: "failed", message: "mqtt://till:hunter2@b is away", hint: "look" }]);
    expect(await first).toEqual({
      ok: true,
      findings: [{ name: "broker", status: "failed", message: "mqtt://***@b is away", hint: "look" }],
      leftOut: 0,
    });
  });

  it("says what failed first, and counts what does not fit", () => {
    const status = fc.constantFrom("ok", "warn", "failed", "skipped" as const);
    const finding = fc.record({
      name: fc.string(),
      status,
      message: fc.string({ maxLength: 2_000, unit: "grapheme" }),
    });
    fc.assert(
      fc.property(fc.array(finding as fc.Arbitrary<Finding>, { maxLength: 40 }), fc.nat(9_000), (findings, room) => {
        const { findings: fit, leftOut } = fitting(findings, room);
        expect(fit.length + leftOut).toBe(findings.length);
        if (fit.length > 0) expect(Buffer.byteLength(JSON.stringify(fit))).toBeLessThanOrEqual(room);
        const failed = (all: readonly Finding[]): number => all.filter((one) => one.status === "failed").length;
        if (fit.some((one) => one.status !== "failed")) expect(failed(fit)).toBe(failed(findings));
      }),
      { numRuns: 300 },
    );
  });
});

it("nobody ends an agent that nobody would start again", async () => {
  expect(await parts().run("restart")).toMatchObject({ ok: false, reason: "failed" });
});

it("the real program obeys what the verb signed, and ends in order after the reply", async () => {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-commands-"));
  ending.push(() => rmSync(folder, { recursive: true, force: true }));
  const broker = await startInProcessBroker();
  ending.push(() => broker.close());
  let listening = 0;
  broker.aedes.on("subscribe", (all) => {
    if (all.some(({ topic }) => topic === `${ROOT}/cmd/+`)) listening += 1;
  });
  const key = join(folder, "ops.pem");
  const { publicKey } = JSON.parse(touchpoint("mqtt", "keygen", key, "--json").stdout) as { publicKey: string };
  expect(touchpoint("mqtt", "keygen", key)).toMatchObject({ status: 1, stderr: expect.stringMatching(/^COMMAND_KEY/) });
  const config = writeTrialConfig({
    folder,
    brokerUrl: broker.url,
    local: {
      pads: [{ id: "p1", driver: "simulated" }],
      commands: { principals: [{ name: "ops", publicKey, may: ["*"] }] },
    },
  });
  // As a service that knows the time.
  const env = { ...createFakeTimeSource(folder, true).env, NOTIFY_SOCKET: join(folder, "nobody-listens") };
  const agent: AgentProcess = startAgent(config, { env });
  ending.push(async () => void (await agent.end("SIGKILL")));
  await agent.heard(({ msg }) => msg === STARTED, "it started", 0, 60_000);
  await agent.heard(({ stage, state }) => stage === "clock" && state === "ok", "it knows the time", 0, 60_000);
  await until(() => listening === 1, "it listens");
  const client = await mqtt.connectAsync(broker.url);
  ending.push(() => client.endAsync(true));
  const replies: Record<string, unknown>[] = [];
  client.on("message", (_, payload) => replies.push(JSON.parse(payload.toString())));
  await client.subscribeAsync(`${ROOT}/reply/+`, { qos: 1 });
  const sign = (name: string, ...more: string[]): string =>
    touchpoint("mqtt", "sign", name, "--key", key, "--by", "ops", "--config", config, ...more).stdout;
  const ask = async (name: string, body: string): Promise<Record<string, unknown>> => {
    const before = replies.length;
    await client.publishAsync(`${ROOT}/cmd/${name}`, body, { qos: 1 });
    await until(() => replies.length > before, `the reply to ${name}`, 90_000);
    return replies.at(-1) ?? {};
  };
  const pong = await ask("ping", sign("ping"));
  expect(pong).toMatchObject({ ok: true, conn: 1, stream: expect.any(String), version: expect.any(String) });
  expect(await ask("flush", sign("flush"))).toMatchObject({ ok: true, stream: pong.stream });
  expect(await ask("restart", sign("restart", "--device", "till-04"))).toMatchObject({ reason: "forged" });
  expect(await ask("log.tail", sign("log.tail", "--body", '{"lines":500}'))).toMatchObject({
    lines: expect.arrayContaining([expect.objectContaining({ msg: STARTED })]),
  });
  const { findings } = (await ask("doctor", sign("doctor"))) as { findings: Finding[] };
  expect(findings.map(({ name }) => name)).toEqual(expect.arrayContaining(["journal"]));
  const restart = sign("restart");
  expect(await ask("restart", restart)).toMatchObject({ ok: true });
  expect(await agent.ended).toEqual({ code: 0, signal: null });
  const reader = openReader(journalFile(folder));
  ending.push(() => reader.close());
  const audits = reader.last(1_000).flatMap(({ type, json }) => {
    if (type !== "audit") return [];
    const { target, outcome, by, proved, reasons } = (JSON.parse(json) as { data: Record<string, unknown> }).data;
    return [[target, outcome, by, proved ?? reasons]];
  });
  expect(audits.sort()).toEqual(
    [
      ...["ping", "flush", "log.tail", "doctor", "restart"].map((name) => [name, "run", "ops", true]),
      ["restart", "refused", "ops", ["forged"]],
    ].sort(),
  );
  // Begun anew it does not end for the same word.
  const again = startAgent(config, { env });
  ending.push(async () => void (await again.end("SIGKILL")));
  await until(() => listening === 2, "it listens again", 60_000);
  await until(() => again.lines.some(({ stage, state }) => stage === "clock" && state === "ok"), "the time", 60_000);
  expect(await ask("restart", restart)).toMatchObject({ ok: false, reason: "seen" });
  expect((await again.end("SIGTERM")).code).toBe(0);
}, 240_000);
