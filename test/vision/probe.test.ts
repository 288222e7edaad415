// Cameras listed and probed: what tools print is read, pictures are judged in words, and the real program does both.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startAgent } from "../../scripts/trials/agent-process.ts";
import { packageRoot } from "../../src/place.ts";
import { videoDevices } from "../../src/vision/camera/devices.ts";
import { parseFfmpegFormats, parseStream, parseV4l2Formats } from "../../src/vision/camera/formats.ts";
import { type Glimpse, judgeQuality } from "../../src/vision/camera/quality.ts";
import { touchpoint } from "../fakes/program.ts";
import { startRtspCamera } from "../fakes/rtsp-camera.ts";
import { open } from "../journal/rig.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-probe-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("formats", () => {
  it("as v4l2-ctl prints them, with rates", () => {
    const printed = `ioctl: VIDIOC_ENUM_FMT
	Type: Video Capture

	[0]: 'MJPG' (Motion-JPEG, compressed)
		Size: Discrete 1280x720
			Interval: Discrete 0.040s (25.000 fps)
			Interval: Discrete 0.033s (30.000 fps)
		Size: Discrete 640x480
			Interval: Discrete 0.067s (15.000 fps)
	[1]: 'YU12' (Planar YUV 4:2:0, csc-colorspace, csc-xfer-func)
		Size: Stepwise 32x32 - 2592x1944 with step 2/2
`;
    expect(parseV4l2Formats(printed)).toEqual([
      {
        pixels: "MJPG",
        description: "Motion-JPEG, compressed",
        sizes: [
          { size: "1280x720", fps: [30, 25] },
          { size: "640x480", fps: [15] },
        ],
      },
      { pixels: "YU12", description: "Planar YUV 4:2:0", sizes: [{ size: "32x32 - 2592x1944", fps: [] }] },
    ]);
  });

  it("as ffmpeg prints them, without rates", () => {
    const printed = `[video4linux2,v4l2 @ 0x5581] Raw       :     yuyv422 :           YUYV 4:2:2 : 640x480 160x90
[video4linux2,v4l2 @ 0x5581] Compressed:       mjpeg :          Motion-JPEG : 1280x720
[video4linux2,v4l2 @ 0x5581] Raw       :     yuv420p :     Planar YUV 4:2:0 : {32-2592, 2}x{32-1944, 2}
[in#0 @ 0x5580] Error opening input: Immediate exit requested
`;
    expect(parseFfmpegFormats(printed).map(({ pixels, sizes }) => [pixels, ...sizes.map(({ size }) => size)])).toEqual([
      ["yuyv422", "640x480", "160x90"],
      ["mjpeg", "1280x720"],
      ["yuv420p", "32x32 - 2592x1944"],
    ]);
  });

  it("what is none of this is no format and no fault", () => {
    for (const text of ["", "Cannot open device /dev/video9, exiting.", "\u0000\u0001", "[0]: 'M' ()"])
      expect([parseV4l2Formats(text), parseFfmpegFormats(text), parseStream(text)]).toEqual([[], [], undefined]);
    expect(parseStream('{"streams":[]}')).toBeUndefined();
  });
});

describe("devices", () => {
  it("are named by the kernel, with the name that stays, in the order of their numbers", () => {
    for (const [node, name, index] of [
      ["video0", "HD Webcam", "0"],
      ["video1", "HD Webcam", "1"],
      ["video10", "bcm2835-isp", "0"],
    ] as const) {
      mkdirSync(join(folder, "sys/class/video4linux", node), { recursive: true });
      writeFileSync(join(folder, "sys/class/video4linux", node, "name"), `${name}\n`);
      writeFileSync(join(folder, "sys/class/video4linux", node, "index"), `${index}\n`);
    }
    mkdirSync(join(folder, "dev/v4l/by-id"), { recursive: true });
    writeFileSync(join(folder, "dev/video0"), "");
    const byId = join(folder, "dev/v4l/by-id/usb-webcam-video-index0");
    symlinkSync("../../video0", byId);
    symlinkSync("../../video7", join(folder, "dev/v4l/by-id/usb-gone"));
    const devices = videoDevices({ sys: join(folder, "sys"), dev: join(folder, "dev") });
    expect(devices).toEqual([
      { device: join(folder, "dev/video0"), name: "HD Webcam", byId: [byId], index: 0 },
      { device: join(folder, "dev/video1"), name: "HD Webcam", byId: [], index: 1 },
      { device: join(folder, "dev/video10"), name: "bcm2835-isp", byId: [], index: 0 },
    ]);
    expect(videoDevices({ sys: join(folder, "none"), dev: folder })).toEqual([]);
  });
});

describe("pictures in words", () => {
  const GOOD = { brightness: 120, contrast: 50, sharpness: 100 };
  const frames = (of: Partial<Glimpse>, everyMs = 100, count = 40): Glimpse[] =>
    Array.from({ length: count }, (_, i) => ({ atMs: i * everyMs, print: i, ...GOOD, ...of }));
  const judged = (all: readonly Glimpse[]) => judgeQuality(all, { live: true, fps: 8 });

  it.each([
    [{}, "good", "sharp", 0],
    [{ brightness: 2, contrast: 1, sharpness: 0 }, "black", "blurred", 1],
    [{ brightness: 30 }, "dark", "sharp", 1],
    [{ brightness: 240 }, "glaring", "sharp", 1],
    [{ contrast: 3, sharpness: 1 }, "flat", "blurred", 1],
    [{ sharpness: 5 }, "good", "blurred", 1],
    [{ sharpness: 15 }, "good", "soft", 1],
  ] as const)("%j: %s, %s, %i hints", (of, light, focus, hints) => {
    expect(judged(frames(of))).toMatchObject({ light, focus, frozen: false });
    expect(judged(frames(of))?.hints).toHaveLength(hints);
  });

  it("the rate is what came, gaps and all; the first second, while exposure settles, is not judged", () => {
    const late = frames({}).map((one, i) => ({ ...one, atMs: one.atMs + (i >= 30 ? 400 : 0) }));
    expect(judged(late)).toMatchObject({ frames: 30, medianGapMs: 100, longestGapMs: 500, fps: 8.8 });
    const settling = frames({}).map((one) => ({ ...one, brightness: one.atMs < 1_000 ? 0 : 120 }));
    expect(judged(settling)?.light).toBe("good");
    expect(judged(frames({}, 500))?.hints[0]).toContain("fewer than the 8 frames/s");
  });

  it("a camera that repeats one frame is frozen; a file may", () => {
    expect(judged(frames({ print: 7 }))?.frozen).toBe(true);
    expect(judgeQuality(frames({ print: 7 }), { live: false, fps: 8 })?.frozen).toBe(false);
  });

  it("one frame has no rate, and none no quality", () => {
    expect(judged(frames({}, 100, 1))).toMatchObject({ frames: 1, fps: null, medianGapMs: null });
    expect(judged([])).toBeUndefined();
  });
});

describe("the program", () => {
  const clip = (name: string, filter: string): string => {
    const file = join(folder, name);
    const made = spawnSync("ffmpeg", ["-loglevel", "error", "-f", "lavfi", "-i", filter, "-pix_fmt", "yuv420p", file]);
    expect(made.status).toBe(0);
    return file;
  };
  const config = (file: string): string => {
    const path = join(folder, "touchpoint.yaml");
    const camera = `{ id: door, fps: 5, source: { kind: file, path: ${file}, loop: true } }`;
    const local = `{ device: d1, site: s1, dataDir: ${join(folder, "data")}, cameras: [${camera}] }`;
    writeFileSync(path, `version: 1\nlocal: ${local}\nfleet: { touchpoints: [{ id: t1, zone: { camera: door } }] }\n`);
    return path;
  };

  it("says rate, light and sharpness of a file at its own rate, not at the one the agent takes", () => {
    const file = clip("bars.mp4", "testsrc=size=640x384:rate=20:duration=4");
    const { status, stdout } = touchpoint(
      "camera",
      "probe",
      "door",
      "--config",
      config(file),
      "--seconds",
      "3",
      "--json",
    );
    expect(status).toBe(0);
    const probed = JSON.parse(stdout);
    expect(probed).toMatchObject({
      camera: "door",
      stream: { codec: "h264", width: 640, height: 384, fps: 20 },
      quality: { light: "good", focus: "sharp", frozen: false },
    });
    expect(probed.quality.fps).toBeGreaterThan(10);
    expect(probed.quality.fps).toBeLessThan(25);
  });

  it("a black picture is said in words, with what to do", () => {
    const { stdout } = touchpoint("camera", "probe", "--file", clip("black.mp4", "color=black:rate=10:duration=3"));
    expect(stdout).toMatch(/light +black/);
    expect(stdout).toContain("→ The picture is black");
  });

  it("an RTSP camera with a password, which stands in no output", async () => {
    const camera = await startRtspCamera("viewer", "s3cr3t");
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, "s3cr3t\n");
    const options = ["--url", camera.url, "--username", "viewer", "--password-file", passwordFile, "--seconds", "2"];
    const child = spawn(join(packageRoot(), "bin", "touchpoint"), ["camera", "probe", ...options]);
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part) => {
        printed += part;
      });
    const status = await new Promise((resolve) => child.once("close", resolve));
    await camera.close();
    expect(printed).toMatch(/stream +mjpeg/);
    expect(printed).toMatch(/frame rate +\d/);
    expect(printed).not.toContain("s3cr3t");
    expect(status).toBe(0);
  });

  it("a device that somebody has is not opened, and says who: another program, or the running agent", async () => {
    const file = clip("held.mp4", "testsrc=size=320x192:rate=5:duration=2");
    const held = openSync(file, "r");
    const other = touchpoint("camera", "probe", "--device", file);
    closeSync(held);
    expect(other.stdout).toMatch(/in use +by another program \(pid \d+\): not opened/);
    expect(other.status).toBe(1);
    const agent = startAgent(config(file));
    try {
      await agent.heard(({ stage, state }) => stage === "camera:door" && state === "ok", "the camera works");
      const { stdout } = touchpoint("camera", "probe", "--device", file, "--json");
      expect(JSON.parse(stdout).heldBy).toMatchObject({ who: "the running agent" });
    } finally {
      await agent.end();
    }
  });

  it("does not open a camera that somebody paused", async () => {
    const video = clip("paused.mp4", "testsrc=size=320x192:rate=10:duration=3");
    const file = config(video);
    mkdirSync(join(folder, "data"));
    const { journal } = await open(join(folder, "data", "journal.db"));
    const holds = [{ by: "ops", via: "mqtt", at: { boot: "b", ms: 5, unixMs: 1_763_802_000_000 }, clock: "synced" }];
    await journal.commit({ events: [], keep: { "pause:door": holds } });
    await journal.close();
    const { status, stderr, stdout } = touchpoint("camera", "probe", "door", "--config", file, "--json");
    expect({ status, said: stderr.includes("CAMERA_PAUSED") }).toEqual({ status: 1, said: true });
    expect(stdout).not.toContain("quality");
  });

  it("what is not there: a coded sentence each, and the others are probed all the same", () => {
    expect(touchpoint("camera", "probe", "--file", join(folder, "none.mp4"))).toMatchObject({ status: 1 });
    expect(touchpoint("camera", "probe", "--device", join(folder, "video9")).stderr).toContain("CAMERA_OPEN");
    const { stderr } = touchpoint("camera", "probe", "--url", "rtsp://me:hunter2@cam/1");
    expect(stderr).toContain("CAMERA_UNKNOWN");
    expect(stderr).not.toContain("hunter2");
    expect(touchpoint("camera", "probe", "nobody", "--config", config("/x")).stderr).toContain("only door");
    expect(touchpoint("camera", "probe", "--seconds", "0").status).toBe(2);
    const listed = touchpoint("camera", "list", "--config", config("/x.mp4"));
    expect(listed.stdout).toContain("door  file /x.mp4  640×384, 5 frames/s");
  });
});
