// Runs the vision room: starts its two threads, passes on what they say, and starts them again when one dies.
import { MessageChannel, Worker } from "node:worker_threads";
import { keepRunning, type StageReport } from "../supervise/keep-running.ts";
import { Fault } from "../words/errors.ts";
import {
  type EyeData,
  type EyeMessage,
  fromMessage,
  type MindData,
  type MindMessage,
  monotonicMs,
  STOP,
} from "./messages.ts";
import { loadRuntime } from "./models/runtime.ts";
import { createNewest } from "./newest.ts";
import type { RunVision, VisionContext, VisionSettings } from "./vision.ts";

/** Frames come, but nothing was looked at for this long: the mind hangs, milliseconds. */
const MIND_STUCK_MS = 30_000;
/** Longest wait for a thread to end in order, milliseconds: longer than a child gets between SIGTERM and SIGKILL. */
const ENDING_MS = 5_000;

export const runVision: RunVision = async (settings, context) => {
  const reports = settings.cameras.map(({ id }) => context.report(`camera:${id}`));
  await keepRunning({
    signal: context.signal,
    report: context.report("vision"),
    fallback: "VISION_CRASHED",
    run: async (signal, working) => await runThreads(settings, context, reports, signal, working),
  });
  for (const report of reports) report("stopped");
};

/** One life of both threads. They share memory, so they live and die together. */
async function runThreads(
  settings: VisionSettings,
  context: VisionContext,
  reports: readonly StageReport[],
  signal: AbortSignal,
  working: () => void,
): Promise<void> {
  // Held open by this thread, because the runtime's native part cannot be loaded again in a process once the last thread
  // that had it is gone ("Module did not self-register"): without this, a mind that died could never come back.
  await loadRuntime();
  const cameras = settings.cameras.map((config) => ({ config, memory: createNewest(config) }));
  const { port1: rings, port2: hears } = new MessageChannel();
  const liveness = createLiveness(settings, context, reports);
  const mindData: MindData = {
    cameras,
    modelsDir: settings.modelsDir,
    models: modelsFor(settings),
    threads: settings.vision.threads,
    limits: settings.vision.reading,
    bell: hears,
  };
  const mind = new Worker(settings.threads.mind, { workerData: mindData, transferList: [hears], name: "mind" });
  const threads = [mind];
  let ending = false;
  try {
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => resolve();
      signal.addEventListener("abort", stop, { once: true });
      const failed = (thrown: unknown): void => {
        signal.removeEventListener("abort", stop);
        reject(thrown);
      };
      watchThread(mind, "mind", failed);
      mind.on("message", (message: MindMessage) => {
        switch (message.kind) {
          case "ready": {
            // Told to stop while the models were loading: no camera is opened any more.
            if (ending) return;
            // Cameras are opened only when there is a mind to look.
            const eyeData: EyeData = { cameras, bell: rings };
            const eye = new Worker(settings.threads.eye, { workerData: eyeData, transferList: [rings], name: "eye" });
            threads.unshift(eye);
            watchThread(eye, "eye", failed);
            eye.on("message", (said: EyeMessage) => {
              if (said.kind === "state") liveness.state(said);
              else if (liveness.frame(said) > MIND_STUCK_MS)
                failed(new Fault("VISION_CRASHED", "the models have been silent for too long"));
            });
            working();
            return;
          }
          case "looked":
            liveness.looked(message);
            return;
          case "fault":
            failed(fromMessage(message.fault));
            return;
          default:
            message satisfies never;
        }
      });
      if (signal.aborted) resolve();
    });
  } finally {
    ending = true;
    // The eye first, so that nothing is written for a mind that has gone.
    for (const thread of threads) await endThread(thread);
    rings.close();
    liveness.end();
  }
}

function modelsFor({ cameras, vision, expression, demographics }: VisionSettings): MindData["models"] {
  const wants = (kind: "face" | "person"): boolean => cameras.some(({ detect }) => detect.includes(kind));
  return {
    ...(wants("face") ? { face: vision.face } : {}),
    ...(wants("person") ? { person: vision.person } : {}),
    ...(expression && wants("face") ? { expression: vision.expression } : {}),
    ...(demographics && wants("face") && vision.demographics !== undefined
      ? { demographics: vision.demographics }
      : {}),
  };
}

interface Liveness {
  state(message: Extract<EyeMessage, { kind: "state" }>): void;
  /** @returns for how long frames have come without being looked at, milliseconds */
  frame(message: Extract<EyeMessage, { kind: "frame" }>): number;
  looked(message: Extract<MindMessage, { kind: "looked" }>): void;
  end(): void;
}

/** A camera is live while its frames come *and* are looked at: only then may anybody say that a zone is empty. */
function createLiveness(settings: VisionSettings, context: VisionContext, reports: readonly StageReport[]): Liveness {
  const cameras = settings.cameras.map(({ id }) => ({ id, open: false, live: false, waitingSinceMs: Infinity }));
  const setLive = (camera: (typeof cameras)[number], live: boolean, atMs: number): void => {
    if (camera.live === live) return;
    camera.live = live;
    context.seen({ kind: "camera", camera: camera.id, live, atMs });
  };
  return {
    state({ camera: index, state, fault }) {
      const camera = cameras[index];
      if (camera === undefined) return;
      reports[index]?.(state, fault === undefined ? undefined : fromMessage(fault));
      camera.open = state === "ok";
      if (!camera.open) setLive(camera, false, context.nowMs());
    },
    frame({ camera: index, dropped }) {
      const camera = cameras[index];
      if (camera === undefined) return 0;
      const stage = `camera:${camera.id}`;
      context.count(stage, "frames", 1);
      if (dropped) context.count(stage, "dropped", 1);
      const nowMs = monotonicMs();
      camera.waitingSinceMs = Math.min(camera.waitingSinceMs, nowMs);
      return nowMs - camera.waitingSinceMs;
    },
    looked({ camera: index, atMs: arrivedMs, faces, persons }) {
      const camera = cameras[index];
      if (camera === undefined) return;
      camera.waitingSinceMs = Infinity;
      // What was still being looked at when the camera was lost is not news any more.
      if (!camera.open) return;
      context.count(`camera:${camera.id}`, "inferred", 1);
      const atMs = context.nowMs() - (monotonicMs() - arrivedMs);
      setLive(camera, true, atMs);
      context.seen({ kind: "seen", camera: camera.id, atMs, faces, persons });
    },
    end() {
      cameras.forEach((camera, index) => {
        // The thread that would have said so is gone.
        if (camera.open) reports[index]?.("starting");
        setLive(camera, false, context.nowMs());
      });
    },
  };
}

function watchThread(thread: Worker, name: string, failed: (fault: Fault) => void): void {
  thread.on("error", (error) => failed(new Fault("VISION_CRASHED", `the ${name} thread failed: ${error.message}`)));
  thread.on("exit", (code) => failed(new Fault("VISION_CRASHED", `the ${name} thread ended with ${code}`)));
}

/** Asks a thread to end, and ends it where asking was not enough. */
async function endThread(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return;
  const gone = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  thread.postMessage(STOP);
  const timer = setTimeout(() => void thread.terminate(), ENDING_MS);
  await gone;
  clearTimeout(timer);
}
