// The eye's thread: owns the camera processes and keeps only the newest frame of each.
import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { CameraConfig } from "../config/cameras.ts";
import { readSecret } from "../config/secret.ts";
import { keepRunning } from "../supervise/keep-running.ts";
import { cameraCommand } from "./camera/command.ts";
import { runCamera } from "./camera/run-camera.ts";
import { createSight } from "./camera/sight.ts";
import { createGlancer } from "./glance.ts";
import { type EyeData, type EyeMessage, monotonicMs, type PauseMessage, STOP, toMessage } from "./messages.ts";
import { createWriter, type NewestWriter } from "./newest.ts";

/** Cameras are few and local: they come back within seconds of being plugged in again. */
const CAMERA_BACKOFF = { firstMs: 500, maxMs: 10_000, stableAfterMs: 10_000 };

if (parentPort !== null) await see(workerData as EyeData, parentPort);

/** Runs all cameras until told to stop. */
async function see(data: EyeData, main: MessagePort): Promise<void> {
  const stop = new AbortController();
  const valves = data.cameras.map(({ paused }) => ({ paused, turned: new AbortController() }));
  // One writer a camera, over all pauses: it knows which slot is its own.
  const writers = data.cameras.map(({ memory }) => createWriter(memory));
  main.on("message", (message: typeof STOP | PauseMessage) => {
    if (message === STOP) return stop.abort();
    const valve = valves[message.camera];
    if (valve === undefined || valve.paused === message.paused) return;
    valve.paused = message.paused;
    valve.turned.abort();
  });
  await Promise.all(
    valves.map(async (valve, camera) => {
      while (!stop.signal.aborted) {
        valve.turned = new AbortController();
        const signal = AbortSignal.any([stop.signal, valve.turned.signal]);
        const [config, writer] = [data.cameras[camera]?.config, writers[camera]];
        if (config === undefined || writer === undefined) return;
        if (!valve.paused) await keepCamera({ camera, config, writer, bell: data.bell, main, signal });
        else {
          // The process that had the camera is gone, and its last frames with it.
          writer.forget();
          say(main, { kind: "state", camera, state: "paused" });
          await aborted(signal);
        }
      }
    }),
  );
  data.bell.close();
  main.close();
}

interface Keeping {
  /** Its index. */
  readonly camera: number;
  readonly config: CameraConfig;
  readonly writer: NewestWriter;
  readonly bell: MessagePort;
  readonly main: MessagePort;
  readonly signal: AbortSignal;
}

/** Keeps one camera open until aborted; its process is gone then. What it is used to see is forgotten with it. */
async function keepCamera({ camera, config, writer, bell, main, signal }: Keeping): Promise<void> {
  const glancer = createGlancer();
  const sight = createSight(config.health);
  let told: string | undefined;
  await keepRunning({
    signal,
    fallback: "CAMERA_LOST",
    backoff: CAMERA_BACKOFF,
    report: (state, fault) =>
      say(main, { kind: "state", camera, state, ...(fault === undefined ? {} : { fault: toMessage(fault) }) }),
    run: async (running, working) => {
      let opened = false;
      await runCamera({
        command: cameraCommand(config, surroundings(config)),
        limit: config,
        staleMs: config.staleMs,
        signal: running,
        target: () => writer.target(),
        frame: (frame) => {
          if (!opened) working();
          opened = true;
          const atMs = monotonicMs();
          const conditions = sight.frame(atMs, config.fps, () => glancer.glance(frame));
          if (conditions.join() !== told) say(main, { kind: "sight", camera, conditions });
          told = conditions.join();
          const dropped = writer.publish(frame, atMs);
          say(main, { kind: "frame", camera, dropped });
          // A frame that replaced another is heard of already: the bell never piles up.
          if (!dropped) bell.postMessage(camera);
        },
      });
      if (running.aborted) return;
      // The file has ended: nothing to see until the agent starts again.
      say(main, { kind: "state", camera, state: "stopped" });
      await aborted(running);
    },
  });
}

function say(main: MessagePort, message: EyeMessage): void {
  main.postMessage(message);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function surroundings({ source }: CameraConfig): Parameters<typeof cameraCommand>[1] {
  return {
    node: process.execPath,
    scene: fileURLToPath(new URL("./scene/main.js", import.meta.url)),
    password: source.kind === "rtsp" && source.passwordFile !== undefined ? readSecret(source.passwordFile) : undefined,
  };
}
