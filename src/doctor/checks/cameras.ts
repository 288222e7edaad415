// The cameras: each gives a frame, neither black nor frozen, or the running agent has it.

import type { CameraConfig } from "../../config/cameras.ts";
import { readSecret } from "../../config/secret.ts";
import { builtUrl } from "../../place.ts";
import { cameraCommand } from "../../vision/camera/command.ts";
import { runCamera } from "../../vision/camera/run-camera.ts";
import { asFault } from "../../words/errors.ts";
import { type Check, type Finding, failedBy, ok, type Patient, skipped, warn } from "../finding.ts";

/** Frames that are compared. */
const FRAMES = 3;
/** A frame whose mean is below this is dark, 0..255. */
const DARK = 8;

export const cameraCheck: Check = {
  name: "cameras",
  run: async (patient) => {
    const { cameras } = patient.config.local;
    if (cameras.length === 0) return [skipped("cameras", "none is configured")];
    return await Promise.all(cameras.map((camera) => look(camera, patient)));
  },
};

async function look(camera: CameraConfig, { machine, signal }: Patient): Promise<Finding> {
  const name = `camera ${camera.id}`;
  const { source } = camera;
  if (source.kind === "v4l2" && machine.holders(source.device).length > 0)
    return ok(name, `${source.device} is in use, by the agent as far as can be seen`);
  const means: number[] = [];
  const enough = new AbortController();
  const limit = { width: camera.width, height: camera.height };
  try {
    const password =
      source.kind === "rtsp" && source.passwordFile !== undefined ? readSecret(source.passwordFile) : undefined;
    const scene = builtUrl("vision/scene/main.js").pathname;
    await runCamera({
      command: cameraCommand(camera, { node: process.execPath, scene, password }),
      limit,
      staleMs: camera.staleMs,
      target: ({ width, height }) => new Uint8Array(width * height * 3),
      // Only the mean is kept of a frame.
      frame: ({ rgb }) => {
        means.push(rgb.reduce((sum, value) => sum + value, 0) / rgb.length);
        if (means.length >= FRAMES) enough.abort();
      },
      signal: AbortSignal.any([signal, enough.signal]),
    });
  } catch (thrown) {
    return failedBy(name, asFault(thrown, "CAMERA_OPEN"));
  }
  return judgeFrames(name, means, source.kind === "v4l2" || source.kind === "rtsp");
}

/** @param means mean of all values of each frame, 0..255; @param live a sensor, whose noise never repeats itself */
export function judgeFrames(name: string, means: readonly number[], live: boolean): Finding {
  const [first] = means;
  if (first === undefined) return warn(name, "gave no frame in the time there was", "Look at its cable and power.");
  if (means.every((mean) => mean < DARK))
    return warn(name, "the picture is black", "Take the cap off, or light the place.");
  if (live && means.length > 1 && means.every((mean) => mean === first))
    return warn(name, "the picture does not change", "Start the camera again: it may repeat one frame.");
  return ok(name, `gives frames, brightness ${Math.round((first / 255) * 100)} %`);
}
