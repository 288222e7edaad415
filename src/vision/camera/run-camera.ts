// Runs one camera's child process until it ends, falls silent, or is told to stop.
import type { ChildProcess } from "node:child_process";
import { endChild, exited, startChild } from "../../supervise/child.ts";
import { Fault } from "../../words/errors.ts";
import type { Frame, Size } from "../frame.ts";
import { type CameraCommand, sayable } from "./command.ts";
import { createPpmReader, type FrameTarget } from "./ppm.ts";

/** Least time a source gets for its first frame, milliseconds: opening a network camera takes seconds. */
const OPENING_MS = 15_000;

/** How much of what the child prints is kept, characters. */
const STDERR_KEPT = 4_000;

export interface CameraRun {
  readonly command: CameraCommand;
  /** Largest frame. */
  readonly limit: Size;
  /** Without a frame for this long the source is stale, milliseconds. */
  readonly staleMs: number;
  readonly target: FrameTarget;
  readonly frame: (frame: Frame) => void;
  readonly signal: AbortSignal;
}

/**
 * Resolves when aborted, or when a source that may end has ended; the child is gone then.
 * @throws Fault CAMERA_OPEN before the first frame, CAMERA_LOST or CAMERA_STALE after it, CHILD_MISSING. A live source
 * that ends is lost, whatever its exit code says.
 */
export async function runCamera(run: CameraRun): Promise<void> {
  const { command, signal } = run;
  if (signal.aborted) return;
  const child = startChild(command.program, command.args, { stdio: ["pipe", "pipe", "pipe"] });
  const printed = keepStderr(child);
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(command.stdin ?? "");
  const watch = watchFrames(child, run);
  const aborted = once(signal);
  try {
    // `close` comes after `exit` and after the last byte of the pipe.
    const ended = closed(child).then((code) => ({ code }));
    const outcome = await Promise.race([ended, watch.failed, aborted.promise]);
    if (outcome === undefined) return;
    const exit = outcome.code === null ? "was killed" : `ended with ${outcome.code}`;
    if (command.mayEnd && outcome.code === 0 && watch.count() > 0) return;
    const said = sayable(printed(), command.secrets);
    throw new Fault(
      watch.count() === 0 ? "CAMERA_OPEN" : "CAMERA_LOST",
      `the camera process ${exit}${said === "" ? "" : `: ${said}`}`,
    );
  } finally {
    watch.stop();
    aborted.stop();
    child.stdout?.destroy();
    await endChild(child);
  }
}

async function closed(child: ChildProcess): Promise<number | null> {
  const { code } = await exited(child);
  if (child.stdout !== null && !child.stdout.closed)
    await new Promise<void>((resolve) => child.stdout?.once("close", resolve));
  return code;
}

function watchFrames(
  child: ChildProcess,
  run: CameraRun,
): { failed: Promise<never>; count: () => number; stop: () => void } {
  let count = 0;
  let newestMs = performance.now();
  let fail: (fault: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  const reader = createPpmReader(run.limit, run.target, (frame) => {
    count += 1;
    newestMs = performance.now();
    run.frame(frame);
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (thrown) {
      fail(thrown);
    }
  });
  const timer = setInterval(
    () => {
      const ageMs = performance.now() - newestMs;
      const limitMs = count === 0 ? Math.max(OPENING_MS, run.staleMs) : run.staleMs;
      if (ageMs <= limitMs) return;
      const seconds = (ageMs / 1000).toFixed(1);
      fail(
        count === 0
          ? new Fault("CAMERA_OPEN", `no frame came within ${seconds} s`)
          : new Fault("CAMERA_STALE", `the newest frame is ${seconds} s old`),
      );
    },
    Math.max(20, Math.min(500, run.staleMs / 4)),
  );
  return { failed, count: () => count, stop: () => clearInterval(timer) };
}

/** Keeps the end of what the child prints; it is read even when nobody wants it, or the child would block. */
function keepStderr(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (part: string) => {
    text = (text + part).slice(-STDERR_KEPT);
  });
  return () => text;
}

function once(signal: AbortSignal): { promise: Promise<undefined>; stop: () => void } {
  let stop: () => void = () => undefined;
  const promise = new Promise<undefined>((resolve) => {
    const ended = (): void => resolve(undefined);
    signal.addEventListener("abort", ended, { once: true });
    stop = () => signal.removeEventListener("abort", ended);
  });
  return { promise, stop };
}
