// Bad cameras: absent, no video, cut short, gone while running; the buttons beside them go on.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { freePort } from "../../../test/fakes/mosquitto.ts";
import { until } from "../../../test/fakes/until.ts";
import { commandLine, descendants } from "../processes.ts";
import { type Row, tryAll } from "./row.ts";
import { type Till, withFolder, withTill } from "./till.ts";

type Source = NonNullable<ConfigInput["local"]["cameras"]>[number]["source"];

/** Small and slow, so that many of them run beside each other. */
const SMALL = { width: 160, height: 96, fps: 2, detect: ["face" as const] };

export async function cameraRows(): Promise<Row[]> {
  return await withFolder(async (folder) => [...(await absentRows(folder)), ...(await lostRows(folder))]);
}

/** Cameras that cannot be opened, all beside each other on one till. */
async function absentRows(folder: string): Promise<Row[]> {
  const video = makeVideo(join(folder, "whole.mp4"));
  const write = (name: string, content: string | Uint8Array): Source => {
    writeFileSync(join(folder, name), content);
    return { kind: "file", path: join(folder, name) };
  };
  mkdirSync(join(folder, "directory"));
  const whole = readFileSync(video);
  const sources: readonly { tried: string; id: string; source: Source }[] = [
    { tried: "a device that is not there", id: "absent", source: { kind: "v4l2", device: "/dev/v4l/by-id/nobody" } },
    { tried: "a device that is no camera", id: "null", source: { kind: "v4l2", device: "/dev/null" } },
    { tried: "a file that is not there", id: "nofile", source: { kind: "file", path: join(folder, "nobody.mp4") } },
    { tried: "an empty file", id: "empty", source: write("empty.mp4", "") },
    { tried: "a directory", id: "directory", source: { kind: "file", path: join(folder, "directory") } },
    { tried: "text called .mp4", id: "text", source: write("text.mp4", "no video at all\n".repeat(100)) },
    { tried: "a video cut in half", id: "half", source: write("half.mp4", whole.subarray(0, whole.length / 2)) },
    { tried: "sound without a picture", id: "sound", source: { kind: "file", path: makeSound(folder) } },
    {
      tried: "a network camera that refuses",
      id: "refuses",
      source: { kind: "rtsp", url: `rtsp://127.0.0.1:${await freePort()}/door` },
    },
    {
      tried: "a network camera whose password file is not there",
      id: "nosecret",
      source: { kind: "rtsp", url: "rtsp://127.0.0.1:9/door", username: "till", passwordFile: "/nowhere/secret" },
    },
  ];
  const cameras = sources.map(({ id, source }) => ({ id, source, ...SMALL }));
  return await withTill({ local: { cameras } }, (till) =>
    tryAll(
      "camera",
      sources.map(({ tried, id }) => ({
        tried,
        expected: `${id === "nosecret" ? "CONFIG_SECRET" : "CAMERA_OPEN"}, tried again; buttons go on`,
        run: async () => `${await till.degraded(`camera:${id}`)}, tried again; ${await till.buttonsGoOn()}`,
      })),
    ),
  );
}

/** Cameras that work and then fail. */
async function lostRows(folder: string): Promise<Row[]> {
  const vanishing = makeVideo(join(folder, "vanishing.avi"));
  const looped = makeVideo(join(folder, "looped.avi"));
  const cameras = [
    { id: "vanishes", source: { kind: "file" as const, path: vanishing, loop: true }, ...SMALL },
    { id: "killed", source: { kind: "scene" as const }, ...SMALL },
    { id: "stopped", source: { kind: "file" as const, path: looped, loop: true }, ...SMALL, staleMs: 2_000 },
  ];
  return await withTill({ local: { cameras } }, (till) =>
    tryAll("camera", [
      {
        tried: "a looping file whose content vanishes while it plays",
        expected: "CAMERA_LOST, tried again; buttons go on",
        run: () => failing(till, "vanishes", async () => truncateSync(vanishing, 0)),
      },
      {
        tried: "kill -9 of the camera's process",
        expected: "CAMERA_LOST, tried again; then it works; buttons go on",
        run: () => failing(till, "killed", async () => signalChild(till, "scene/main.js", "SIGKILL"), true),
      },
      {
        tried: "a camera that falls silent (its process is stopped)",
        expected: "CAMERA_STALE, tried again; then it works; buttons go on",
        run: () => failing(till, "stopped", async () => signalChild(till, looped, "SIGSTOP"), true),
      },
    ]),
  );
}

async function failing(till: Till, id: string, act: () => Promise<void>, heals = false): Promise<string> {
  const stage = `camera:${id}`;
  await till.works(stage);
  const after = till.agent.lines.length;
  await act();
  const code = await till.degraded(stage, after);
  if (heals) await till.works(stage, after);
  return `${code}, tried again; ${heals ? "then it works; " : ""}${await till.buttonsGoOn()}`;
}

/** Sends a signal to the agent's child whose command line names `word`. */
async function signalChild(till: Till, word: string, signal: NodeJS.Signals): Promise<void> {
  const find = (): number | undefined =>
    descendants(till.agent.pid).find((pid) => commandLine(pid).some((argument) => argument.endsWith(word)));
  await until(() => find() !== undefined, `a child with ${word}`);
  process.kill(find() ?? 0, signal);
}

/** An .mp4 has its index at its end; an .avi of single pictures is longer than ffmpeg reads ahead. */
function makeVideo(file: string): string {
  const codec = file.endsWith(".mp4") ? "mpeg4" : "mjpeg";
  ffmpeg(["-f", "lavfi", "-i", "testsrc2=size=320x192:rate=10:duration=20", "-c:v", codec, file]);
  return file;
}

function makeSound(folder: string): string {
  const file = join(folder, "sound.mp4");
  ffmpeg(["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", file]);
  return file;
}

function ffmpeg(args: readonly string[]): void {
  execFileSync("ffmpeg", ["-v", "error", "-y", ...args], { stdio: ["ignore", "ignore", "inherit"] });
}
