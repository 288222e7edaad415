// What the doctor makes of a machine: each judgement, on machines that are well and on machines that are not.
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpConfig } from "../../src/config/context.ts";
import { parseConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { brokerCheck } from "../../src/doctor/checks/broker.ts";
import { cameraCheck, judgeFrames } from "../../src/doctor/checks/cameras.ts";
import { judgeClock } from "../../src/doctor/checks/clock.ts";
import { configCheck } from "../../src/doctor/checks/config.ts";
import { diskCheck, judgeSpace, judgeWear } from "../../src/doctor/checks/disk.ts";
import { doorCheck } from "../../src/doctor/checks/doors.ts";
import { journalCheck, judgeBacklog } from "../../src/doctor/checks/journal.ts";
import { modelCheck } from "../../src/doctor/checks/models.ts";
import { padCheck } from "../../src/doctor/checks/pads.ts";
import { judgeSupply, judgeTemperature, powerCheck } from "../../src/doctor/checks/power.ts";
import { judgeDumps, judgeNode, judgeSwap } from "../../src/doctor/checks/process.ts";
import { judgeService, serviceCheck } from "../../src/doctor/checks/service.ts";
import { webhookCheck } from "../../src/doctor/checks/webhooks.ts";
import { type Check, examine, type Finding, ok } from "../../src/doctor/finding.ts";
import { thisMachine } from "../../src/doctor/machine.ts";
import { openDoor } from "../../src/doors/http.ts";
import { Remembered } from "../../src/doors/remembered.ts";
import { packageRoot } from "../../src/place.ts";
import { FAULTS } from "../../src/words/errors.ts";
import { startInProcessBroker } from "../fakes/broker.ts";
import { stamped } from "../fakes/events.ts";
import { type FakeMachine, fakeMachine } from "../fakes/machine.ts";
import { freePort } from "../fakes/mosquitto.ts";
import { open } from "../journal/rig.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-doctor-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configWith(local: string): Config {
  return parseConfig(
    `version: 1\nlocal:\n  device: d\n  site: s\n${local}\nfleet:\n  touchpoints: [{ id: t }]\n`,
    "test",
  );
}

async function run(check: Check, local: string, fake: FakeMachine): Promise<Finding[]> {
  const patient = { config: configWith(local), modelsDir: join(packageRoot(), "models"), machine: fakeMachine(fake) };
  return await examine([check], patient, 20_000);
}

const brief = (findings: readonly Finding[]): string[] => findings.map(({ name, status }) => `${name}: ${status}`);
const frames = (brightness: number, contrast: number, prints: readonly number[]) =>
  prints.map((print) => ({ brightness, contrast, print }));
const device = { kind: "device", readable: true, writable: true, mode: 0o660 } as const;

describe("running the checks", () => {
  const patient = { config: configWith(""), modelsDir: "", machine: fakeMachine({}) };

  it("goes on past one that throws and one that never answers, and keeps the order", async () => {
    let told = false;
    const silent: Check = {
      name: "silent",
      run: ({ signal }) =>
        new Promise((resolve) =>
          signal.addEventListener("abort", () => {
            told = true;
            resolve([ok("silent", "too late")]);
          }),
        ),
    };
    const broken: Check = {
      name: "broken",
      run: () => {
        throw new Error("no such thing");
      },
    };
    const findings = await examine([silent, broken, { name: "good", run: () => [ok("good", "fine")] }], patient, 50);
    expect(brief(findings)).toEqual(["silent: failed", "broken: failed", "good: ok"]);
    expect(findings[1]?.message).toBe("no such thing");
    expect(told).toBe(true);
  });
});

describe("judgements", () => {
  const cases: [string, Finding | readonly Finding[], string[]][] = [
    ["a clock in 1970", judgeClock(86_400_000, true), ["clock: failed"]],
    ["a clock nobody set", judgeClock(Date.UTC(2026, 5, 1), false), ["clock: warn"]],
    ["a good clock", judgeClock(Date.UTC(2026, 5, 1), true), ["clock: ok"]],
    ["no space", judgeSpace({ freeBytes: 10_000_000, totalBytes: 1e9 }), ["disk space: failed"]],
    ["little space", judgeSpace({ freeBytes: 100_000_000, totalBytes: 1e9 }), ["disk space: warn"]],
    ["space", judgeSpace({ freeBytes: 900_000_000, totalBytes: 1e9 }), ["disk space: ok"]],
    ["no disk", judgeSpace(undefined), ["disk space: failed"]],
    ["a young eMMC", judgeWear("mmcblk0", "0x01 0x02\n"), ["wear mmcblk0: ok"]],
    ["an old eMMC", judgeWear("mmcblk0", "0x09 0x01"), ["wear mmcblk0: warn"]],
    ["an eMMC past its life", judgeWear("mmcblk0", "0x0b 0x0b"), ["wear mmcblk0: failed"]],
    ["an eMMC that does not say", judgeWear("mmcblk0", "0x00 0x00"), []],
    ["nonsense for wear", judgeWear("mmcblk0", "soon"), []],
    ["cool", judgeTemperature([41.2, 55]), ["temperature: ok"]],
    ["warm", judgeTemperature([41.2, 78]), ["temperature: warn"]],
    ["hot", judgeTemperature([88]), ["temperature: failed"]],
    ["no thermometer", judgeTemperature([]), ["temperature: skipped"]],
    ["under-voltage now", judgeSupply("throttled=0x50005\n"), ["power supply: failed"]],
    ["under-voltage before", judgeSupply("throttled=0x50000"), ["power supply: warn"]],
    ["throttled by heat", judgeSupply("throttled=0x4"), ["power supply: warn"]],
    ["a steady supply", judgeSupply("throttled=0x0"), ["power supply: ok"]],
    ["no Raspberry Pi", judgeSupply(undefined), ["power supply: skipped"]],
    ["an old Node", judgeNode("v20.18.3", "x64", false), ["node: failed"]],
    ["an older Node", judgeNode("v18.20.0", "arm64", false), ["node: failed"]],
    ["a newer Node", judgeNode("v24.1.0", "arm64", true), ["node: ok"]],
    ["32-bit Arm with a camera", judgeNode("v20.19.2", "arm", true), ["node: failed"]],
    ["32-bit Arm with buttons only", judgeNode("v20.19.2", "arm", false), ["node: warn"]],
    [
      "core dumps on",
      judgeDumps("Max core file size        unlimited            unlimited            bytes", false),
      ["core dumps: failed"],
    ],
    [
      "core dumps off",
      judgeDumps("Max core file size        0                    0                    bytes", false),
      ["core dumps: ok"],
    ],
    ["limits that cannot be read", judgeDumps("", false), ["core dumps: failed"]],
    ["reports on", judgeDumps("Max core file size        0    0    bytes", true), ["core dumps: failed"]],
    ["no swap", judgeSwap("Filename Type Size Used Priority\n"), ["swap: ok"]],
    ["swap in compressed memory", judgeSwap("Filename Type\n/dev/zram0 partition 1 0 100\n"), ["swap: ok"]],
    ["swap on the card", judgeSwap("Filename Type\n/var/swap file 1 0 -2\n"), ["swap: warn"]],
    ["no backlog", judgeBacklog(0, undefined, true), ["backlog: ok"]],
    ["a fresh backlog", judgeBacklog(12, 60_000, true), ["backlog: ok"]],
    ["an old backlog", judgeBacklog(12, 7_200_000, true), ["backlog: warn"]],
    ["a backlog of a boot without time", judgeBacklog(12, undefined, true), ["backlog: ok"]],
    ["a backlog that nobody sends", judgeBacklog(12, 7_200_000, false), ["backlog: ok"]],
    ["a living camera", judgeFrames("camera", frames(120, 40, [1, 2, 3]), true), ["camera: ok"]],
    ["a capped camera", judgeFrames("camera", frames(1.2, 0.3, [1, 2, 3]), true), ["camera: warn"]],
    ["a covered camera", judgeFrames("camera", frames(60, 2, [1, 2, 3]), true), ["camera: warn"]],
    ["a frozen camera", judgeFrames("camera", frames(120, 40, [7, 7, 7]), true), ["camera: warn"]],
    ["a drawn scene that stands still", judgeFrames("camera", frames(120, 40, [7, 7, 7]), false), ["camera: ok"]],
    ["a camera without frames", judgeFrames("camera", [], true), ["camera: warn"]],
  ];
  it.each(cases)("%s", (_what, findings, expected) => {
    expect(brief([findings].flat())).toEqual(expected);
  });
});

describe("the service", () => {
  const good = {
    LoadState: "loaded",
    ActiveState: "active",
    NRestarts: "0",
    WatchdogUSec: "30s",
    LimitCORE: "0",
    UnitFileState: "enabled",
  };
  const judge = (changes: Record<string, string>): string[] =>
    brief(judgeService(new Map(Object.entries({ ...good, ...changes }))));

  it("is well when it runs under its unit", () => {
    expect(judge({})).toEqual(["service: ok", "watchdog: ok", "service core dumps: ok"]);
  });
  it("says what is not as the unit has it", () => {
    expect(judge({ ActiveState: "failed" })[0]).toBe("service: failed");
    expect(judge({ WatchdogUSec: "0" })).toContain("watchdog: warn");
    expect(judge({ LimitCORE: "infinity" })).toContain("service core dumps: failed");
    expect(judge({ NRestarts: "7" })).toContain("service restarts: warn");
    expect(judge({ UnitFileState: "disabled" })).toContain("service at start: warn");
    expect(judge({ LoadState: "not-found" })).toEqual(["service: warn"]);
  });
  it("asks systemd where the machine was started by it, and skips otherwise", async () => {
    const ask =
      "systemctl show touchpoint.service --property=LoadState,ActiveState,Result,NRestarts,WatchdogUSec,LimitCORE,UnitFileState";
    const said = Object.entries(good)
      .map(([name, value]) => `${name}=${value}`)
      .join("\n");
    const places = { "/run/systemd/system": { ...device, kind: "folder" } as const };
    expect(brief(await run(serviceCheck, "", { places, programs: { [ask]: said } }))[0]).toBe("service: ok");
    expect(brief(await run(serviceCheck, "", {}))).toEqual(["service: skipped"]);
  });
});

describe("pads", () => {
  const serial = "  pads: [{ id: p1, driver: serial, port: /dev/pad }]";
  it("a serial port that is missing, closed to us, taken, ours, or free", async () => {
    const check = async (fake: FakeMachine): Promise<string> => {
      const [finding] = await run(padCheck, serial, fake);
      return `${finding?.status}: ${finding?.message}`;
    };
    const places = { "/dev/pad": device };
    expect(await check({})).toBe("failed: /dev/pad is not there");
    expect(await check({ places: { "/dev/pad": { ...device, writable: false } } })).toMatch(
      /^failed: this user may not/,
    );
    expect(await check({ files: { "/dev/pad": "" }, places: { "/dev/pad": { ...device, kind: "file" } } })).toMatch(
      /no device/,
    );
    const held = (command: string): FakeMachine => ({ places, holders: { "/dev/pad": [{ pid: 7, command }] } });
    expect(await check(held("/usr/sbin/ModemManager"))).toMatch(/^failed: .*process 7 \(\/usr\/sbin\/ModemManager/);
    expect(await check(held("node /opt/touchpoint/dist/src/cli/main.js run"))).toMatch(/^ok: .*by the agent/);
    expect(await check({ places })).toMatch(/^ok: .*free/);
  });

  const gpio = "  pads: [{ id: p1, driver: gpio, chip: pinctrl-rp1, buttons: { a: 5, b: GPIO6 }, lamp: 7 }]";
  const tools = {
    "gpiodetect --version": "gpiodetect (libgpiod) v1.6.3",
    gpiodetect: "gpiochip0 [pinctrl-rp1] (54 lines)\n",
    "gpioinfo gpiochip0":
      'gpiochip0 - 54 lines:\n\tline   5:      unnamed       unused   input  active-high \n\tline   6:      "GPIO6"       unused   input  active-high \n\tline   7:      unnamed    "touchpoint"  output  active-high [used]\n',
  };
  it("GPIO lines by offset and by name, the agent's own included", async () => {
    expect(await run(padCheck, gpio, { programs: tools })).toEqual([
      { name: "gpio p1", status: "ok", message: "pinctrl-rp1 has all 3 lines" },
    ]);
  });
  it("no tools, another chip, missing lines, a line that is taken", async () => {
    expect((await run(padCheck, gpio, {}))[0]?.hint).toBe("apt-get install gpiod");
    const other = { ...tools, gpiodetect: "gpiochip0 [pinctrl-bcm2711] (58 lines)\n" };
    expect((await run(padCheck, gpio, { programs: other }))[0]?.message).toContain("there are pinctrl-bcm2711");
    const taken = {
      ...tools,
      "gpioinfo gpiochip0": 'gpiochip0 - 54 lines:\n\tline   5:      unnamed  "spi0 CS0"  output  active-low [used]\n',
    };
    expect((await run(padCheck, gpio, { programs: taken })).map(({ message }) => message)).toEqual([
      "line 5 is held by spi0 CS0",
      "there is no line GPIO6",
      "there is no line 7",
    ]);
  });
  it("none, and one pressed by software", async () => {
    expect(brief(await run(padCheck, "", {}))).toEqual(["pads: skipped"]);
    expect(brief(await run(padCheck, "  pads: [{ id: p1, driver: simulated }]", {}))).toEqual(["simulated p1: ok"]);
  });
});

describe("disk, power and secrets of a machine", () => {
  it("a data folder that is there, can be made, cannot be written, or is a file", async () => {
    const local = "  dataDir: /data/journal";
    const at = async (fake: FakeMachine): Promise<string | undefined> => brief(await run(diskCheck, local, fake))[0];
    const own = { kind: "folder", readable: true, writable: true, mode: 0o700 } as const;
    expect(await at({ places: { "/data/journal": own } })).toBe("data folder: ok");
    expect(await at({ places: { "/data": own } })).toBe("data folder: ok");
    expect(await at({ places: { "/data": { ...own, writable: false } } })).toBe("data folder: failed");
    expect(await at({ places: { "/data/journal": { ...own, writable: false } } })).toBe("data folder: failed");
    expect(await at({ places: { "/data/journal": { ...own, kind: "file" } } })).toBe("data folder: failed");
  });
  it("wear and heat where the machine shows them", async () => {
    const files = {
      "/sys/block/mmcblk0/device/life_time": "0x03 0x02\n",
      "/sys/class/thermal/thermal_zone0/temp": "61234\n",
      "/sys/class/thermal/thermal_zone1/temp": "-274000\n",
    };
    expect(brief(await run(diskCheck, "  dataDir: /data", { files }))).toContain("wear mmcblk0: ok");
    const programs = { "vcgencmd get_throttled": "throttled=0x0\n" };
    expect((await run(powerCheck, "", { files, programs })).map(({ message }) => message)).toEqual([
      "61 °C",
      "steady since the start",
    ]);
  });
  it("a secret that is missing, open to others, or kept", async () => {
    const file = join(folder, "password");
    const local = `  broker: { url: "mqtt://b", passwordFile: ${file} }`;
    expect(brief(await run(configCheck, local, {}))).toEqual(["config: ok", "secret broker: failed"]);
    writeFileSync(file, "hunter2\n");
    const place = { kind: "file", readable: true, writable: true, mode: 0o644 } as const;
    expect(brief(await run(configCheck, local, { places: { [file]: place } }))[1]).toBe("secret broker: warn");
    expect(brief(await run(configCheck, local, { places: { [file]: { ...place, mode: 0o600 } } }))[1]).toBe(
      "secret broker: ok",
    );
  });
});

describe("rooms of the agent", () => {
  it("the shipped models are well; a folder without them is not", async () => {
    const local = "  cameras: [{ id: c, source: { kind: scene } }]";
    expect((await run(modelCheck, local, {})).map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
    const nowhere = { config: configWith(local), modelsDir: folder, machine: fakeMachine({}) };
    const [finding] = await examine([modelCheck], nowhere, 20_000);
    expect(finding?.message).toMatch(/^MODEL_MISSING/);
    expect(brief(await run(modelCheck, "", {}))).toEqual(["models: skipped"]);
  });

  it("a journal that is none is failed, one that never was is skipped", async () => {
    const local = `  dataDir: ${folder}`;
    const real = { config: configWith(local), modelsDir: "", machine: thisMachine };
    expect(brief(await examine([journalCheck], real, 20_000))).toEqual(["journal: skipped"]);
    writeFileSync(join(folder, "journal.db"), "this is no database, but long enough to be taken for one".repeat(40));
    expect(brief(await examine([journalCheck], real, 20_000))).toEqual(["journal: failed"]);
  });

  it("a paused camera is not opened, by whoever asks; what the running agent says of one is told", async () => {
    const dataDir = mkdtempSync(join(folder, "agent-"));
    const { journal } = await open(join(dataDir, "journal.db"));
    const dark = {
      stage: "camera:dim",
      state: "degraded",
      code: "CAMERA_DARK",
      message: "the picture is dark",
    } as const;
    const holds = [{ by: "ops", via: "mqtt", at: { boot: "b", ms: 5, unixMs: 1_763_802_000_000 }, clock: "synced" }];
    await journal.commit({
      events: [stamped("health", 1, { stage: "camera:dim", state: "ok" })],
      keep: { "pause:shut": holds },
    });
    await journal.commit({ events: [stamped("health", 2, dark)], keep: {} });
    const local = `  dataDir: ${dataDir}
  cameras:
    - { id: shut, source: { kind: file, path: /none.mp4 } }
    - { id: dim, source: { kind: file, path: /none.mp4 } }`;
    const patient = { config: configWith(local), modelsDir: "" };
    const place = { kind: "file", readable: true, writable: true, mode: 0o600 } as const;
    const file = join(dataDir, "journal.db");
    const agent = { [file]: [{ pid: 1, command: "touchpoint run" }] };
    const running = fakeMachine({ places: { [file]: place }, holders: agent });
    const [shut, dim] = await examine([cameraCheck], { ...patient, machine: running }, 20_000);
    expect(shut).toMatchObject({ status: "warn", message: "paused by ops (mqtt) at 2025-11-22T09:00:00.000Z" });
    expect(dim).toMatchObject({ status: "failed" });
    expect(dim?.message).toMatch(/^CAMERA_DARK: the picture is dark, the agent says since 2/);
    // Where no agent runs its last word is old, and the camera is looked at; one that is paused is not.
    const [still, opened] = await examine(
      [cameraCheck],
      { ...patient, machine: fakeMachine({ places: { [file]: place } }) },
      20_000,
    );
    expect([still?.message, opened?.message.slice(0, 11)]).toEqual([shut?.message, "CAMERA_OPEN"]);
    await journal.close();
  });

  it("a broker nobody listens at stops the walk where it stops", async () => {
    // Port 1 of the loopback: nobody but root may listen there, and nobody does.
    const findings = await run(brokerCheck, '  broker: { url: "mqtt://127.0.0.1:1" }', {});
    expect(brief(findings)).toEqual(["broker settings: ok", "broker dns: ok", "broker tcp: failed"]);
    expect(findings.at(-1)?.hint).not.toBe("");
    expect(brief(await run(brokerCheck, "", {}))).toEqual(["broker: skipped"]);
  });
});

it("sees this machine as it is", async () => {
  const signal = AbortSignal.timeout(20_000);
  expect(thisMachine.text("/proc/self/limits")).toContain("Max core file size");
  expect(thisMachine.text("/none")).toBeUndefined();
  expect(thisMachine.names("/none")).toEqual([]);
  expect(thisMachine.names("/proc/self")).toContain("limits");
  expect(thisMachine.place("/dev/null")).toMatchObject({ kind: "device", readable: true });
  expect(thisMachine.place(folder)).toMatchObject({ kind: "folder", mode: 0o700 });
  expect(thisMachine.space(folder)?.totalBytes).toBeGreaterThan(0);
  expect(await thisMachine.run("sh", ["-c", "echo out; echo err >&2; exit 3"], signal)).toEqual({
    code: 3,
    stdout: "out\n",
    stderr: "err\n",
  });
  expect(await thisMachine.run("no-such-program", [], signal)).toBeUndefined();
});

it("sees which other process has a file open", async () => {
  const file = join(folder, "held");
  writeFileSync(file, "");
  expect(thisMachine.holders(file)).toEqual([]);
  const fd = openSync(file, "r");
  const child = spawn("cat", { stdio: ["pipe", "ignore", "ignore", fd] });
  await once(child, "spawn");
  closeSync(fd);
  expect(thisMachine.holders(file)).toEqual([{ pid: child.pid, command: "cat" }]);
  const gone = once(child, "exit");
  child.stdin?.end();
  await gone;
  expect(thisMachine.holders(file)).toEqual([]);
});

describe("the doors", () => {
  const http = (port: number): string => `  http: { port: ${port}, tokenFile: ${join(folder, "door-token")} }`;

  it("a port is free, served by a door, or taken by another program", async () => {
    const file = join(folder, "door-token");
    writeFileSync(file, "secret\n", { mode: 0o600 });
    const port = await freePort();
    expect(brief(await run(doorCheck, http(port), {}))).toEqual(["door: ok"]);
    const stranger = createServer((_request, response) => void response.end("hello")).listen(port, "127.0.0.1");
    await once(stranger, "listening");
    expect(brief(await run(doorCheck, http(port), {}))).toEqual(["door: failed"]);
    stranger.closeAllConnections();
    stranger.close();
    await once(stranger, "close");
    const door = await openDoor(HttpConfig.parse({ port, tokenFile: file }), "secret", {
      touchpoints: [],
      remembered: new Remembered({}),
      nowMs: () => 0,
      decided: async () => ({ facts: [], dropped: [] }),
      health: () => ({ stages: {}, counters: {} }),
      count: () => undefined,
    });
    expect(brief(await run(doorCheck, http(port), {}))).toEqual(["door: ok"]);
    await door.close();
  });

  it("the shop's broker lets the agent in, or is away", async () => {
    writeFileSync(join(folder, "door-password"), "secret\n", { mode: 0o600 });
    const broker = await startInProcessBroker();
    const local = `  mqttDoor: { url: "${broker.url}", passwordFile: ${join(folder, "door-password")} }`;
    expect(brief(await run(doorCheck, local, {}))).toEqual(["door mqtt: ok"]);
    await broker.close();
    const [finding] = await run(doorCheck, local, {});
    expect(finding).toMatchObject({ status: "failed", message: expect.stringContaining("BROKER_UNREACHABLE") });
  });

  it("the server's key for contacts must be there, and be its public half", async () => {
    const local = (file: string): string => `  callback: { key: k1, publicKeyFile: ${file} }`;
    const { publicKey, privateKey } = generateKeyPairSync("x25519");
    const [good, bad] = [join(folder, "callback.pub"), join(folder, "callback.key")];
    writeFileSync(good, publicKey.export({ format: "pem", type: "spki" }));
    writeFileSync(bad, privateKey.export({ format: "pem", type: "pkcs8" }));
    expect(brief(await run(configCheck, local(good), {}))).toEqual(["config: ok", "callback key: ok"]);
    for (const file of [bad, join(folder, "none")])
      expect((await run(configCheck, local(file), {}))[1]).toMatchObject({
        status: "failed",
        hint: FAULTS.CALLBACK_KEY.hint,
      });
  });

  it("a token or password that is not there is said with the other secrets", async () => {
    const local =
      '  http: { tokenFile: /nowhere/token }\n  mqttDoor: { url: "mqtt://127.0.0.1:9", passwordFile: /nowhere/p }';
    expect(brief(await run(configCheck, local, {}))).toEqual([
      "config: ok",
      "secret door: failed",
      "secret door mqtt: failed",
    ]);
  });
});

describe("the receivers of alerts", () => {
  const webhook = (url: string): string => `  notify: { webhooks: [{ id: desk, url: "${url}" }] }`;

  it("accept connections and are sent nothing, or are away; only host and port are said", async () => {
    expect(brief(await run(webhookCheck, "", {}))).toEqual(["webhooks: skipped"]);
    let requests = 0;
    let connections = 0;
    const receiver = createServer((_request, response) => {
      requests += 1;
      response.end();
    }).on("connection", () => {
      connections += 1;
    });
    const port = await freePort();
    receiver.listen(port, "127.0.0.1");
    await once(receiver, "listening");
    const url = `http://127.0.0.1:${port}/hooks/secret-part`;
    expect(await run(webhookCheck, webhook(url), {})).toEqual([
      { name: "webhook desk", status: "ok", message: `127.0.0.1:${port} accepts connections` },
    ]);
    receiver.close();
    await once(receiver, "close");
    expect({ connections, requests }).toEqual({ connections: 1, requests: 0 });
    const [away] = await run(webhookCheck, webhook(url), {});
    expect(away).toMatchObject({ status: "failed", message: expect.stringContaining("ECONNREFUSED") });
    expect(JSON.stringify(away)).not.toContain("secret-part");
  });

  it("programs that are told of presence are there and may be executed; none is started", async () => {
    const file = (mode: number) => ({ kind: "file", readable: true, writable: false, mode }) as const;
    const programs = ["play", "text", "none"].map((name) => `{ id: ${name}, kind: command, program: /opt/${name} }`);
    const text = `version: 1
local: { device: d, site: s, cameras: [{ id: c, source: { kind: scene } }], notify: { presence: [${programs.join(", ")}] } }
fleet: { touchpoints: [{ id: t, zone: { camera: c }, presence: {} }] }
`;
    const findings = await webhookCheck.run({
      config: parseConfig(text, "test"),
      modelsDir: "",
      machine: fakeMachine({ places: { "/opt/play": file(0o755), "/opt/text": file(0o644) } }),
      signal: new AbortController().signal,
    });
    expect(brief([...findings])).toEqual([
      "presence receiver play: ok",
      "presence receiver text: failed",
      "presence receiver none: failed",
    ]);
  });

  it("a name that does not resolve is told from a port that is shut", async () => {
    const [finding] = await run(webhookCheck, webhook("https://receiver.invalid/x"), {});
    expect(finding).toMatchObject({ status: "failed", message: expect.stringContaining("does not resolve") });
  });
});
