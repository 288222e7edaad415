// The whole vision room with one camera, opened for a measurement.
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CameraConfig } from "../src/config/cameras.ts";
import { ReadingLimits } from "../src/config/reading.ts";
import { packageRoot } from "../src/place.ts";
import { runVision } from "../src/vision/run.ts";
import type { Seen } from "../src/words/inputs.ts";

export interface Room {
  /** Of the camera, by name. */
  readonly counts: Readonly<Record<string, number>>;
  wait(ms: number): Promise<void>;
  end(): Promise<void>;
}

export interface RoomSettings {
  readonly source: CameraConfig["source"];
  readonly fps: number;
  readonly rest: boolean;
  readonly seen?: (seen: Seen) => void;
}

/** Resolves when the first frame was looked at; `wait` rejects when the room ends by itself. */
export async function openRoom({ source, fps, rest, seen = () => undefined }: RoomSettings): Promise<Room> {
  const counts: Record<string, number> = {};
  const stop = new AbortController();
  let live: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    live = resolve;
  });
  const ended = runVision(
    {
      cameras: [CameraConfig.parse({ id: "bench", source, fps, staleMs: 10_000 })],
      vision: {
        threads: 1,
        face: "face-320x192",
        person: "person-320x192",
        expression: "expression-48",
        reading: ReadingLimits.parse({}),
        economy: { rest, slowDown: false, hotC: 80 },
      },
      modelsDir: join(packageRoot(), "models"),
      expression: true,
      demographics: false,
      threads: {
        eye: new URL("../src/vision/eye.js", import.meta.url),
        mind: new URL("../src/vision/mind.js", import.meta.url),
      },
    },
    {
      signal: stop.signal,
      nowMs: () => performance.now(),
      report: () => (_state, fault) => {
        if (fault !== undefined) console.error(`${fault.code}: ${fault.message}`);
      },
      seen: (input) => {
        live();
        if (input.kind === "seen") seen(input);
      },
      count: (_stage, counter, by) => {
        counts[counter] = (counts[counter] ?? 0) + by;
      },
    },
  );
  const broken = ended.then(() => {
    if (!stop.signal.aborted) throw new Error("the vision room ended by itself");
  });
  broken.catch(() => undefined);
  await Promise.race([opened, broken]);
  return {
    counts,
    wait: async (ms) => {
      await Promise.race([wait(ms), broken]);
    },
    end: async () => {
      stop.abort();
      await ended;
    },
  };
}
