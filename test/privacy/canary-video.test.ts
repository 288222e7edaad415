// No picture leaves memory where a camera breaks or a technician looks at a file; only `--annotate` writes, and only its file.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROGRAM, startAgent } from "../../scripts/trials/agent-process.ts";
import { commandLine, descendants } from "../../scripts/trials/processes.ts";
import { writeTrialConfig } from "../../scripts/trials/settings.ts";
import { createLeakSearch, FRAME } from "../../src/privacy/leak-search.ts";
import { filesBelow } from "../../src/privacy/rehearse.ts";
import { exited, startChild } from "../../src/supervise/child.ts";
import { readClip } from "../../src/vision/clip/read-clip.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { visitsUntil } from "../../src/vision/scene/script.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram, startMosquitto } from "../fakes/mosquitto.ts";
import { startTap } from "../fakes/tap.ts";
import { until } from "../fakes/until.ts";

/** A scene of this run only, so that no other run's picture is taken for it. */
const SEED = 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
const FPS = 4;
const folder = mkdtempSync(join(tmpdir(), "touchpoint-canary-video-"));
const film = join(folder, "film.mkv");
const cut = join(folder, "cut.mkv");
const still = join(folder, "still.png");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The first visitor of the scene, from coming to standing, without loss: decoded, it is the very bytes that were drawn. */
beforeAll(async () => {
  const scene = await createScene({ ...FRAME, seed: SEED, canary: true });
  const standsMs = visitsUntil(SEED, 60_000)[0]?.standsMs ?? 0;
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${FRAME.width}x${FRAME.height}`, "-r", `${FPS}`];
  const args = ["-v", "error", ...raw, "-i", "pipe:0", "-c:v", "ffv1", "-pix_fmt", "bgr0", film];
  const encoder = startChild("ffmpeg", args, { stdio: ["pipe", "ignore", "inherit"] });
  const done = exited(encoder);
  for (let i = 0; i < 5 * FPS; i += 1) {
    const { rgb } = await scene.frameAt(Math.max(0, standsMs - 1_000) + (i * 1000) / FPS);
    encoder.stdin?.write(Buffer.from(rgb));
  }
  encoder.stdin?.end();
  expect((await done).code).toBe(0);
  const bytes = readFileSync(film);
  writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * 0.55)));
  const { rgb } = await scene.frameAt(standsMs);
  await sharp(rgb, { raw: { ...FRAME, channels: 3 } })
    .png()
    .toFile(still);
}, 60_000);

/** A folder with places of its own for whatever a program might leave. */
function home(name: string): { path: string; cwd: string; env: Record<string, string> } {
  const path = join(folder, name);
  for (const part of ["tmp", "cwd"]) mkdirSync(join(path, part), { recursive: true });
  return {
    path,
    cwd: join(path, "cwd"),
    env: { HOME: path, TMPDIR: join(path, "tmp"), XDG_CACHE_HOME: join(path, "cache") },
  };
}

/** Whether the canary is in a frame that a video gives when it is decoded. */
async function showsCanary(video: string): Promise<boolean> {
  const search = await createLeakSearch(SEED);
  for await (const { frame, atMs } of readClip(video, FRAME, FPS)) {
    // Not the first: an encoder may give it fewer bits than the noise needs.
    if (atMs < 2_000) continue;
    const { rgb, width, height } = frame;
    const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    return (await search.find(png)) !== undefined;
  }
  return false;
}

test("what the cameras and verbs here are shown holds the canary, the file cut short too", async () => {
  expect(await showsCanary(film)).toBe(true);
  expect(await showsCanary(cut)).toBe(true);
  expect(await (await createLeakSearch(SEED)).find(readFileSync(still))).toBeDefined();
}, 60_000);

describe.skipIf(mosquittoProgram() === undefined)(`cameras that break (else: ${MOSQUITTO_ABSENT})`, () => {
  test("frozen, killed, and a file cut short: the canary is in no file, no byte sent, no word printed", async () => {
    const evidence = new Map<string, Uint8Array>();
    const ending: (() => Promise<unknown>)[] = [];
    const { path, cwd, env } = home("agent");
    try {
      const broker = await startMosquitto();
      ending.push(broker.dispose);
      const tap = await startTap(broker.port);
      ending.push(tap.close);
      const camera = { ...FRAME, fps: FPS, staleMs: 1_500 };
      const config = writeTrialConfig({
        folder: path,
        brokerUrl: tap.url,
        local: {
          logLevel: "debug",
          cameras: [
            { id: "whole", source: { kind: "file", path: film, loop: true }, ...camera },
            { id: "cut", source: { kind: "file", path: cut, loop: true }, ...camera },
          ],
        },
        zone: { camera: "whole", dwellMs: 500 },
      });
      const agent = startAgent(config, { env, cwd });
      ending.push(() => agent.end("SIGKILL"));
      const camerasOk = async (id: string, after: number): Promise<unknown> =>
        await agent.heard(({ stage, state }) => stage === `camera:${id}` && state === "ok", `${id} is open`, after);
      await camerasOk("whole", 0);
      await camerasOk("cut", 0);
      for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
        const after = agent.lines.length;
        const [child] = descendants(agent.pid).filter((pid) => commandLine(pid).includes(`file:${film}`));
        process.kill(child ?? 0, signal);
        await agent.heard(({ stage, state }) => stage === "camera:whole" && state === "degraded", signal, after);
        await camerasOk("whole", after);
        for (const file of filesBelow(path)) evidence.set(`${signal} ${file}`, readFileSync(file));
      }
      await until(() => tap.sent().length > 1_000, "the broker was told");
      expect(await agent.end("SIGTERM")).toEqual({ code: 0, signal: null });
      for (const file of filesBelow(path)) evidence.set(`at the end ${file}`, readFileSync(file));
      evidence.set("printed", Buffer.from(agent.printed()));
      evidence.set("sent", tap.sent());
    } finally {
      for (const end of ending.reverse()) await end();
    }
    const names = filesBelow(path).map((file) => file.slice(path.length + 1));
    expect(names.filter((name) => !/^(touchpoint\.yaml|data\/journal\.db[-.a-z]*)$/.test(name))).toEqual([]);
    const search = await createLeakSearch(SEED);
    for (const [name, bytes] of evidence) expect(await search.find(bytes), name).toBeUndefined();
  }, 120_000);
});

describe("a technician's verbs", () => {
  /** Runs a verb in a home of its own; what it printed, and the files it left there. */
  async function verb(name: string, ...args: string[]): Promise<{ printed: string; left: string[]; path: string }> {
    const { path, cwd, env } = home(name);
    const printed = await new Promise<string>((resolve) => {
      execFile(PROGRAM, args, { cwd, env: { ...process.env, ...env } }, (_, out, err) => resolve(out + err));
    });
    return { printed, left: filesBelow(path).map((file) => file.slice(path.length + 1)), path };
  }
  const run = ["vision", "run", "--json", "--mood", "--fps", `${FPS}`];

  test.each([
    ["run", [...run, film], /"framesWithPersons":[1-9]/],
    ["run-cut", [...run, cut], /"damaged":"/],
    ["detect", ["vision", "detect", "--json", still], /"score"/],
  ])(
    "vision %s prints what it saw, and leaves no picture and no file",
    async (name, args, saw) => {
      const { printed, left } = await verb(name, ...args);
      expect(printed.replaceAll(/"\s*:\s*/g, '":')).toMatch(saw);
      expect(left).toEqual([]);
      expect(await (await createLeakSearch(SEED)).find(Buffer.from(printed))).toBeUndefined();
    },
    60_000,
  );

  test("with --annotate the named file is the only one, and the canary is in that", async () => {
    const { printed, left, path } = await verb("annotate", ...run, film, "--annotate", "seen.mp4");
    expect(left).toEqual(["cwd/seen.mp4"]);
    expect(await showsCanary(join(path, "cwd", "seen.mp4"))).toBe(true);
    expect(await (await createLeakSearch(SEED)).find(Buffer.from(printed))).toBeUndefined();
  }, 60_000);
});
