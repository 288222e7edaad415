// Pictures and files: what the technician's verbs rest on, from still pictures to a whole drawn day.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLIP, clipLines, STANDING, tableZone } from "../../scripts/accuracy/clip-truth.ts";
import { detectPicture } from "../../src/cli/vision-detect.ts";
import { footfallFrom, runClip, zoneFrom } from "../../src/cli/vision-run.ts";
import { createClipWriter, createFaceMemory } from "../../src/vision/clip/annotate.ts";
import { blurFace } from "../../src/vision/clip/draw.ts";
import { readClip } from "../../src/vision/clip/read-clip.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { type Look, openLook } from "../../src/vision/look.ts";
import { readManifest } from "../../src/vision/models/manifest.ts";
import { readPicture } from "../../src/vision/picture.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { TILL_ZONE, visitsUntil } from "../../src/vision/scene/script.ts";
import type { Fact } from "../../src/words/events.ts";

const modelsDir = fileURLToPath(new URL("../../models", import.meta.url));
const data = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const absent = existsSync(data) ? false : "../shared/data is not here";
const folder = mkdtempSync(join(tmpdir(), "clip-"));
const size = { width: 640, height: 384 };
/** A seed whose first three visitors all laugh. */
const DAY = 2;
let look: Look;

beforeAll(async () => {
  const names = { face: "face-320x192", person: "person-320x192", expression: "expression-48" };
  look = await openLook(modelsDir, readManifest(modelsDir), names, 1);
});
afterAll(async () => {
  await look.close();
  rmSync(folder, { recursive: true });
});

function plainRun(video: string, more: Partial<Parameters<typeof runClip>[0]> = {}) {
  const facts: Fact[] = [];
  const run = runClip(
    {
      video,
      size,
      fps: 8,
      zone: zoneFrom({}),
      footfall: footfallFrom({}),
      mood: undefined,
      annotateTo: undefined,
      event: (fact) => void facts.push(fact),
      ...more,
    },
    look,
  );
  return run.then((summary) => ({ summary, facts }));
}

describe("a drawn day as a file", () => {
  const fps = 8;
  const dayMs = 40_000;
  const video = join(folder, "day.mp4");
  beforeAll(async () => {
    const scene = await createScene({ ...size, seed: DAY, canary: false });
    const writer = createClipWriter(video, size, fps);
    for (let i = 0; i < (dayMs * fps) / 1000; i += 1) await writer.write(await scene.frameAt((i * 1000) / fps));
    await writer.close();
  });

  test("frames come back in number, size and time", async () => {
    const times: number[] = [];
    for await (const { frame, atMs } of readClip(video, { width: 320, height: 240 }, 4)) {
      expect([frame.width, frame.height, frame.rgb.length]).toEqual([320, 192, 320 * 192 * 3]);
      times.push(atMs);
    }
    expect(times).toEqual(Array.from({ length: 160 }, (_, i) => i * 250));
  });

  test("a reader that stops early leaves no decoder behind", async () => {
    for await (const { atMs } of readClip(video, size, 8)) if (atMs >= 1_000) break;
    expect(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })).not.toContain(video);
  });

  test("each visit of the script is one contact, to within a second, and the mood hears the smiles", async () => {
    const zone = zoneFrom({ polygon: TILL_ZONE.map(([x, y]): [number, number] => [x, y]), postMs: 1_000 });
    const { summary, facts } = await plainRun(video, { zone, mood: { k: 1 } });
    const day = visitsUntil(DAY, dayMs).filter(({ goneMs }) => goneMs < dayMs);
    expect(day.length).toBeGreaterThanOrEqual(3);
    const whole = summary.contacts.slice(0, day.length);
    expect(summary.contacts.length - day.length).toBeLessThanOrEqual(1);
    whole.forEach(({ startS, endS, outcome, people }, i) => {
      expect(Math.abs(startS * 1000 - (day[i]?.standsMs ?? 0))).toBeLessThan(1_000);
      expect(Math.abs(endS * 1000 - (day[i]?.turnsMs ?? 0))).toBeLessThan(1_000);
      expect([outcome, people]).toEqual(["silent", 1]);
    });
    const mood = facts.find((fact) => fact.type === "mood");
    expect(mood?.data).toMatchObject({ suppressed: false });
    expect(mood?.type === "mood" ? mood.data.smile : 0).toBeGreaterThan(0.2);
  });

  test("the annotated copy is a video of the same length, and the faces in it are gone", async () => {
    const copy = join(folder, "annotated.mp4");
    await plainRun(video, { annotateTo: copy });
    let frames = 0;
    let faces = 0;
    for await (const { frame } of readClip(copy, size, 8)) {
      frames += 1;
      faces += (await look.look(frame, { face: true, person: false, expression: false })).faces.filter(
        ({ score }) => score >= 0.6,
      ).length;
    }
    expect(frames).toBe((dayMs * fps) / 1000);
    expect(faces).toBe(0);
  });

  test("a copy that cannot be written is a coded fault, and the video itself is never written over", async () => {
    const before = readFileSync(video);
    const link = join(folder, "link.mp4");
    symlinkSync(video, link);
    for (const to of [join(folder, "no/such/folder.mp4"), video, link])
      await expect(plainRun(video, { annotateTo: to })).rejects.toMatchObject({ code: "CLIP_UNWRITABLE" });
    expect(readFileSync(video).equals(before)).toBe(true);
  });

  test("a file cut in the middle is read as far as it goes, and said to be damaged", async () => {
    const bytes = readFileSync(video);
    writeFileSync(join(folder, "cut.mp4"), bytes.subarray(0, bytes.length >> 1));
    const { summary } = await plainRun(join(folder, "cut.mp4"));
    expect(summary.damaged).not.toBe("");
    expect(summary.damaged).toBeDefined();
    expect(summary.frames).toBeLessThan((dayMs * fps) / 1000);
    expect((await plainRun(video)).summary.damaged).toBeUndefined();
  });

  test("an empty file, a text and a missing one are coded faults", async () => {
    for (const [name, content] of Object.entries({ "empty.mp4": "", "text.mp4": "I am no video" })) {
      writeFileSync(join(folder, name), content);
      await expect(plainRun(join(folder, name))).rejects.toMatchObject({ code: "CAMERA_OPEN" });
    }
    await expect(plainRun(join(folder, "missing.mp4"))).rejects.toMatchObject({ code: "CAMERA_OPEN" });
  });
});

describe("blurring", () => {
  test("leaves at most sixteen blocks' worth: two pictures with the same block means become the same", () => {
    const picture = (seed: number): Frame => {
      const rgb = new Uint8Array(64 * 64 * 3);
      // In every 16 × 16 block a chequer whose phase depends on the seed: different pixels, same means.
      for (let i = 0; i < 64 * 64; i += 1) rgb.fill(((i + Math.floor(i / 64) + seed) & 1) * 255, i * 3, i * 3 + 3);
      return { width: 64, height: 64, rgb };
    };
    const [a, b] = [picture(0), picture(1)];
    expect(Buffer.from(a.rgb).equals(Buffer.from(b.rgb))).toBe(false);
    for (const frame of [a, b]) blurFace(frame, [0.2, 0.2, 0.6, 0.6]);
    const inside = ({ rgb }: Frame) => rgb.subarray((32 * 64 + 8) * 3, (32 * 64 + 56) * 3);
    expect(Math.max(...inside(a)) - Math.min(...inside(a))).toBeLessThanOrEqual(1);
    expect(Math.max(...inside(b)) - Math.min(...inside(b))).toBeLessThanOrEqual(1);
  });

  test("any box, also beyond the edges, is blurred without touching what lies far away", () => {
    const share = fc.double({ min: -0.5, max: 1.5, noNaN: true });
    fc.assert(
      fc.property(share, share, fc.double({ min: 0.01, max: 1, noNaN: true }), (x, y, side) => {
        const rgb = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 37) & 255);
        const before = Uint8Array.from(rgb);
        blurFace({ width: 40, height: 30, rgb }, [x, y, side, side]);
        for (let i = 0; i < rgb.length; i += 3) {
          const px = ((i / 3) % 40) / 40;
          const py = Math.floor(i / 120) / 30;
          const far = px < x - side * 0.4 - 0.05 || px > x + side * 1.4 + 0.05 || py < y - side * 0.4 - 0.05;
          if (far) expect(rgb[i]).toBe(before[i]);
        }
      }),
    );
  });

  test("a face missed for a moment is still covered; half a second later it is not", () => {
    const memory = createFaceMemory();
    const seen = { faces: [{ box: [0.1, 0.1, 0.1, 0.1] as [number, number, number, number], score: 1 }], persons: [] };
    expect(memory.cover(seen, 0, size)).toHaveLength(1);
    expect(memory.cover({ faces: [], persons: [] }, 400, size)).toHaveLength(1);
    expect(memory.cover({ faces: [], persons: [] }, 600, size)).toHaveLength(0);
  });

  test("a head is covered to the chin where no face was found, also of somebody who sits behind a table", () => {
    const frame = { width: 480, height: 270 };
    // From real pictures, pixels: the box that a detector drew, and by eye where the chin is.
    const people = [
      { who: "sits far away", box: [111, 123, 44, 50], chin: 144 },
      { who: "head and shoulders", box: [134, 24, 224, 245], chin: 141 },
      { who: "stands", box: [280, 94, 62, 175], chin: 126 },
    ];
    for (const { who, box, chin } of people) {
      const [x = 0, y = 0, w = 0, h = 0] = box;
      const person = { box: [x / 480, y / 270, w / 480, h / 270] as [number, number, number, number], score: 1 };
      const [covered] = createFaceMemory().cover({ faces: [], persons: [person] }, 0, frame);
      const bottom = ((covered?.[1] ?? 0) + (covered?.[3] ?? 0)) * 270;
      expect(bottom, who).toBeGreaterThanOrEqual(chin);
      // Whatever it holds, a body stays to be seen under the head.
      expect(bottom, who).toBeLessThan(y + 0.75 * h);
    }
  });
});

describe("still pictures", () => {
  test("a drawn figure: boxes in pixels of the picture, eight probabilities, valence", async () => {
    const visit = visitsUntil(DAY, 60_000).find(({ smilesMs }) => smilesMs !== undefined);
    const scene = await createScene({ width: 1280, height: 768, seed: DAY, canary: false });
    const { rgb } = await scene.frameAt(visit?.smilesMs ?? 0);
    const file = join(folder, "figure.png");
    await sharp(rgb, { raw: { width: 1280, height: 768, channels: 3 } })
      .png()
      .toFile(file);
    const detected = await detectPicture(file, look);
    expect(detected).toMatchObject({ file, width: 1280, height: 768 });
    const [x, , w] = detected.faces[0]?.box ?? [0, 0, 0, 0];
    expect(Math.abs(x + w / 2 - (visit?.x ?? 0) * 1280)).toBeLessThan(30);
    expect(Object.values(detected.faces[0]?.expression ?? {})).toHaveLength(8);
    expect(detected.faces[0]?.valence).toBeGreaterThan(0.2);
    expect(detected.persons).toHaveLength(1);
  });

  test("grey, transparent and turned pictures open as three channels, upright", async () => {
    const gray = join(folder, "gray.png");
    await sharp({ create: { width: 8, height: 4, channels: 3, background: "#808080" } })
      .grayscale()
      .png()
      .toFile(gray);
    expect(await readPicture(gray)).toMatchObject({ width: 8, height: 4, rgb: { length: 96 } });
    const turned = join(folder, "turned.jpg");
    await sharp({ create: { width: 8, height: 4, channels: 3, background: "red" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(turned);
    expect(await readPicture(turned)).toMatchObject({ width: 4, height: 8 });
    const clear = join(folder, "clear.png");
    await sharp({ create: { width: 2, height: 2, channels: 4, background: "#00000000" } })
      .png()
      .toFile(clear);
    expect(Array.from((await readPicture(clear)).rgb)).toEqual(Array(12).fill(128));
  });

  test("empty, cut, text, drawing, folder, missing and huge are coded faults", async () => {
    const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    const huge = `P5 60000 60000 255\n`;
    const bad = {
      "empty.jpg": "",
      "cut.jpg": jpeg.subarray(0, jpeg.length - 20),
      "text.jpg": "not a picture",
      "drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      "huge.pgm": huge,
      "bomb.png": await bombHeader(),
    };
    for (const [name, content] of Object.entries(bad)) {
      writeFileSync(join(folder, name), content);
      await expect(readPicture(join(folder, name)), name).rejects.toMatchObject({ code: "IMAGE_UNREADABLE" });
    }
    for (const path of [folder, join(folder, "missing.jpg")])
      await expect(readPicture(path)).rejects.toMatchObject({ code: "IMAGE_UNREADABLE" });
  });

  /** A small PNG whose header claims 60,000 × 60,000 pixels. */
  async function bombHeader(): Promise<Buffer> {
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    return png;
  }
});

describe.skipIf(absent)(`real pictures${absent === false ? "" : ` (skipped: ${absent})`}`, () => {
  test("street pictures of Penn-Fudan: most people that people marked are found", async () => {
    let marked = 0;
    let found = 0;
    for (let n = 1; n <= 40; n += 1) {
      const name = `FudanPed${String(n).padStart(5, "0")}`;
      const picture = join(data, "train/pennfudan/PNGImages", `${name}.png`);
      if (!existsSync(picture)) continue;
      const notes = readFileSync(join(data, "train/pennfudan/Annotation", `${name}.txt`), "latin1");
      const { persons } = await detectPicture(picture, look);
      for (const [, x1, y1, x2, y2] of notes.matchAll(/\((\d+), (\d+)\) - \((\d+), (\d+)\)/g)) {
        marked += 1;
        const truth = [Number(x1), Number(y1), Number(x2), Number(y2)] as const;
        if (persons.some(({ box: [x, y, w, h] }) => iou(truth, [x, y, x + w, y + h]) > 0.5)) found += 1;
      }
    }
    expect(marked).toBeGreaterThan(30);
    expect(found / marked).toBeGreaterThan(0.75);
  });

  test("two people walk towards the camera: faces and one contact", async () => {
    const { summary } = await plainRun(join(data, "video/face-demographics-walking.gif"), { fps: 12 });
    expect(summary.frames).toBeGreaterThanOrEqual(34);
    expect(summary.framesWithFaces / summary.frames).toBeGreaterThan(0.8);
    expect(summary.contacts).toHaveLength(1);
  });

  test("six people come one by one: six contacts and six visits over each line, where the truth has them", async () => {
    const { summary } = await plainRun(join(data, "video", CLIP), {
      fps: 5,
      zone: zoneFrom({ polygon: tableZone(), by: "person" }),
      footfall: footfallFrom({ lines: clipLines() }),
    });
    expect(summary.contacts.map(({ people }) => people)).toEqual([1, 1, 1, 1, 1, 1]);
    STANDING.forEach(([from, to], i) => {
      expect(Math.abs((summary.contacts[i]?.startS ?? 0) - from)).toBeLessThan(1.5);
      expect(Math.abs((summary.contacts[i]?.endS ?? 0) - to)).toBeLessThan(1.5);
    });
    for (const line of ["line-1", "line-2"])
      expect(summary.visits.filter((visit) => visit.line === line).map(({ direction }) => direction)).toEqual(
        Array(6).fill("in"),
      );
  });
});

type Corners = readonly [x1: number, y1: number, x2: number, y2: number];

function iou(a: Corners, b: Corners): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h);
}
