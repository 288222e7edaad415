// `touchpoint camera …`: which cameras there are, and what one really gives.
import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { CameraConfig } from "../config/cameras.ts";
import { loadConfig } from "../config/load.ts";
import { readSecret, redactText } from "../config/secret.ts";
import { readAgentWord } from "../doctor/agent-word.ts";
import { type Machine, thisMachine } from "../doctor/machine.ts";
import { builtUrl } from "../place.ts";
import type { CameraSurroundings } from "../vision/camera/command.ts";
import { videoDevices } from "../vision/camera/devices.ts";
import { deviceFormats, glimpses, streamInfo } from "../vision/camera/probe.ts";
import { judgeQuality } from "../vision/camera/quality.ts";
import { asFault, Fault } from "../words/errors.ts";
import { type Probed, probeText } from "./camera-text.ts";
import { CONFIG_OPTION, EXIT, explain } from "./outcome.ts";

interface ProbeOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly device?: string;
  readonly url?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly file?: string;
  readonly seconds: number;
}

/** Adds `camera` with its verbs. */
export function registerCamera(program: Command): void {
  const camera = program.command("camera").description("one camera at a time, live; no picture is kept");
  camera
    .command("list")
    .description("the cameras that are plugged in, under names that stay, and those of the configuration")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object")
    .action(list);
  camera
    .command("probe")
    .description("open a camera: its formats, true frame rate, light and sharpness, and what to do where they are poor")
    .argument("[id...]", "cameras of the configuration; none: all of them")
    .option(...CONFIG_OPTION)
    .option("--device <path>", "this V4L2 device instead of the configuration's cameras")
    .option("--url <address>", "this rtsp:// or rtsps:// camera, without user and password")
    .option("--username <name>", "user of --url")
    .option("--password-file <file>", "file with the password of --url")
    .option("--file <path>", "this video file")
    .option("--seconds <n>", "how long to look", seconds, 5)
    .option("--json", "one JSON object a camera, one a line")
    .action(probe);
}

function list({ config: file, json }: { config: string; json?: boolean }): void {
  const devices = videoDevices();
  const configured =
    file === CONFIG_OPTION[2] && !existsSync(file) ? [] : loadConfig(file).config.local.cameras.map(describe);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ devices, configured })}\n`);
    return;
  }
  const lines = devices.map(({ device, name, index, byId }) => {
    const use =
      index === 0 ? (byId[0] ?? "no name that stays: udev gives none") : "no pictures: another node of the same";
    return `  ${device}  ${name}  ${use}`;
  });
  const ours = configured.map(
    ({ id, source, width, height, fps }) => `  ${id}  ${source}  ${width}×${height}, ${fps} frames/s`,
  );
  const text = [
    ...(lines.length === 0 ? ["no V4L2 camera is plugged in, or its driver is not loaded"] : ["plugged in", ...lines]),
    ...(ours.length === 0 ? ["no camera is configured"] : ["configured", ...ours]),
  ];
  process.stdout.write(`${text.join("\n")}\n`);
}

function describe({ id, source, width, height, fps }: CameraConfig): {
  id: string;
  source: string;
  width: number;
  height: number;
  fps: number;
} {
  return { id, source: sourceText(source), width, height, fps };
}

function sourceText(source: CameraConfig["source"]): string {
  switch (source.kind) {
    case "v4l2":
      return `v4l2 ${source.device}`;
    case "rtsp":
      return `rtsp ${redactText(source.url)}`;
    case "file":
      return `file ${source.path}`;
    case "scene":
      return "drawn scene";
    default:
      return source satisfies never;
  }
}

async function probe(ids: readonly string[], options: ProbeOptions): Promise<void> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  const cameras = camerasOf(ids, options);
  const paused = pausedAmong(options.config);
  for (const camera of cameras) {
    const probed = await probeOne(camera, paused(camera), options.seconds * 1000, stop.signal);
    if (probed.quality === undefined) process.exitCode = EXIT.failed;
    process.stdout.write(options.json === true ? `${JSON.stringify(probed)}\n` : probeText(probed));
    if (stop.signal.aborted) break;
  }
  process.off("SIGINT", end).off("SIGTERM", end);
}

/** @throws Fault CAMERA_UNKNOWN, CONFIG_* */
function camerasOf(ids: readonly string[], options: ProbeOptions): CameraConfig[] {
  const { device, url, username, passwordFile, file } = options;
  const given = [
    ...(device === undefined ? [] : [{ kind: "v4l2", device }]),
    ...(url === undefined ? [] : [{ kind: "rtsp", url, username, passwordFile }]),
    ...(file === undefined ? [] : [{ kind: "file", path: file }]),
  ];
  if (given.length > 0)
    return given.map((source) => {
      const made = CameraConfig.safeParse({ id: source.kind, source });
      if (made.success) return made.data;
      throw new Fault("CAMERA_UNKNOWN", `not the address of a camera: ${made.error.issues[0]?.message ?? ""}`);
    });
  const { cameras } = loadConfig(options.config).config.local;
  if (cameras.length === 0) throw new Fault("CAMERA_UNKNOWN", "no camera is configured");
  if (ids.length === 0) return cameras;
  return ids.map((id) => {
    const found = cameras.find((camera) => camera.id === id);
    if (found !== undefined) return found;
    const known = cameras.map((camera) => camera.id).join(", ");
    throw new Fault("CAMERA_UNKNOWN", `no camera "${id}" is configured, only ${known}`);
  });
}

/** Who paused a camera, by its own source: a device that somebody had closed is not opened under another name either. */
function pausedAmong(file: string): (camera: CameraConfig) => string | undefined {
  if (!existsSync(file)) return () => undefined;
  const { config } = loadConfig(file);
  const { paused } = readAgentWord({ config, machine: thisMachine });
  const place = ({ source }: CameraConfig): string => JSON.stringify("device" in source ? source.device : source);
  return (camera) =>
    config.local.cameras.flatMap((one) => (place(one) === place(camera) ? (paused.get(one.id) ?? []) : []))[0];
}

/** @param paused who paused it: it is not opened then */
async function probeOne(
  camera: CameraConfig,
  paused: string | undefined,
  forMs: number,
  signal: AbortSignal,
): Promise<Probed> {
  const { source, fps } = camera;
  let probed: Probed = { camera: camera.id, source: sourceText(source), formats: [] };
  try {
    if (paused !== undefined) throw new Fault("CAMERA_PAUSED", paused);
    const surroundings = surroundingsOf(camera);
    if (source.kind === "v4l2" && existsSync(source.device)) {
      // What it offers may be asked for while somebody else has it.
      probed = { ...probed, formats: await deviceFormats(source.device, signal) };
      const [holder] = thisMachine.holders(source.device);
      if (holder !== undefined) {
        const who = isAgents(holder.pid, thisMachine) ? "the running agent" : "another program";
        return { ...probed, heldBy: { pid: holder.pid, who } };
      }
    }
    const stream = await streamInfo(camera, surroundings, signal);
    if (stream !== undefined) probed = { ...probed, stream };
    const live = source.kind === "v4l2" || source.kind === "rtsp";
    const quality = judgeQuality(await glimpses(camera, surroundings, forMs, signal), { live, fps });
    return quality === undefined ? probed : { ...probed, quality };
  } catch (thrown) {
    const fault = asFault(thrown, "CAMERA_OPEN");
    process.stderr.write(`${explain(fault)}\n`);
    return { ...probed, error: fault.toJSON() };
  }
}

function surroundingsOf({ source }: CameraConfig): CameraSurroundings {
  return {
    node: process.execPath,
    scene: builtUrl("vision/scene/main.js").pathname,
    password: source.kind === "rtsp" && source.passwordFile !== undefined ? readSecret(source.passwordFile) : undefined,
  };
}

/** The agent holds a camera by a child of its own. */
function isAgents(pid: number, { text }: Pick<Machine, "text">): boolean {
  const parent = /^PPid:\s*(\d+)/m.exec(text(`/proc/${pid}/status`) ?? "")?.[1];
  const command = parent === undefined ? "" : (text(`/proc/${parent}/cmdline`) ?? "");
  return /cli\/main\.js\0run\0/.test(command);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 1 && value <= 600)) throw new InvalidArgumentError("give a number from 1 to 600");
  return value;
}
