// Opens a camera for some seconds and keeps of each frame when it came and what a glance said.
import type { CameraConfig } from "../../config/cameras.ts";
import { exited, startChild, which } from "../../supervise/child.ts";
import { createGlancer } from "../glance.ts";
import { type CameraInput, type CameraSurroundings, cameraCommand, cameraInput } from "./command.ts";
import { type CameraFormat, parseFfmpegFormats, parseStream, parseV4l2Formats, type StreamInfo } from "./formats.ts";
import { type Glimpse, PROBE_SIZE } from "./quality.ts";
import { runCamera } from "./run-camera.ts";

/** Longest wait for what a device or stream says of itself, milliseconds. */
const ASKING_MS = 10_000;

/**
 * Every frame that the source gives within `forMs` of the first one, at the source's own rate.
 * @throws Fault CAMERA_OPEN, CAMERA_LOST, CAMERA_STALE, CHILD_MISSING
 */
export async function glimpses(
  camera: CameraConfig,
  surroundings: CameraSurroundings,
  forMs: number,
  signal: AbortSignal,
): Promise<Glimpse[]> {
  const seen: Glimpse[] = [];
  const glancer = createGlancer();
  const enough = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  try {
    await runCamera({
      command: cameraCommand({ ...camera, ...PROBE_SIZE }, surroundings, "native"),
      limit: PROBE_SIZE,
      staleMs: camera.staleMs,
      target: ({ width, height }) => new Uint8Array(width * height * 3),
      frame: (frame) => {
        const atMs = performance.now();
        const { brightness, contrast, sharpness, print } = glancer.glance(frame);
        seen.push({ atMs, brightness, contrast, sharpness, print });
        if (seen.length === 1) timers.push(setTimeout(() => enough.abort(), forMs));
      },
      signal: AbortSignal.any([signal, enough.signal]),
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
  return seen;
}

/** What a V4L2 device offers: by v4l2-ctl where that is installed, else by ffmpeg, which says no rates. */
export async function deviceFormats(device: string, signal: AbortSignal): Promise<CameraFormat[]> {
  if (which("v4l2-ctl") !== undefined) {
    const { stdout } = await ask("v4l2-ctl", ["--device", device, "--list-formats-ext"], undefined, signal);
    return parseV4l2Formats(stdout);
  }
  const args = ["-hide_banner", "-nostdin", "-f", "v4l2", "-list_formats", "all", "-i", device];
  // It ends with an error once it has listed them.
  return parseFfmpegFormats((await ask("ffmpeg", args, undefined, signal)).stderr);
}

/** What a stream or file says of itself; undefined where it says nothing, or this is no such source. */
export async function streamInfo(
  { source }: CameraConfig,
  { password }: CameraSurroundings,
  signal: AbortSignal,
): Promise<StreamInfo | undefined> {
  if (source.kind === "scene" || source.kind === "v4l2" || which("ffprobe") === undefined) return undefined;
  const { args, stdin }: CameraInput = cameraInput(source, password);
  const entries = "stream=codec_name,pix_fmt,width,height,avg_frame_rate,r_frame_rate";
  const wanted = ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json"];
  return parseStream((await ask("ffprobe", [...wanted, ...args], stdin, signal)).stdout);
}

async function ask(
  program: string,
  args: readonly string[],
  stdin: string | undefined,
  signal: AbortSignal,
): Promise<{ stdout: string; stderr: string }> {
  const child = startChild(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
  const late = AbortSignal.any([signal, AbortSignal.timeout(ASKING_MS)]);
  const end = (): void => void child.kill("SIGKILL");
  late.addEventListener("abort", end, { once: true });
  const printed = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    printed.stdout = (printed.stdout + part).slice(0, 1_000_000);
  });
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    printed.stderr = (printed.stderr + part).slice(0, 1_000_000);
  });
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(stdin ?? "");
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    await exited(child);
    await closed;
    return printed;
  } finally {
    late.removeEventListener("abort", end);
  }
}
