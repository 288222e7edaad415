// Between the engine and the cameras: which are paused now, on whose word; and commands that are answered when it is on disk.
import type { CameraConfig } from "../config/cameras.ts";
import type { Outcome } from "../uplink/commanding.ts";
import type { PauseWord } from "../uplink/pause-commands.ts";
import type { Pauses } from "../vision/vision.ts";
import { Fault } from "../words/errors.ts";
import type { Deciding } from "./deciding.ts";
import type { Lamps } from "./lamps.ts";

export interface Pausing extends Pauses {
  /** @param paused the sentence of who paused it; absent: it may be open */
  set(camera: string, paused?: string): void;
  /** Ids of the cameras that are paused. */
  ids(): string[];
}

export function createPausing(cameras: readonly CameraConfig[], lamps: Pick<Lamps, "pause">): Pausing {
  const paused = new Map<string, Fault>();
  const listeners = new Set<(camera: string) => void>();
  return {
    of: (camera) => paused.get(camera),
    ids: () => [...paused.keys()],
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    set(camera, sentence) {
      if (sentence === undefined) paused.delete(camera);
      else paused.set(camera, new Fault("CAMERA_PAUSED", sentence));
      for (const listener of listeners) listener(camera);
      const pad = cameras.find(({ id }) => id === camera)?.pause?.pad;
      // A button may pause several cameras: its lamp tells while any of them is closed.
      if (pad !== undefined)
        lamps.pause(
          pad,
          cameras.some(({ id, pause }) => pause?.pad === pad && paused.has(id)),
        );
    },
  };
}

/** @param nowMs boottime milliseconds */
export async function pauseByCommand(
  engine: Pick<Deciding, "decided">,
  pausing: Pick<Pausing, "ids">,
  { camera, ...word }: PauseWord,
  nowMs: number,
): Promise<Outcome> {
  const cameras = camera === undefined ? {} : { cameras: [camera] };
  const { facts, dropped } = await engine.decided({ kind: "pause", via: "mqtt", ...cameras, ...word, atMs: nowMs });
  const [fault] = dropped;
  if (fault !== undefined && facts.length === 0) return { ok: false, reason: "invalid", message: fault.message };
  return { ok: true, paused: pausing.ids() };
}
