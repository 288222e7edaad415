// Every trial of a live camera: what is done to it, and what the agent has to say and to do.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { which } from "../../../src/supervise/child.ts";
import { freePort } from "../../../test/fakes/mosquitto.ts";
import { startRtspCamera } from "../../../test/fakes/rtsp-camera.ts";
import { until } from "../../../test/fakes/until.ts";
import { type CameraInput, type Rig, type RigReport, withRig } from "./rig.ts";
import { makeVideo, oddVideos } from "./sources.ts";

/** How a fault went: what was said and when. */
interface Faulted {
  readonly code: string;
  /** From the fault to `degraded`, and from the moment when all is well outside to the next frame looked at. */
  readonly noticedMs: number;
  readonly recoveredMs: number;
}

export interface CameraTrial {
  readonly name: string;
  /** `CAMERA_LOST` and the like; or what a camera that is only unusual has to show. */
  readonly expected: string;
  /** @param downMs how long a fault lasts where that is a matter of choice */
  run(folder: string, downMs: number): Promise<CameraRow>;
}

export interface CameraRow {
  readonly said: string;
  readonly good: boolean;
  readonly presses: number;
}

const CAMERA = { id: "door", width: 320, height: 192, fps: 8, staleMs: 2_000 } as const;
/** More than this at the end is a leak, not a fluctuation. */
const MOST_DESCRIPTORS = 4;
const MOST_MB = 80;

/** Does something to the camera, waits until it is told and lasted, mends it, waits until frames are looked at again. */
async function faulted(rig: Rig, downMs: number, harm: () => unknown, mend: () => unknown): Promise<Faulted> {
  const told = rig.says("door", "degraded");
  const harmedMs = performance.now();
  await harm();
  const code = (await told) ?? "";
  const noticedMs = performance.now() - harmedMs;
  await wait(downMs);
  const looked = await rig.counter("door", "inferred");
  const mendedMs = performance.now();
  await mend();
  await until(async () => (await rig.counter("door", "inferred")) > looked + 2, "frames are looked at again", 60_000);
  return { code, noticedMs, recoveredMs: performance.now() - mendedMs };
}

function fault(
  name: string,
  expected: string,
  prepare: (folder: string) => Promise<{
    camera: CameraInput;
    programs?: string;
    downMs?: number;
    harm: (rig: Rig) => unknown;
    mend: () => unknown;
    end?: () => Promise<void>;
  }>,
): CameraTrial {
  return {
    name,
    expected,
    async run(folder, downMs) {
      mkdirSync(folder, { recursive: true });
      const { camera, programs, harm, mend, end, downMs: own } = await prepare(folder);
      try {
        const report = await withRig(
          { folder: join(folder, "till"), cameras: [camera], ...(programs === undefined ? {} : { programs }) },
          (rig) => faulted(rig, own ?? downMs, () => harm(rig), mend),
        );
        const { code, noticedMs, recoveredMs } = report.result;
        const said = `${code} after ${seconds(noticedMs)}, looked at again ${seconds(recoveredMs)} after the end of it; ${costs(report)}`;
        return { said, good: expected.split(" or ").includes(code) && cheap(report), presses: report.presses };
      } finally {
        await end?.();
      }
    },
  };
}

/** Cameras that are only unusual: all at once on one till, watched for some seconds. */
function unusual(
  name: string,
  expected: string,
  cameras: (folder: string) => CameraInput[],
  leastPerS: number,
  mostPerS: number,
): CameraTrial {
  return {
    name,
    expected,
    async run(folder, downMs) {
      mkdirSync(folder, { recursive: true });
      const watched = cameras(folder);
      const report = await withRig({ folder: join(folder, "till"), cameras: watched }, async (rig) => {
        const counts = async (): Promise<number[]> => {
          const all: number[] = [];
          // One after another: each question at once would be a connection of its own.
          for (const { id } of watched) all.push(await rig.counter(id, "frames"));
          return all;
        };
        const before = await counts();
        const fromMs = performance.now();
        await wait(Math.max(6_000, downMs));
        const after = await counts();
        const overS = (performance.now() - fromMs) / 1000;
        return after.map((count, i) => (count - (before[i] ?? 0)) / overS);
      });
      const rates = report.result;
      const [low, high] = [Math.min(...rates), Math.max(...rates)];
      const said = `${rates.map((rate) => rate.toFixed(1)).join(", ")} frames/s; ${costs(report)}`;
      return { said, good: low >= leastPerS && high <= mostPerS && cheap(report), presses: report.presses };
    },
  };
}

function costs({ presses, unanswered, lost, more }: RigReport<unknown>): string {
  return `${presses} presses, ${unanswered} unanswered, ${lost} lost; ${signed(more.children)} processes, ${signed(more.descriptors)} descriptors, ${signed(more.memoryMb)} MB`;
}

function cheap({ unanswered, lost, more }: RigReport<unknown>): boolean {
  return (
    unanswered === 0 &&
    lost === 0 &&
    more.children <= 0 &&
    more.descriptors <= MOST_DESCRIPTORS &&
    more.memoryMb <= MOST_MB
  );
}

const signed = (count: number): string => (count > 0 ? `+${count}` : String(count));
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** A network camera with a login, that can be pulled and plugged in. */
async function network(folder: string) {
  const port = await freePort();
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "right", { mode: 0o600 });
  let live = await startRtspCamera("till", "right", port);
  const camera: CameraInput = {
    ...CAMERA,
    source: { kind: "rtsp", url: `rtsp://127.0.0.1:${port}/stream`, username: "till", passwordFile },
  };
  return {
    camera,
    passwordFile,
    pull: async () => await live.close(),
    plug: async () => {
      live = await startRtspCamera("till", "right", port);
    },
    end: async () => await live.close(),
  };
}

/** A folder with a program called ffmpeg: the real one by a link, or a script around it. */
function programFolder(folder: string, script?: string): string {
  const programs = join(folder, "bin");
  mkdirSync(programs);
  const file = join(programs, "ffmpeg");
  if (script === undefined) symlinkSync(which("ffmpeg") ?? "", file);
  else writeFileSync(file, `#!/bin/sh\n${script.replaceAll("FFMPEG", which("ffmpeg") ?? "")}\n`);
  if (script !== undefined) chmodSync(file, 0o755);
  return programs;
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, name);
}

const looped = (path: string): CameraInput => ({ ...CAMERA, source: { kind: "file", path, loop: true } });

export const CAMERA_TRIALS: readonly CameraTrial[] = [
  fault("unplugged", "CAMERA_LOST or CAMERA_STALE", async (folder) => {
    const { camera, pull, plug, end } = await network(folder);
    return { camera, harm: pull, mend: plug, end };
  }),
  fault("network camera started again at once", "CAMERA_LOST or CAMERA_STALE", async (folder) => {
    const { camera, pull, plug, end } = await network(folder);
    const again = async (): Promise<void> => {
      await pull();
      await plug();
    };
    return { camera, harm: again, mend: () => undefined, end, downMs: 0 };
  }),
  fault("password changed, and put right", "CAMERA_LOST or CAMERA_STALE", async (folder) => {
    const { camera, passwordFile, pull, plug, end } = await network(folder);
    const harm = async (): Promise<void> => {
      writeFileSync(passwordFile, "wrong");
      await pull();
      await plug();
    };
    return { camera, harm, mend: () => writeFileSync(passwordFile, "right"), end };
  }),
  fault("ffmpeg frozen (SIGSTOP)", "CAMERA_STALE", async (folder) => ({
    camera: looped(makeVideo(join(folder, "video.mp4"))),
    harm: ({ ffmpegs }) => signal(ffmpegs(), "SIGSTOP"),
    mend: () => undefined,
    downMs: 0,
  })),
  fault("ffmpeg killed", "CAMERA_LOST", async (folder) => ({
    camera: looped(makeVideo(join(folder, "video.mp4"))),
    harm: ({ ffmpegs }) => signal(ffmpegs(), "SIGKILL"),
    mend: () => undefined,
    downMs: 0,
  })),
  fault("ffmpeg ends with 0 after a fatal error", "CAMERA_LOST", async (folder) => ({
    camera: looped(makeVideo(join(folder, "video.mp4"))),
    programs: programFolder(folder, 'FFMPEG "$@"\nexit 0'),
    harm: ({ ffmpegs }) => signal(ffmpegs(), "SIGKILL"),
    mend: () => undefined,
    downMs: 0,
  })),
  fault("ffmpeg removed, and installed again", "CHILD_MISSING or CAMERA_LOST", async (folder) => {
    // The only folder in which the agent finds an ffmpeg: its own PATH ends with this machine's, which has one.
    const programs = programFolder(folder);
    const aside = join(folder, "aside");
    return {
      camera: looped(makeVideo(join(folder, "video.mp4"))),
      programs,
      harm: ({ ffmpegs }) => {
        renameSync(join(programs, "ffmpeg"), aside);
        writeFileSync(join(programs, "ffmpeg"), "#!/bin/sh\nexit 127\n", { mode: 0o755 });
        signal(ffmpegs(), "SIGKILL");
      },
      mend: () => renameSync(aside, join(programs, "ffmpeg")),
    };
  }),
  fault("file cut in the middle, and made whole", "CAMERA_OPEN or CAMERA_LOST or CAMERA_STALE", async (folder) => {
    const whole = makeVideo(join(folder, "whole.mp4"), { seconds: 8 });
    const path = join(folder, "played.mp4");
    copyFileSync(whole, path);
    return {
      camera: looped(path),
      // An ffmpeg that has the file open plays on what is left of it; one that opens it finds no index.
      harm: ({ ffmpegs }) => {
        truncateSync(path, Math.floor(statSync(path).size / 2));
        signal(ffmpegs(), "SIGTERM");
      },
      mend: () => copyFileSync(whole, path),
    };
  }),
  fault("file gone, and back", "CAMERA_OPEN or CAMERA_LOST", async (folder) => {
    const whole = makeVideo(join(folder, "whole.mp4"));
    const path = join(folder, "played.mp4");
    copyFileSync(whole, path);
    return {
      camera: looped(path),
      harm: ({ ffmpegs }) => {
        rmSync(path);
        signal(ffmpegs(), "SIGTERM");
      },
      mend: () => copyFileSync(whole, path),
    };
  }),
  fault("ffmpeg prints fifty megabytes of complaints, and is killed", "CAMERA_LOST", async (folder) => ({
    camera: looped(makeVideo(join(folder, "video.mp4"))),
    programs: programFolder(folder, 'yes "a complaint of ffmpeg" | head -c 50000000 >&2\nexec FFMPEG "$@"'),
    harm: ({ ffmpegs }) => signal(ffmpegs(), "SIGKILL"),
    mend: () => undefined,
    downMs: 0,
  })),
  unusual(
    "a source of 60 frames/s, asked for 8",
    "8 frames/s",
    (folder) => [looped(makeVideo(join(folder, "fast.mp4"), { rate: 60 }))],
    7,
    9,
  ),
  unusual(
    "a source of 1 frame/s, asked for 8",
    "at most 8 frames/s",
    (folder) => [looped(makeVideo(join(folder, "slow.mp4"), { rate: 1, seconds: 8 }))],
    0.5,
    9,
  ),
  unusual(
    "a 4K source",
    "8 frames/s",
    (folder) => [looped(makeVideo(join(folder, "4k.mp4"), { size: "3840x2160", rate: 10 }))],
    5,
    9,
  ),
  unusual(
    "odd pixel formats and sizes",
    // Where the size changes, the clock of that file starts again: half of its frames come too late to be frames.
    "2 frames/s each, 1 where the size changes",
    (folder) =>
      Object.values(oddVideos(folder)).map((path, i) => ({
        ...looped(path),
        id: `odd-${i}`,
        fps: 2,
        detect: ["face"],
      })),
    0.7,
    3,
  ),
];
