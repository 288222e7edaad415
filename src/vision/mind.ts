// The mind's thread: looks at the newest frames with the models and says what it saw, in numbers.
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { asFault } from "../words/errors.ts";
import { createEconomy } from "./economy.ts";
import { openLook } from "./look.ts";
import { type MindData, type MindMessage, monotonicMs, STOP, toMessage } from "./messages.ts";
import { readManifest } from "./models/manifest.ts";
import { createReader } from "./newest.ts";
import { readStrain } from "./strain.ts";

if (parentPort !== null) await think(workerData as MindData, parentPort);

/** Looks until told to stop, or until a model fails. */
async function think(data: MindData, main: MessagePort): Promise<void> {
  const say = (message: MindMessage): void => main.postMessage(message);
  const bell = hearBell(data.bell, main);
  try {
    const manifest = readManifest(data.modelsDir);
    const look = await openLook(data.modelsDir, manifest, data.models, data.threads, data.limits);
    try {
      say({ kind: "ready" });
      const readers = data.cameras.map(({ memory }) => createReader(memory));
      const passed = data.cameras.map(() => 0);
      const economy = createEconomy({
        fps: data.cameras.map(({ config }) => config.fps),
        economy: data.economy,
        strain: readStrain,
        rates: (perSecond) => say({ kind: "rates", perSecond }),
      });
      for (let camera = await bell.next(); camera !== undefined; camera = await bell.next()) {
        const taken = readers[camera]?.take();
        const detect = data.cameras[camera]?.config.detect;
        if (taken === undefined || detect === undefined) continue;
        if (!economy.wants(camera, taken.frame, taken.atMs)) {
          passed[camera] = (passed[camera] ?? 0) + 1;
          taken.frame.rgb.fill(0);
          continue;
        }
        const fromMs = monotonicMs();
        const looked = await look.look(taken.frame, {
          face: detect.includes("face"),
          person: detect.includes("person"),
          expression: data.models.expression !== undefined,
        });
        // The camera may be paused next: no picture is left behind.
        taken.frame.rgb.fill(0);
        economy.looked(camera, looked, monotonicMs() - fromMs);
        say({ kind: "looked", camera, atMs: taken.atMs, passed: passed[camera] ?? 0, ...looked });
        passed[camera] = 0;
      }
    } finally {
      await look.close();
    }
  } catch (thrown) {
    say({ kind: "fault", fault: toMessage(asFault(thrown, "VISION_CRASHED")) });
  }
  data.bell.close();
  main.close();
}

/** Cameras that rang, each once, in order; undefined when it is time to stop. */
function hearBell(port: MessagePort, main: MessagePort): { next(): Promise<number | undefined> } {
  const ringing = new Set<number>();
  let stopped = false;
  let wake: () => void = () => undefined;
  port.on("message", (camera: number) => {
    ringing.add(camera);
    wake();
  });
  main.on("message", (message: unknown) => {
    stopped ||= message === STOP;
    wake();
  });
  // `take` one a turn of the event loop, so that a stop is heard between two looks.
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    async next() {
      await turn();
      while (!stopped) {
        const [camera] = ringing;
        if (camera !== undefined) {
          ringing.delete(camera);
          return camera;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return undefined;
    },
  };
}
