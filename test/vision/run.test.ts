// The vision room as a whole: real threads, real models, a drawn scene from a real child process.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { CameraConfig } from "../../src/config/cameras.ts";
import { ReadingLimits } from "../../src/config/reading.ts";
import { createClipWriter } from "../../src/vision/clip/annotate.ts";
import { runVision } from "../../src/vision/run.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import type { VisionSettings } from "../../src/vision/vision.ts";
import { Fault } from "../../src/words/errors.ts";
import type { CameraState, Seen } from "../../src/words/inputs.ts";
import { until } from "../fakes/until.ts";

const built = (path: string) => new URL(`../../dist/src/vision/${path}`, import.meta.url);
const modelsDir = fileURLToPath(new URL("../../models", import.meta.url));
const THROWS = new URL("data:text/javascript,throw new Error('an eye that breaks')");

/** Every frame is looked at, so that a test says itself what it wants. */
const VISION: VisionSettings["vision"] = {
  threads: 1,
  face: "face-320x192",
  person: "person-320x192",
  expression: "expression-48",
  reading: ReadingLimits.parse({}),
  economy: { rest: false, slowDown: false, hotC: 80 },
};

let stop = new AbortController();
let ended: Promise<void> = Promise.resolve();
afterEach(async () => {
  stop.abort();
  await ended;
});

function camera(id: string, source: CameraConfig["source"], more: Partial<CameraConfig> = {}): CameraConfig {
  return { ...CameraConfig.parse({ id, source, fps: 15, staleMs: 10_000 }), ...more };
}

function start(cameras: CameraConfig[], more: Partial<VisionSettings> = {}, pausedFirst: string[] = []) {
  const inputs: (Seen | CameraState)[] = [];
  const states: string[] = [];
  const faults: Fault[] = [];
  const counts: Record<string, number> = {};
  const paused = new Map<string, Fault>();
  const listeners = new Set<(camera: string) => void>();
  for (const id of pausedFirst) paused.set(id, new Fault("CAMERA_PAUSED", "by a test"));
  stop = new AbortController();
  ended = runVision(
    {
      cameras,
      vision: VISION,
      modelsDir,
      expression: true,
      demographics: false,
      threads: { eye: built("eye.js"), mind: built("mind.js") },
      ...more,
    },
    {
      signal: stop.signal,
      nowMs: () => performance.now() + 1_000_000,
      report: (stage) => (state, fault) => {
        states.push(`${stage} ${state}${fault === undefined ? "" : ` ${fault.code}`}`);
        if (fault !== undefined) faults.push(fault);
      },
      seen: (input) => void inputs.push(input),
      count: (stage, counter, by) => {
        counts[`${stage} ${counter}`] = (counts[`${stage} ${counter}`] ?? 0) + by;
      },
      pauses: {
        of: (id) => paused.get(id),
        watch: (listener) => {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      },
    },
  );
  const seen = () => inputs.filter((input) => input.kind === "seen");
  const live = () => inputs.flatMap((input) => (input.kind === "camera" ? [input.live] : []));
  const pause = (id: string, wanted: boolean): void => {
    if (wanted) paused.set(id, new Fault("CAMERA_PAUSED", "by a test"));
    else paused.delete(id);
    for (const listener of listeners) listener(id);
  };
  return { inputs, states, faults, counts, seen, live, pause };
}

/** Process ids of camera children whose arguments contain `mark`. */
function children(mark: string): number[] {
  return execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(mark))
    .map((line) => Number.parseInt(line, 10));
}

test("a figure comes, is seen with face, body and expression, in order of time; nothing is left when it ends", async () => {
  const room = start([camera("till", { kind: "scene", seed: 90_001, canary: false })]);
  await until(() => room.seen().some(({ faces }) => faces.some(({ score }) => score >= 0.6)), "a face is seen");
  const read = () => room.seen().flatMap(({ faces }) => faces.flatMap(({ expression }) => expression ?? []))[0];
  await until(() => read() !== undefined, "an expression is read");
  await until(() => room.seen().some(({ persons }) => persons.some(({ score }) => score >= 0.5)), "a person is seen");
  expect(room.inputs[0]).toMatchObject({ kind: "camera", camera: "till", live: true });
  expect(Object.values(read() ?? {}).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 4);
  const times = room.seen().map(({ atMs }) => atMs);
  expect(times.every((atMs) => atMs > 1_000_000 && atMs <= performance.now() + 1_000_000)).toBe(true);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(children("90001")).toHaveLength(1);
  stop.abort();
  await ended;
  expect(children("90001")).toEqual([]);
  expect(room.live()).toEqual([true, false]);
  expect(room.states.filter((state) => state.endsWith("ok"))).toEqual(["vision ok", "camera:till ok"]);
  expect(room.states.at(-2)).toBe("vision stopped");
  expect(room.states.at(-1)).toBe("camera:till stopped");
  const { "camera:till frames": frames = 0, "camera:till inferred": inferred = 0 } = room.counts;
  expect(frames).toBeGreaterThanOrEqual(inferred + (room.counts["camera:till dropped"] ?? 0));
  expect(inferred).toBe(room.seen().length);
});

test("without leave to read expressions none is read", async () => {
  const room = start([camera("till", { kind: "scene", seed: 90_002, canary: false })], { expression: false });
  await until(() => room.seen().some(({ faces }) => faces.length > 0), "a face is seen");
  expect(room.seen().every(({ faces }) => faces.every(({ expression }) => expression === undefined))).toBe(true);
});

test("without leave to read age and sex their model is not even opened; with it, one that is not there is missed", async () => {
  const vision = { ...VISION, demographics: "our-own" };
  const scene = camera("till", { kind: "scene", seed: 90_010, canary: false });
  const without = start([scene], { vision });
  await until(() => without.seen().some(({ faces }) => faces.length > 0), "a face is seen");
  expect(without.faults).toEqual([]);
  stop.abort();
  await ended;
  const room = start([scene], { vision, demographics: true });
  await until(() => room.states.includes("vision degraded MODEL_MISSING"), "the missing model is reported");
  expect(room.faults[0]?.message).toContain("our-own");
});

test("a camera's process is killed: lost, said so, started again; the other camera goes on", async () => {
  const room = start([
    camera("a", { kind: "scene", seed: 90_003, canary: false }),
    camera("b", { kind: "scene", seed: 90_004, canary: false }),
  ]);
  const from = (id: string) => room.seen().filter((seen) => seen.camera === id).length;
  await until(() => from("a") > 0 && from("b") > 0, "both cameras are seen");
  for (const pid of children("--seed 90003")) process.kill(pid, "SIGKILL");
  await until(() => room.states.includes("camera:a degraded CAMERA_LOST"), "the loss is reported");
  const [seenOfA, seenOfB] = [from("a"), from("b")];
  await until(() => from("a") > seenOfA && from("b") > seenOfB, "both cameras are seen again");
  const states = room.inputs.flatMap((input) => (input.kind === "camera" ? [`${input.camera} ${input.live}`] : []));
  expect(states.filter((state) => state.startsWith("a"))).toEqual(["a true", "a false", "a true"]);
  expect(states.filter((state) => state.startsWith("b"))).toEqual(["b true"]);
});

test("a camera that is not there is tried again and stops nothing else", async () => {
  const room = start([
    camera("gone", { kind: "v4l2", device: "/dev/video99" }),
    camera("till", { kind: "scene", seed: 90_005, canary: false }),
  ]);
  const tries = () => room.states.filter((state) => state === "camera:gone degraded CAMERA_OPEN").length;
  await until(() => tries() >= 2 && room.seen().length > 3, "two tries, and the other camera is seen");
  expect(room.seen().every((seen) => seen.camera === "till")).toBe(true);
});

test("a file is played once, in real time, and then the camera is away for good; a looped one goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vision-"));
  try {
    const file = join(folder, "two-seconds.mp4");
    const scene = await createScene({ width: 320, height: 192, seed: 2, canary: false });
    const writer = createClipWriter(file, { width: 320, height: 192 }, 8);
    for (let i = 0; i < 16; i += 1) await writer.write(await scene.frameAt(3_000 + i * 125));
    await writer.close();
    const room = start([
      camera("once", { kind: "file", path: file, loop: false }, { fps: 8 }),
      camera("again", { kind: "file", path: file, loop: true }, { fps: 8 }),
    ]);
    const from = (id: string) => room.seen().filter((seen) => seen.camera === id).length;
    await until(() => from("again") > 24, "the looped file is seen beyond its end");
    await until(() => room.states.includes("camera:once stopped"), "the other has ended");
    expect(from("once")).toBeGreaterThan(8);
    expect(from("once")).toBeLessThanOrEqual(16);
    const states = room.inputs.flatMap((input) => (input.kind === "camera" ? [`${input.camera} ${input.live}`] : []));
    expect(states.filter((state) => state.startsWith("once"))).toEqual(["once true", "once false"]);
    expect(room.states.some((state) => state.includes("degraded"))).toBe(false);
  } finally {
    stop.abort();
    await ended;
    rmSync(folder, { recursive: true });
  }
});

test("a camera that is paused is closed: its process is gone, nothing is seen; resumed, it is opened again", async () => {
  const room = start([
    camera("till", { kind: "scene", seed: 90_010, canary: false }),
    camera("other", { kind: "scene", seed: 90_011, canary: false }),
  ]);
  const from = (id: string) => room.seen().filter((seen) => seen.camera === id).length;
  await until(() => from("till") > 2, "the camera is seen");
  room.pause("till", true);
  const before = from("till");
  await until(() => room.states.includes("camera:till paused CAMERA_PAUSED"), "it says that it is closed");
  expect(children("90010")).toEqual([]);
  const others = from("other");
  await until(() => from("other") > others + 5, "the other camera goes on");
  expect(from("till")).toBe(before);
  expect(room.inputs.filter(({ camera: id, kind }) => id === "till" && kind === "camera")).toMatchObject([
    { live: true },
    { live: false, cause: "paused" },
  ]);
  room.pause("till", false);
  await until(() => from("till") > before, "it is seen again");
  const states = room.states.filter((state) => state.startsWith("camera:till"));
  expect(states.slice(states.indexOf("camera:till paused CAMERA_PAUSED"))).toEqual([
    "camera:till paused CAMERA_PAUSED",
    "camera:till starting",
    "camera:till starting",
    "camera:till ok",
  ]);
});

test("a camera that is paused before the start is never opened, and paused it ends", async () => {
  const room = start(
    [
      camera("till", { kind: "scene", seed: 90_012, canary: false }),
      camera("other", { kind: "scene", seed: 90_013, canary: false }),
    ],
    {},
    ["till"],
  );
  expect(room.inputs).toMatchObject([{ kind: "camera", camera: "till", live: false, cause: "paused" }]);
  await until(() => room.seen().length > 5, "the other camera is seen");
  expect(children("90012")).toEqual([]);
  expect(room.states.filter((state) => state.startsWith("camera:till"))).toEqual([
    "camera:till paused CAMERA_PAUSED",
    "camera:till paused CAMERA_PAUSED",
  ]);
  stop.abort();
  await ended;
  expect(room.states.at(-2)).toBe("camera:till stopped");
});

test("where the picture goes dark the stage says so, and nobody is seen until it is light again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vision-"));
  try {
    const file = join(folder, "lights.mp4");
    const size = { width: 320, height: 192 };
    const scene = await createScene({ ...size, seed: 2, canary: false });
    const writer = createClipWriter(file, size, 8);
    for (let i = 0; i < 24; i += 1) await writer.write(await scene.frameAt(3_000 + i * 125));
    for (let i = 0; i < 48; i += 1) await writer.write({ ...size, rgb: new Uint8Array(320 * 192 * 3) });
    await writer.close();
    const health = { ...CameraConfig.shape.health.parse({}), darkS: 2, recoverS: 1 };
    const room = start([camera("dim", { kind: "file", path: file, loop: true }, { fps: 8, health })]);
    await until(() => room.states.includes("camera:dim degraded CAMERA_DARK"), "it is told");
    const dark = room.inputs.length;
    expect(room.inputs.at(-1)).toMatchObject({ kind: "camera", live: false });
    await until(() => room.states.at(-1) === "camera:dim ok", "it is light again");
    await until(() => room.inputs.length > dark + 1, "it is seen again");
    expect(room.inputs[dark]).toMatchObject({ kind: "camera", live: true });
    expect(room.inputs[dark + 1]).toMatchObject({ kind: "seen" });
  } finally {
    stop.abort();
    await ended;
    rmSync(folder, { recursive: true });
  }
});

test("a slow mind sees the newest frame, and what it did not see is counted", async () => {
  const room = start([camera("fast", { kind: "scene", seed: 90_006, canary: false }, { fps: 30 })], {
    threads: { eye: built("eye.js"), mind: slowMind() },
  });
  await until(() => (room.counts["camera:fast dropped"] ?? 0) >= 20, "frames are dropped");
  const { "camera:fast frames": frames = 0, "camera:fast dropped": dropped = 0 } = room.counts;
  const seen = room.seen().length;
  expect(seen).toBeGreaterThan(0);
  // What is neither dropped nor seen is being looked at, or waits.
  expect(frames - dropped - seen).toBeGreaterThanOrEqual(0);
  expect(frames - dropped - seen).toBeLessThanOrEqual(2);
});

test("models that are missing: vision says which, no camera is opened, and all works once they are there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vision-"));
  try {
    cpSync(modelsDir, folder, { recursive: true });
    renameSync(join(folder, "face-320x192/model.onnx"), join(folder, "away"));
    const room = start([camera("till", { kind: "scene", seed: 90_007, canary: false })], { modelsDir: folder });
    await until(() => room.states.includes("vision degraded MODEL_MISSING"), "the missing model is reported");
    expect(room.faults[0]?.message).toContain("face-320x192");
    expect(room.states.some((state) => state.startsWith("camera:"))).toBe(false);
    renameSync(join(folder, "away"), join(folder, "face-320x192/model.onnx"));
    await until(() => room.seen().length > 0, "the camera is seen");
  } finally {
    stop.abort();
    await ended;
    rmSync(folder, { recursive: true });
  }
});

test("a thread that breaks is reported and started again, for ever", async () => {
  const room = start([camera("till", { kind: "scene", seed: 90_008, canary: false })], {
    threads: { eye: THROWS, mind: built("mind.js") },
  });
  const crashes = () => room.states.filter((state) => state === "vision degraded VISION_CRASHED").length;
  await until(() => crashes() >= 2, "two crashes are reported");
  expect(room.faults[0]?.message).toContain("an eye that breaks");
  expect(room.seen()).toEqual([]);
});

test("stopping at once, before anything is open, ends too", async () => {
  const room = start([camera("till", { kind: "scene", seed: 90_009, canary: false })]);
  stop.abort();
  await ended;
  expect(room.states.at(-1)).toBe("camera:till stopped");
  expect(children("90009")).toEqual([]);
});

/** The real mind behind a look of its own that takes a fifth of a second: written as a thread of its own. */
function slowMind(): URL {
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    import { createReader } from ${JSON.stringify(built("newest.js").href)};
    const reader = createReader(workerData.cameras[0].memory);
    workerData.bell.on("message", (camera) => {
      const taken = reader.take();
      const until = performance.now() + 200;
      while (performance.now() < until);
      if (taken !== undefined) parentPort.postMessage({ kind: "looked", camera, atMs: taken.atMs, faces: [], persons: [] });
    });
    parentPort.on("message", () => { workerData.bell.close(); parentPort.close(); });
    parentPort.postMessage({ kind: "ready" });`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

/** A film of an empty room through a noisy sensor; something comes in after `stillS` seconds. */
function roomFilm(folder: string, stillS: number, seconds: number): string {
  const file = join(folder, "room.mp4");
  const shelf = "drawbox=x=40:y=60:w=210:h=250:c=0x554433:t=fill";
  const comes = `drawbox=x=400:y=100:w=60:h=160:c=0xd0d0d0:t=fill:enable=gte(t\\,${stillS})`;
  const room = `color=c=0x8a9098:s=640x384:r=25,${shelf},${comes},noise=alls=6:allf=t+u,format=yuv420p`;
  execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", room, "-t", `${seconds}`, "-c:v", "libx264", file]);
  return file;
}

test("a still room is looked at twice a second and stays live; what moves is looked at at once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "still-"));
  try {
    const path = roomFilm(folder, 8, 11);
    const room = start([camera("still", { kind: "file", path, loop: false }, { fps: 8 })], {
      vision: { ...VISION, economy: { rest: true, slowDown: false, hotC: 80 } },
    });
    await until(() => room.states.includes("camera:still stopped"), "the film is over");
    const fromMs = room.seen()[0]?.atMs ?? 0;
    const between = (fromS: number, toS: number): number =>
      room.seen().filter(({ atMs }) => atMs >= fromMs + fromS * 1_000 && atMs < fromMs + toS * 1_000).length;
    expect(between(0, 2)).toBeGreaterThan(8);
    expect(between(3, 7.5)).toBeGreaterThanOrEqual(7);
    expect(between(3, 7.5)).toBeLessThanOrEqual(11);
    expect(between(8.5, 9.5)).toBeGreaterThanOrEqual(4);
    expect(room.live()).toEqual([true, false]);
    expect(room.counts["camera:still rested"]).toBeGreaterThan(20);
    expect(room.counts["camera:still rate"]).toBe(8);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
