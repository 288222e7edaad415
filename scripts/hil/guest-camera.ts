// The trial of a V4L2 camera inside the guest: it only watches; plugs and faults are the host's to work.
import { writeFileSync } from "node:fs";
import { CameraConfig } from "../../src/config/cameras.ts";
import { keepRunning } from "../../src/supervise/keep-running.ts";
import { cameraCommand } from "../../src/vision/camera/command.ts";
import { runCamera } from "../../src/vision/camera/run-camera.ts";
import { print } from "./guest-rig.ts";

/** Keeps the camera open until it is told to end; writes its process id to `pidFile` so that the host can end it. */
export async function watchCamera(device: string, pidFile: string): Promise<void> {
  const camera = CameraConfig.parse({
    id: "hil",
    source: { kind: "v4l2", device },
    width: 320,
    height: 192,
    fps: 2,
    staleMs: 10_000,
  });
  const stop = new AbortController();
  const ended = keepRunning({
    signal: stop.signal,
    fallback: "CAMERA_LOST",
    backoff: { firstMs: 500, maxMs: 2_000, stableAfterMs: 10_000 },
    report: (state, fault) =>
      print({ kind: "state", state, ...(fault === undefined ? {} : { code: fault.code, message: fault.message }) }),
    run: async (signal, working) => {
      let frames = 0;
      await runCamera({
        command: cameraCommand(camera, { node: process.execPath, scene: "", password: undefined }),
        limit: camera,
        staleMs: camera.staleMs,
        target: ({ width, height }) => new Uint8Array(width * height * 3),
        frame: ({ width, height }) => {
          if (frames === 0) working();
          frames += 1;
          print({ kind: "frame", size: `${width}×${height}` });
        },
        signal,
      });
    },
  });
  writeFileSync(pidFile, String(process.pid));
  await new Promise<void>((resolve) => process.once("SIGTERM", () => resolve()));
  stop.abort();
  await ended;
}
