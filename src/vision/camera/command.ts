// Which child process brings the frames of a camera, and what it is told. Pure.

import type { CameraConfig } from "../../config/cameras.ts";
import { redactText } from "../../config/secret.ts";
import type { Size } from "../frame.ts";

export interface CameraCommand {
  readonly program: string;
  readonly args: readonly string[];
  /**
   * Given to the child on its standard input. An address with a password goes this way only: arguments can be read by
   * every user of the machine (`ps`), standard input cannot.
   */
  readonly stdin: string | undefined;
  /** Never to be shown, in whatever the child prints. */
  readonly secrets: readonly string[];
  /** True where the source has an end of its own: a file that is not looped. */
  readonly mayEnd: boolean;
}

/** What is known of this installation and not of the camera. */
export interface CameraSurroundings {
  /** Path of the Node program. */
  readonly node: string;
  /** Path of the compiled drawn scene, `vision/scene/main.js`. */
  readonly scene: string;
  /** The camera's password, read from its file. */
  readonly password: string | undefined;
}

/** How ffmpeg and ffprobe are told where the pictures come from. */
export interface CameraInput {
  readonly args: readonly string[];
  readonly stdin: string | undefined;
  readonly secrets: readonly string[];
}

/** @param source what ffmpeg reads: everything but the drawn scene */
export function cameraInput(
  source: Exclude<CameraConfig["source"], { kind: "scene" }>,
  password: string | undefined,
): CameraInput {
  const plain = { stdin: undefined, secrets: [] };
  switch (source.kind) {
    case "v4l2":
      return { ...plain, args: ["-f", "v4l2", "-i", source.device] };
    case "file":
      return { ...plain, args: ["-i", `file:${source.path}`] };
    case "rtsp": {
      const encoded = password === undefined ? undefined : encodeSecret(password);
      const playlist = [
        "-protocol_whitelist",
        "pipe,file,rtp,rtsp,rtsps,tcp,udp,tls,crypto",
        "-f",
        "concat",
        "-safe",
        "0",
      ];
      return {
        args: [...playlist, "-i", "pipe:0"],
        stdin: `ffconcat version 1.0\nfile '${withLogin(source.url, source.username, encoded)}'\noption rtsp_transport ${source.transport}\n`,
        secrets: password === undefined || encoded === undefined ? [] : [password, encoded],
      };
    }
    default:
      return source satisfies never;
  }
}

/**
 * The command for a live camera: frames come in real time, as PPM on standard output.
 * @param rate frames a second that are taken; `native`: every frame, at the moment at which the source gives it
 */
export function cameraCommand(
  camera: CameraConfig,
  surroundings: CameraSurroundings,
  rate: number | "native" = camera.fps,
): CameraCommand {
  const { source } = camera;
  if (source.kind === "scene") {
    const { width, height } = camera;
    const numbers = { seed: source.seed, width, height, fps: camera.fps };
    const args = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return {
      program: surroundings.node,
      args: [surroundings.scene, ...args, ...(source.canary ? ["--canary"] : [])],
      stdin: undefined,
      secrets: [],
      mayEnd: false,
    };
  }
  const { args, stdin, secrets } = cameraInput(source, surroundings.password);
  const loop = source.kind === "file" && source.loop ? ["-stream_loop", "-1"] : [];
  const paced = source.kind === "file" ? [...loop, "-re"] : [];
  return {
    program: "ffmpeg",
    args: [...QUIET, ...paced, ...args, ...frames(camera, rate)],
    stdin,
    secrets,
    mayEnd: source.kind === "file" && !source.loop,
  };
}

/** The command for a file as fast as it goes: frame i belongs to i / fps seconds. */
export function fileCommand(path: string, size: Size, fps: number): CameraCommand {
  const args = [...QUIET, "-i", `file:${path}`, ...frames(size, fps)];
  return { program: "ffmpeg", args, stdin: undefined, secrets: [], mayEnd: true };
}

const QUIET = ["-hide_banner", "-nostdin", "-loglevel", "error"] as const;

/** First video stream, at a steady rate or as it comes, scaled to fit with its aspect kept: boxes on it are boxes on the original. */
function frames(size: Size, rate: number | "native"): string[] {
  const fit = `scale=${size.width}:${size.height}:force_original_aspect_ratio=decrease:flags=bilinear`;
  const raw = ["-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1"];
  return ["-map", "0:v:0", "-an", "-sn", "-dn", "-vf", rate === "native" ? fit : `fps=${rate},${fit}`, ...raw];
}

function withLogin(url: string, username: string | undefined, encodedPassword: string | undefined): string {
  const address = url.replaceAll("'", "%27");
  if (username === undefined) return address;
  const login = encodedPassword === undefined ? encodeSecret(username) : `${encodeSecret(username)}:${encodedPassword}`;
  return address.replace("://", `://${login}@`);
}

/** Percent-encodes everything but letters and digits, so that nothing ends a quote or an address part. */
function encodeSecret(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }).join("");
}

/** What a child printed, fit to be shown: no secret, no login inside an address, one bounded line. */
export function sayable(stderr: string, secrets: readonly string[]): string {
  const hidden = secrets.reduce((text, secret) => text.replaceAll(secret, "***"), stderr);
  const lines = redactText(hidden)
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== "");
  return (lines.at(-1) ?? "").slice(0, 300);
}
