// Reads a video file frame by frame, as fast as its reader takes them, with times from the file's own clock.
import { endChild, exited, startChild } from "../../supervise/child.ts";
import { Fault } from "../../words/errors.ts";
import { fileCommand, sayable } from "../camera/command.ts";
import { createPpmReader } from "../camera/ppm.ts";
import type { Frame, Size } from "../frame.ts";

export interface ClipFrame {
  readonly frame: Frame;
  /** From the beginning of the file, milliseconds. */
  readonly atMs: number;
}

/** Silence of the decoder for this long is a hang, milliseconds. */
const SILENT_MS = 60_000;

/**
 * Frames of a file at a steady rate; the decoder waits while the caller works, so no frame is lost.
 * @param limit frames are scaled to fit inside, aspect kept
 * @param damaged told what the decoder complained of when it read to an end all the same: a file cut short, for instance
 * @throws Fault CAMERA_OPEN when nothing can be read, CAMERA_LOST when reading breaks off, CHILD_MISSING
 */
export async function* readClip(
  path: string,
  limit: Size,
  fps: number,
  damaged: (complaint: string) => void = () => undefined,
): AsyncGenerator<ClipFrame> {
  const command = fileCommand(path, limit, fps);
  const child = startChild(command.program, command.args, { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    printed = (printed + part).slice(-4_000);
  });
  const gone = exited(child).catch(() => ({ code: null, signal: null }));
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    child.stdout?.destroy();
  }, SILENT_MS);
  let count = 0;
  try {
    const ready: Frame[] = [];
    const reader = createPpmReader(
      limit,
      (size) => new Uint8Array(size.width * size.height * 3),
      (frame) => ready.push(frame),
    );
    for await (const chunk of child.stdout ?? []) {
      reader.push(chunk as Buffer);
      for (let frame = ready.shift(); frame !== undefined; frame = ready.shift()) {
        timer.refresh();
        yield { frame, atMs: (count * 1000) / fps };
        count += 1;
      }
    }
    const { code } = await gone;
    const said = sayable(printed, []);
    if (code === 0 && count > 0) {
      if (said !== "") damaged(said);
      return;
    }
    throw new Fault(
      count === 0 ? "CAMERA_OPEN" : "CAMERA_LOST",
      `${path} cannot be read${count === 0 ? "" : ` beyond frame ${count}`}${said === "" ? "" : `: ${said}`}`,
    );
  } catch (thrown) {
    if (silent) throw new Fault("CAMERA_LOST", `${path}: the decoder fell silent after frame ${count}`);
    throw thrown;
  } finally {
    clearTimeout(timer);
    child.stdout?.destroy();
    await endChild(child);
  }
}
