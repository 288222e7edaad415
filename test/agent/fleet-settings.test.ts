// Fleet settings that come by the broker, on the whole agent: tried, applied, refused, rolled back, and found again.
import { spawnSync } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_BYTES } from "../../src/config/desired.ts";
import { forgetRemote, readRemote, remoteFile, writeRemote } from "../../src/config/remote-file.ts";
import { which } from "../../src/supervise/child.ts";
import type { SettingsState } from "../../src/words/fleet-settings.ts";
import { mosquittoProgram, startMosquitto } from "../fakes/mosquitto.ts";
import { until } from "../fakes/until.ts";
import { createRig, fleet, type Rig, ROOT, wanted } from "./settings-rig.ts";

let rig: Rig;
// Each test lives through several starts of the whole agent.
vi.setConfig({ testTimeout: 240_000 });

const ends: (() => unknown)[] = [];
afterEach(async () => {
  await rig.end();
  for (const end of ends.splice(0).reverse()) await end();
});

const hasFfmpeg = which("ffmpeg") !== undefined;
const QUICK = { firstMs: 50, maxMs: 500, stableAfterMs: 0 };

/** A clip of a test picture, drawn anew. */
function drawnClip(): string {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-clip-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const clip = join(folder, "clip.avi");
  const bars = ["-f", "lavfi", "-i", "testsrc=size=320x192:rate=5", "-t", "2", "-c:v", "mjpeg"];
  const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", ...bars, clip], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return clip;
}

describe("good settings", () => {
  it("are tried, then applied; presses go on under the new question and none is lost or doubled", async () => {
    rig = await createRig();
    const agent = await rig.start();
    expect(rig.last()).toMatchObject({ state: "file", running: { version: 0 } });
    await rig.press("4");
    rig.send(wanted(7, fleet({}, 2)));
    const trial = await rig.says("trial", 7);
    await rig.press("1");
    const applied = await rig.says("applied", 7);
    expect(applied).toMatchObject({ hash: trial.hash, reasons: [], running: { version: 7, hash: trial.hash } });
    expect(agent.lives()).toBe(2);
    await rig.press("2");
    await agent.stop();
    expect(rig.of("press").map(({ data }) => [data.value, data.questionVersion])).toEqual([
      [4, 1],
      [1, 2],
      [2, 2],
    ]);
    expect(rig.of("audit").map(({ data }) => [data.action, data.by, data.via, data.outcome, data.version])).toEqual([
      ["config", "ops@example", "mqtt", "trial", 7],
      ["config", "ops@example", "mqtt", "applied", 7],
    ]);
    expect(new Set(rig.of("press").map(({ stream }) => stream)).size).toBe(1);
  });

  it("outlive a restart, after which the retained document is nothing new; twice is once, older is refused", async () => {
    rig = await createRig();
    const first = await rig.start();
    rig.send(wanted(7, fleet({}, 2)));
    await rig.says("applied", 7);
    await first.stop();
    const second = await rig.start();
    expect(rig.last()).toMatchObject({ state: "applied", version: 7, running: { version: 7 } });
    rig.send(wanted(7, fleet({}, 2)));
    rig.send(wanted(6, fleet({}, 3)));
    const refused = await rig.says("refused", 6);
    expect(refused.reasons).toEqual(["version: 6 is not above 7, which is in force"]);
    expect(refused.running.version).toBe(7);
    expect(second.lives()).toBe(1);
    await second.stop();
    expect(rig.of("audit").map(({ data }) => [data.outcome, data.version])).toEqual([
      ["trial", 7],
      ["applied", 7],
      ["refused", 6],
    ]);
  });

  it("bring a questionnaire, which is answered by pad", async () => {
    rig = await createRig();
    const agent = await rig.start();
    const surveys = [{ id: "nps", template: "nps" as const }];
    rig.send(wanted(1, { touchpoints: [{ id: "checkout", pads: ["p1"], survey: "nps" }], surveys }));
    await rig.says("applied", 1);
    await rig.press("9");
    await until(() => rig.of("answer").length === 1, "the answer arrives");
    expect(rig.of("answer")[0]?.data).toMatchObject({ survey: "nps", question: "recommend", value: 9, max: 10 });
    await agent.stop();
  });

  it("that come while others are on trial wait for its end: the newest is tried then", async () => {
    rig = await createRig();
    const agent = await rig.start();
    rig.send(wanted(1, fleet({}, 2)));
    await rig.says("trial", 1);
    rig.send(wanted(2, fleet({}, 3)));
    rig.send(wanted(3, fleet({}, 4)));
    await rig.says("applied", 3);
    expect(agent.lives()).toBe(3);
    expect(rig.states.filter(({ state }) => state === "applied").map(({ version }) => version)).toEqual([1, 3]);
    await agent.stop();
  });
});

describe("bad settings", () => {
  it("are refused with reasons and change nothing, too large ones and rubbish too; the events of it are few", async () => {
    rig = await createRig();
    const agent = await rig.start();
    rig.send(wanted(2, fleet({ touchpoints: [{ id: "checkout", pads: ["p9"] }] })));
    const invalid = await rig.says("refused", 2);
    expect(invalid.reasons).toContain('fleet.touchpoints[0].pads[0]: no pad "p9" under local.pads');
    rig.send(wanted(3, fleet(), { padding: "x".repeat(MAX_BYTES) }));
    await until(() => rig.last()?.reasons[0]?.includes("more than 131072") === true, "too large is said");
    rig.send(wanted(4, fleet({ mood: { k: 2 } })));
    expect((await rig.says("refused", 4)).reasons).toEqual([expect.stringMatching(/^fleet\.mood\.k: /)]);
    for (let n = 0; n < 50; n += 1) rig.send(`{"version":${n}`);
    await until(() => rig.last()?.reasons[0] === "it is no JSON in UTF-8", "rubbish is said");
    expect(rig.last()?.running.version).toBe(0);
    expect(agent.lives()).toBe(1);
    await rig.press("4");
    await agent.stop();
    expect(rig.of("press").map(({ data }) => data.value)).toEqual([4]);
    expect(rig.of("audit").map(({ data }) => [data.outcome, data.version, data.by])).toEqual([
      ["refused", 2, "ops@example"],
    ]);
  });

  it.skipIf(!hasFfmpeg)(
    "that a camera does not survive are rolled back, told once and never tried again; a camera they did not touch is weather (needs ffmpeg)",
    async () => {
      const clip = drawnClip();
      const source = { kind: "file" as const, path: clip, loop: true };
      const looking = (x: number, version = 1) => {
        const [touchpoint] = fleet({}, version).touchpoints;
        const zone = {
          camera: "door",
          polygon: [[x, 0] as [number, number], [1, 0] as [number, number], [1, 1] as [number, number]],
        };
        return fleet({ touchpoints: [{ ...touchpoint, id: "checkout", zone }] });
      };
      const camera = { id: "door", source, width: 320, height: 192, fps: 2, detect: ["face" as const] };
      // Long enough for the models to be loaded on a busy machine: a stage that has not come back yet counts as ill.
      rig = await createRig({ cameras: [camera], remoteConfig: { trialS: 8 } }, looking(0));
      const cameraWorks = (times: number): Promise<void> =>
        until(
          () =>
            rig.of("health").filter(({ data }) => data.stage === "camera:door" && data.state === "ok").length >= times,
          "the camera works",
        );
      const agent = await rig.start();
      await cameraWorks(1);
      renameSync(clip, `${clip}.away`);
      rig.send(wanted(7, looking(0.5)));
      const back = await rig.says("rolled-back", 7);
      expect(back.reasons).toContainEqual(expect.stringMatching(/^camera:door was healthy and is (starting|degraded)/));
      renameSync(`${clip}.away`, clip);
      await cameraWorks(2);
      expect(rig.last()).toMatchObject({ state: "rolled-back", version: 7, running: { version: 0 } });
      expect(agent.lives()).toBe(3);

      rig.send(wanted(8, looking(0.5)));
      const refused = await rig.says("refused", 8);
      expect(refused.reasons[0]).toBe("these settings were rolled back before and are not tried again");

      renameSync(clip, `${clip}.away`);
      rig.send(wanted(9, looking(0, 2)));
      await rig.says("applied", 9);
      await agent.stop();
      expect(rig.of("audit").map(({ data }) => [data.outcome, data.version])).toEqual([
        ["trial", 7],
        ["rolled-back", 7],
        ["refused", 8],
        ["trial", 9],
        ["applied", 9],
      ]);
    },
  );
});

describe("a broker that goes away during the trial", () => {
  it.skipIf(mosquittoProgram() === undefined)(
    "is weather: they are applied, and told when it is back (needs mosquitto)",
    async () => {
      const broker = await startMosquitto();
      rig = await createRig({ broker: { url: broker.url } });
      ends.push(broker.dispose);
      const server = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      ends.push(() => server.endAsync(true));
      const states: SettingsState[] = [];
      server.on("message", (_topic, payload) => states.push(JSON.parse(payload.toString())));
      await server.subscribeAsync(`${ROOT}/state/config`);
      const agent = await rig.start({ heard: () => states.length > 0, uplinkTimings: { backoff: QUICK } });
      await server.publishAsync(`${ROOT}/config`, wanted(7, fleet({}, 2)), { qos: 1, retain: true });
      await until(() => states.at(-1)?.state === "trial", "the trial is told");
      await broker.stop();
      await until(
        () => readRemote(rig.folder).settled?.version === 7,
        "they are applied while the broker is away",
        60_000,
      );
      await rig.press("4");
      await broker.start();
      await until(() => states.at(-1)?.state === "applied", "it is told");
      // The retained document was forgotten by the broker with its memory; it comes again, and is nothing new.
      await server.publishAsync(`${ROOT}/config`, wanted(7, fleet({}, 2)), { qos: 1, retain: true });
      await agent.stop();
      expect(agent.lives()).toBe(2);
      expect(states.at(-1)).toMatchObject({ state: "applied", version: 7, reasons: [] });
    },
  );
});

describe("kept settings", () => {
  it("that were forgotten, or are damaged, leave the file in force", async () => {
    rig = await createRig();
    const first = await rig.start();
    rig.send(wanted(7, fleet({}, 2)));
    await rig.says("applied", 7);
    await first.stop();
    rig.send("");
    forgetRemote(rig.folder);
    const second = await rig.start();
    expect(rig.last()).toMatchObject({ state: "file", running: { version: 0 } });
    await second.stop();
    writeFileSync(remoteFile(rig.folder), "{");
    const third = await rig.start();
    expect(rig.last()).toMatchObject({ state: "file", running: { version: 0 } });
    // And it takes new ones.
    rig.send(wanted(1, fleet({}, 3)));
    await rig.says("applied", 1);
    expect(readRemote(rig.folder).settled?.version).toBe(1);
    await third.stop();
  });

  it("that no longer fit the file, which became stricter, do not hold, and it is said why", async () => {
    rig = await createRig({}, fleet({ mood: { k: 9 } }));
    writeRemote(rig.folder, { format: 1, failed: [], settled: JSON.parse(wanted(7, fleet({}, 2))) });
    const agent = await rig.start();
    expect(rig.last()).toMatchObject({ state: "refused", version: 7, running: { version: 0 } });
    expect(rig.last()?.reasons).toEqual([expect.stringMatching(/^fleet\.mood\.k: /)]);
    await agent.stop();
  });

  it("are neither taken nor in force where the technician forbids it", async () => {
    rig = await createRig({ remoteConfig: { accept: false } });
    writeRemote(rig.folder, { format: 1, failed: [], settled: JSON.parse(wanted(7, fleet({}, 2))) });
    const agent = await rig.start();
    expect(rig.last()).toMatchObject({ state: "file", running: { version: 0 } });
    await rig.press("4");
    await until(() => rig.of("press").length === 1, "the press arrives");
    expect(rig.of("press")[0]?.data.questionVersion).toBe(1);
    expect(rig.subscribed).not.toContain("config");
    await agent.stop();
  });
});
