// The eye's thread: owns the camera processes and keeps only the newest frame of each.
import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { CameraConfig } from "../config/cameras.ts";
import { readSecret } from "../config/secret.ts";
import { keepRunning } from "../supervise/keep-running.ts";
import { cameraCommand } from "./camera/command.ts";
import { runCamera } from "./camera/run-camera.ts";
import { type EyeData, type EyeMessage, monotonicMs, STOP, toMessage } from "./messages.ts";
import { createWriter } from "./newest.ts";

/** Cameras are few and local: they come back within seconds of being plugged in again. */
const CAMERA_BACKOFF = { firstMs: 500, maxMs: 10_000, stableAfterMs: 10_000 };

if (parentPort !== null) await see(workerData as EyeData, parentPort);

/** Runs all cameras until told to stop. */
async function see(data: EyeData, main: MessagePort): Promise<void> {
  const stop = new AbortController();
  main.on("message", (message: unknown) => {
    if (message === STOP) stop.abort();
  });
  const say = (message: EyeMessage): void => main.postMessage(message);
  await Promise.all(
    data.cameras.map(async ({ config, memory }, camera) => {
      const writer = createWriter(memory);
      await keepRunning({
        signal: stop.signal,
        fallback: "CAMERA_LOST",
        backoff: CAMERA_BACKOFF,
        report: (state, fault) =>
          say({ kind: "state", camera, state, ...(fault === undefined ? {} : { fault: toMessage(fault) }) }),
        run: async (signal, working) => {
          let opened = false;
          await runCamera({
            command: cameraCommand(config, surroundings(config)),
            limit: config,
            staleMs: config.staleMs,
            signal,
            target: () => writer.target(),
            frame: (frame) => {
              if (!opened) working();
              opened = true;
              const dropped = writer.publish(frame, monotonicMs());
              say({ kind: "frame", camera, dropped });
              // A frame that replaced another is heard of already: the bell never piles up.
              if (!dropped) data.bell.postMessage(camera);
            },
          });
          if (signal.aborted) return;
          // The file has ended: nothing to see until the agent starts again.
          say({ kind: "state", camera, state: "stopped" });
          await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        },
      });
    }),
  );
  data.bell.close();
  main.close();
}

function surroundings({ source }: CameraConfig): Parameters<typeof cameraCommand>[1] {
  return {
    node: process.execPath,
    scene: fileURLToPath(new URL("./scene/main.js", import.meta.url)),
    password: source.kind === "rtsp" && source.passwordFile !== undefined ? readSecret(source.passwordFile) : undefined,
  };
}
