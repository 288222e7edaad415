// The cameras: what the running agent says of each, or a look of our own: frames come, neither dark, covered nor frozen.

import type { CameraConfig } from "../../config/cameras.ts";
import { readSecret } from "../../config/secret.ts";
import { builtUrl } from "../../place.ts";
import { cameraCommand } from "../../vision/camera/command.ts";
import { conditionFault } from "../../vision/camera/condition-fault.ts";
import { runCamera } from "../../vision/camera/run-camera.ts";
import { type Condition, isDark } from "../../vision/camera/sight.ts";
import { isEven } from "../../vision/camera/view.ts";
import { createGlancer, type Glance } from "../../vision/glance.ts";
import { asFault, FAULTS } from "../../words/errors.ts";
import { type AgentWord, readAgentWord } from "../agent-word.ts";
import { type Check, type Finding, failed, failedBy, ok, type Patient, skipped, warn } from "../finding.ts";

/** Frames that are compared. */
const FRAMES = 3;

export const cameraCheck: Check = {
  name: "cameras",
  run: async (patient) => {
    const { cameras } = patient.config.local;
    if (cameras.length === 0) return [skipped("cameras", "none is configured")];
    let word: AgentWord;
    try {
      word = readAgentWord(patient);
    } catch (thrown) {
      // Without the journal nobody knows whether somebody wants a camera closed: none is opened.
      return [failedBy("cameras", thrown)];
    }
    return await Promise.all(cameras.map((camera) => judge(camera, patient, word)));
  },
};

async function judge(camera: CameraConfig, patient: Patient, word: AgentWord): Promise<Finding> {
  const name = `camera ${camera.id}`;
  const paused = word.paused.get(camera.id);
  if (paused !== undefined) return warn(name, paused, FAULTS.CAMERA_PAUSED.hint);
  const said = word.stages.get(`camera:${camera.id}`);
  if (said?.state === "degraded")
    return failed(
      name,
      `${said.code}: ${said.message}, the agent says since ${said.time}`,
      said.hint ?? "Look at the log.",
    );
  const { source } = camera;
  if (source.kind === "v4l2" && patient.machine.holders(source.device).length > 0)
    return said?.state === "ok"
      ? ok(name, `sees well, the agent says since ${said.time}`)
      : ok(name, `${source.device} is in use, by the agent as far as can be seen`);
  return await look(camera, name, patient);
}

async function look(camera: CameraConfig, name: string, { signal }: Patient): Promise<Finding> {
  const { source } = camera;
  const glancer = createGlancer();
  const glances: FrameSeen[] = [];
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
      // Only three numbers are kept of a frame.
      frame: (frame) => {
        const { brightness, contrast, print } = glancer.glance(frame);
        glances.push({ brightness, contrast, print });
        if (glances.length >= FRAMES) enough.abort();
      },
      signal: AbortSignal.any([signal, enough.signal]),
    });
  } catch (thrown) {
    return failedBy(name, asFault(thrown, "CAMERA_OPEN"));
  }
  return judgeFrames(name, glances, source.kind === "v4l2" || source.kind === "rtsp");
}

type FrameSeen = Pick<Glance, "brightness" | "contrast" | "print">;

/** @param live a sensor, whose noise never repeats itself */
export function judgeFrames(name: string, seen: readonly FrameSeen[], live: boolean): Finding {
  const [first] = seen;
  if (first === undefined) return warn(name, "gave no frame in the time there was", "Look at its cable and power.");
  const all = (is: (frame: FrameSeen) => boolean): boolean => seen.every(is);
  const conditions: Condition[] = all(({ brightness, contrast }) => isDark(brightness, isEven(contrast)))
    ? ["dark"]
    : all(({ contrast }) => isEven(contrast))
      ? ["covered"]
      : live && seen.length > 1 && all(({ print }) => print === first.print)
        ? ["frozen"]
        : [];
  const fault = conditionFault(conditions);
  return fault === undefined
    ? ok(name, `gives frames, brightness ${Math.round((first.brightness / 255) * 100)} %`)
    : warn(name, `${fault.code}: ${fault.message}`, fault.hint);
}
