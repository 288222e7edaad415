// Runs the vision room: starts its two threads, passes on what they say, and starts them again when one dies.
import { MessageChannel, Worker } from "node:worker_threads";
import { keepRunning } from "../supervise/keep-running.ts";
import { Fault } from "../words/errors.ts";
import { createLiveness, type Liveness } from "./liveness.ts";
import { type EyeData, type EyeMessage, fromMessage, type MindData, type MindMessage, STOP } from "./messages.ts";
import { loadRuntime } from "./models/runtime.ts";
import { createNewest } from "./newest.ts";
import { createSlowed, type Slowed } from "./slowed.ts";
import type { RunVision, VisionSettings } from "./vision.ts";

/** Frames come, but nothing was looked at for this long: the mind hangs, milliseconds. */
const MIND_STUCK_MS = 30_000;
/** Longest wait for a thread to end in order, milliseconds: longer than a child gets between SIGTERM and SIGKILL. */
const ENDING_MS = 5_000;

export const runVision: RunVision = async (settings, context) => {
  const liveness = createLiveness(settings, context);
  const slowed = createSlowed(settings, context);
  await keepRunning({
    signal: context.signal,
    report: context.report("vision"),
    fallback: "VISION_CRASHED",
    run: async (signal, working) => await runThreads(settings, { liveness, slowed }, signal, working),
  });
  liveness.stop();
};

/** One life of both threads. They share memory, so they live and die together. */
async function runThreads(
  settings: VisionSettings,
  { liveness, slowed }: { readonly liveness: Liveness; readonly slowed: Slowed },
  signal: AbortSignal,
  working: () => void,
): Promise<void> {
  // Held open by this thread, because the runtime's native part cannot be loaded again in a process once the last thread
  // that had it is gone ("Module did not self-register"): without this, a mind that died could never come back.
  await loadRuntime();
  const cameras = settings.cameras.map((config) => ({ config, memory: createNewest(config) }));
  const { port1: rings, port2: hears } = new MessageChannel();
  const mindData: MindData = {
    cameras,
    modelsDir: settings.modelsDir,
    models: modelsFor(settings),
    threads: settings.vision.threads,
    limits: settings.vision.reading,
    economy: settings.vision.economy,
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
            const eyeData: EyeData = {
              cameras: cameras.map((camera, index) => ({ ...camera, paused: liveness.isPaused(index) })),
              bell: rings,
            };
            const eye = new Worker(settings.threads.eye, { workerData: eyeData, transferList: [rings], name: "eye" });
            threads.unshift(eye);
            watchThread(eye, "eye", failed);
            eye.on("message", (said: EyeMessage) => {
              if (said.kind !== "frame") liveness.heard(said);
              else if (liveness.frame(said) > MIND_STUCK_MS)
                failed(new Fault("VISION_CRASHED", "the models have been silent for too long"));
            });
            liveness.begin((message) => eye.postMessage(message));
            working();
            return;
          }
          case "looked":
            slowed.looked(message);
            liveness.looked(message);
            return;
          case "rates":
            slowed.rates(message);
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
    slowed.end();
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
