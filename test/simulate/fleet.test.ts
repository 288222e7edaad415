// `touchpoint simulate fleet` against a real Mosquitto: what it says it delivered is what arrived, in the agent's own words.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, describe, expect, test } from "vitest";
import { registerSimulateFleet } from "../../src/cli/simulate-fleet.ts";
import { packageRoot } from "../../src/place.ts";
import { fleetPresses } from "../../src/simulate/fleet/presses.ts";
import { Envelope, EVENT_DATA, type EventType } from "../../src/words/events.ts";
import { makeAuthority } from "../fakes/certificates.ts";
import { freePort, MOSQUITTO_ABSENT, startMosquitto } from "../fakes/mosquitto.ts";
import { logIn, startShippedBroker } from "../fleet/shipped-broker.ts";
import { mosquittoAbsent, subscribe, until } from "../uplink/rig.ts";

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** Runs the verb without holding up whoever listens to the broker. */
async function simulate(...options: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(join(packageRoot(), "bin", "touchpoint"), ["simulate", "fleet", ...options]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await once(child, "close");
  return { status: child.exitCode, stdout, stderr };
}

describe.skipIf(mosquittoAbsent)(`with a real Mosquitto${mosquittoAbsent ? ` - ${MOSQUITTO_ABSENT}` : ""}`, () => {
  test("every event arrives, numbered without a hole, and every device comes and goes", async () => {
    const broker = await startMosquitto();
    ending.push(() => broker.dispose());
    const server = await subscribe(broker.url);
    ending.push(() => server.end());
    const heard: { topic: string; payload: string }[] = [];
    server.client.on("message", (topic, payload) => heard.push({ topic, payload: payload.toString() }));
    const load = ["--devices", "12", "--rate", "2", "--seconds", "2", "--seed", "3"];
    const { status, stdout, stderr } = await simulate("--broker", broker.url, ...load, "--json");
    expect([status, stderr]).toEqual([0, expect.stringContaining("12 of 12 devices connected")]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ devices: 12, connected: 12, reconnects: 0, refused: 0, lost: 0, faults: {} });
    expect(report.behindMs).toBeGreaterThanOrEqual(0);
    expect(report.pubackP99Ms).toBeGreaterThanOrEqual(report.pubackP50Ms);
    const offline = (): number =>
      heard.filter(({ topic, payload }) => topic.endsWith("/status") && payload.includes('"offline"')).length;
    await until(() => offline() === 12);
    const events = heard
      .filter(({ topic }) => topic.includes("/event/"))
      .map(({ payload }) => Envelope.parse(JSON.parse(payload)));
    expect(events).toHaveLength(report.events);
    expect(events.filter(({ type }) => type === "press")).toHaveLength([...fleetPresses(12, 2, 2, 3)].length);
    for (const event of events) EVENT_DATA[event.type as EventType].parse(event.data);
    for (const device of new Set(events.map((event) => event.device))) {
      const seqs = events.filter((event) => event.device === device).map(({ seq }) => seq);
      expect(seqs.sort((a, b) => a - b)).toEqual(seqs.map((_, i) => i + 1));
    }
  });

  test("each device with a certificate of its own, under the shipped rules", async () => {
    const dir = mkdtempSync(join(tmpdir(), "touchpoint-fleet-"));
    ending.push(() => rmSync(dir, { recursive: true, force: true }));
    const authority = makeAuthority(dir);
    const broker = await startShippedBroker(authority);
    ending.push(() => broker.mosquitto.dispose());
    const server = await logIn(broker.serversUrl, authority, authority.issue("central"));
    ending.push(() => server.client.endAsync(true));
    await server.client.subscribeAsync("touchpoint/v1/+/+/event/press", { qos: 1 });
    for (const name of ["sim-00001", "sim-00002"]) authority.issue(name);
    const login = ["--ca", authority.ca, "--certs", dir];
    const load = ["--devices", "2", "--rate", "5", "--seconds", "1"];
    const { status, stdout } = await simulate("--broker", broker.devicesUrl, ...login, ...load);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^lost +0$/m)]);
    await until(() => server.heard.length === [...fleetPresses(2, 5, 1, 1)].length);
  });

  test("rules that let nobody write: all is lost, and the exit status says so", async () => {
    // With a queue that has no bound Mosquitto 2.0.11 ends the connection of whoever it refused.
    const lines = ["acl_file DIR/acl", "max_queued_messages 1000"];
    const broker = await startMosquitto({ files: { acl: "topic read touchpoint/#\n" }, lines });
    ending.push(() => broker.dispose());
    const { status, stdout } = await simulate(
      ...["--broker", broker.url, "--devices", "2", "--rate", "5", "--seconds", "1", "--settle", "2", "--json"],
    );
    const report = JSON.parse(stdout);
    expect(status).toBe(1);
    expect(report.events).toBeGreaterThan(0);
    expect([report.refused, report.lost]).toEqual([report.events, report.events]);
    expect(report.faults.PUBLISH_REFUSED).toBeGreaterThanOrEqual(report.events);
  });
});

test("refuses what is out of bounds, a broker elsewhere, and tells that nobody answers", async () => {
  const run = async (...options: string[]): Promise<unknown> => {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    registerSimulateFleet(program);
    return await program.parseAsync(["fleet", ...options], { from: "user" });
  };
  const here = ["--broker", "mqtt://127.0.0.1"];
  for (const wrong of [
    ["--devices", "0"],
    ["--devices", "10001"],
    ["--devices", "1.5"],
    ["--rate", "-1"],
    ["--rate", "101"],
    ["--seconds", "0"],
  ])
    await expect(run(...here, ...wrong)).rejects.toMatchObject({ code: "commander.invalidArgument" });
  await expect(run()).rejects.toMatchObject({ code: "commander.missingMandatoryOptionValue" });
  for (const [url, code] of [
    ["mqtt://broker.example", "SIMULATE_ELSEWHERE"],
    ["mqtt://10.0.0.1", "SIMULATE_ELSEWHERE"],
    ["http://127.0.0.1", "CONFIG_INVALID"],
    ["nonsense", "CONFIG_INVALID"],
    [`mqtt://127.0.0.1:${await freePort()}`, "BROKER_UNREACHABLE"],
  ])
    await expect(run("--broker", url ?? "", "--devices", "2", "--settle", "1")).rejects.toMatchObject({ code });
  const much = ["--devices", "10000", "--rate", "100", "--seconds", "3600"];
  await expect(run(...here, ...much)).rejects.toMatchObject({ code: "SIMULATE_TOO_MUCH" });
});

test("the same seed is the same people, about as many as asked for", () => {
  const presses = [...fleetPresses(50, 0.5, 60, 7)];
  expect([...fleetPresses(50, 0.5, 60, 7)]).toEqual(presses);
  // Of 1500 expected; a Poisson count is further off than five standard deviations once in two million seeds.
  expect(Math.abs(presses.length - 1_500)).toBeLessThan(5 * Math.sqrt(1_500));
  expect(presses.every(({ atMs }, i) => atMs >= (presses[i - 1]?.atMs ?? 0) && atMs < 60_000)).toBe(true);
  expect(new Set(presses.map(({ device }) => device)).size).toBe(50);
  expect([...fleetPresses(50, 0, 60, 7)]).toEqual([]);
});
