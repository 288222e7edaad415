// A camera's child process: what it may do wrong, and what comes of it. The children are real processes.
import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { CameraConfig } from "../../src/config/cameras.ts";
import { type CameraCommand, cameraCommand, sayable } from "../../src/vision/camera/command.ts";
import { runCamera } from "../../src/vision/camera/run-camera.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { type RtspCamera, startRtspCamera } from "../fakes/rtsp-camera.ts";

const FRAME = `process.stdout.write("P6\\n2 2\\n255\\n" + "a".repeat(12));`;

function script(source: string, more: Partial<CameraCommand> = {}): CameraCommand {
  return { program: process.execPath, args: ["-e", source], stdin: undefined, secrets: [], mayEnd: false, ...more };
}

interface Outcome {
  readonly code: string | undefined;
  readonly message: string;
  readonly frames: Frame[];
}

async function run(command: CameraCommand, staleMs = 30_000, seen?: (frames: Frame[], stop: () => void) => void) {
  const frames: Frame[] = [];
  const stop = new AbortController();
  const outcome: { code: string | undefined; message: string } = { code: undefined, message: "" };
  await runCamera({
    command,
    staleMs,
    limit: { width: 640, height: 384 },
    signal: stop.signal,
    target: ({ width, height }) => new Uint8Array(width * height * 3),
    frame: (frame) => {
      frames.push(frame);
      seen?.(frames, () => stop.abort());
    },
  }).catch((thrown: { code: string; message: string }) => Object.assign(outcome, thrown, { message: thrown.message }));
  return { ...outcome, frames } satisfies Outcome;
}

describe("a live source", () => {
  test("that exits 0 after some frames is lost: nobody ends a live camera", async () => {
    const { code, frames } = await run(script(FRAME + FRAME));
    expect(code).toBe("CAMERA_LOST");
    expect(frames.length).toBe(2);
  });

  test("that exits before its first frame was never open; its last words are kept", async () => {
    const { code, message } = await run(script(`console.error("first\\nno such device"); process.exit(0)`));
    expect(code).toBe("CAMERA_OPEN");
    expect(message).toContain("no such device");
  });

  test("that is killed is lost", async () => {
    const { code, message } = await run(script(`${FRAME} setTimeout(() => process.kill(process.pid, "SIGKILL"), 50)`));
    expect(code).toBe("CAMERA_LOST");
    expect(message).toContain("killed");
  });

  test("that falls silent is stale, though its process lives, and its process is ended", async () => {
    const { code, frames } = await run(script(`${FRAME} setInterval(() => 0, 1000); // falls-silent`), 200);
    expect(code).toBe("CAMERA_STALE");
    expect(frames.length).toBe(1);
    expect(processes()).not.toContain("falls-silent");
  });

  test("that sends something else is lost", async () => {
    expect((await run(script(`console.log("I am a text, not a camera"); setInterval(() => 0, 1000)`))).code).toBe(
      "CAMERA_LOST",
    );
  });

  test("that is not installed", async () => {
    expect((await run(script("", { program: "no-such-program" }))).code).toBe("CHILD_MISSING");
  });

  test("ends when told to, though it ignores SIGTERM", async () => {
    const stubborn = `process.on("SIGTERM", () => 0); process.stdout.on("error", () => 0); setInterval(() => { ${FRAME} }, 20); // stubborn-camera`;
    const { code, frames } = await run(script(stubborn), 30_000, (_, stop) => stop());
    expect(code).toBeUndefined();
    expect(frames.length).toBeGreaterThan(0);
    expect(processes()).not.toContain("stubborn-camera");
  });
});

describe("a file", () => {
  test("may end, but only with 0", async () => {
    expect((await run(script(FRAME, { mayEnd: true }))).code).toBeUndefined();
    expect((await run(script(`${FRAME} process.exitCode = 1`, { mayEnd: true }))).code).toBe("CAMERA_LOST");
    expect((await run(script("", { mayEnd: true }))).code).toBe("CAMERA_OPEN");
  });

  test("that is no video, through the real ffmpeg", async () => {
    const { code, message } = await run(
      cameraCommand(config({ kind: "file", path: "/etc/hostname", loop: false }), none),
    );
    expect(code).toBe("CAMERA_OPEN");
    expect(message).toContain("hostname");
  });

  test("a V4L2 device that is not there, through the real ffmpeg", async () => {
    expect((await run(cameraCommand(config({ kind: "v4l2", device: "/dev/video99" }), none))).code).toBe("CAMERA_OPEN");
  });
});

describe("an RTSP camera with a password", () => {
  const password = "s3cr'et p@ss/€%";
  let camera: RtspCamera | undefined;
  afterEach(async () => {
    await camera?.close();
    camera = undefined;
  });

  test("is seen, and the password is in no argument of any process", async () => {
    camera = await startRtspCamera("viewer", password);
    let arguments_ = "";
    const { code, frames } = await run(command(camera.url, password), 30_000, (seen, stop) => {
      if (seen.length < 3) return;
      arguments_ = processes();
      stop();
    });
    expect(code).toBeUndefined();
    expect(frames[0]).toMatchObject({ width: 640, height: 384 });
    expect(camera.logins.good).toBeGreaterThan(0);
    expect(arguments_).toContain("-f concat");
    expect(arguments_).not.toMatch(/s3cr|viewer/);
  });

  test("with the wrong password says so, and not the password", async () => {
    camera = await startRtspCamera("viewer", password);
    const { code, message } = await run(command(camera.url, "wrong-word"));
    expect(code).toBe("CAMERA_OPEN");
    expect(message).toContain("401");
    expect(message).not.toContain("wrong");
  });

  test("nobody there: the address may be said, the login not", async () => {
    const { code, message } = await run(command("rtsp://127.0.0.1:1/x", password));
    expect(code).toBe("CAMERA_OPEN");
    expect(message).not.toMatch(/s3cr|viewer/);
  });

  const command = (url: string, word: string) =>
    cameraCommand(config({ kind: "rtsp", url, transport: "tcp", username: "viewer" }), { ...none, password: word });
});

test("whatever a child prints, secrets and logins are taken out, and one line is kept", () => {
  expect(sayable("x\nrtsp://u:pw@h/s: failed pw\n\n", ["pw"])).toBe("rtsp://***@h/s: failed ***");
  expect(sayable("rtsp://u:other@h/s: refused", [])).toBe("rtsp://***@h/s: refused");
  expect(sayable("a".repeat(1000), [])).toHaveLength(300);
  expect(sayable("", ["pw"])).toBe("");
});

const none = { node: process.execPath, scene: "", password: undefined };

function config(source: CameraConfig["source"]): CameraConfig {
  return CameraConfig.parse({ id: "c", source, detect: ["face"] });
}

/** Arguments of every process on this machine. */
function processes(): string {
  return execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
}
