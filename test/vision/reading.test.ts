// Which faces are read, how they are laid level, and how sure a reading is.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ReadingLimits } from "../../src/config/reading.ts";
import { calibrated } from "../../src/vision/decoders/calibration.ts";
import type { ExpressionShares } from "../../src/vision/decoders/softmax8.ts";
import { drawFace } from "../../src/vision/face-crop.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { cropOnEyes, type Landmarks, mapLandmarks, type Point, poseOf } from "../../src/vision/landmarks.ts";
import { type Look, openLook } from "../../src/vision/look.ts";
import { Manifest, readManifest } from "../../src/vision/models/manifest.ts";
import { sharpnessOf, unreadable } from "../../src/vision/reading.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { visitsUntil } from "../../src/vision/scene/script.ts";
import { EXPRESSIONS } from "../../src/words/events.ts";

const modelsDir = fileURLToPath(new URL("../../models", import.meta.url));
const SIZE = { width: 200, height: 200 };
const LIMITS = ReadingLimits.parse({});
const AHEAD: Landmarks = {
  leftEye: [80, 90],
  rightEye: [120, 90],
  nose: [100, 112.8],
  leftMouth: [85, 130],
  rightMouth: [115, 130],
};

function turnedBy(degrees: number): (point: Point) => Point {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return ([x, y]) => [100 + (x - 100) * cos - (y - 100) * sin, 100 + (x - 100) * sin + (y - 100) * cos];
}

/** A picture of soft waves, turned as a whole. */
function waves(degrees: number): Frame {
  const back = turnedBy(-degrees);
  const rgb = new Uint8Array(SIZE.width * SIZE.height * 3);
  for (let y = 0; y < SIZE.height; y += 1)
    for (let x = 0; x < SIZE.width; x += 1) {
      const [u, v] = back([x + 0.5, y + 0.5]);
      rgb.fill(
        Math.round(128 + 60 * Math.sin(u / 9) + 60 * Math.cos(v / 13)),
        (y * 200 + x) * 3,
        (y * 200 + x) * 3 + 3,
      );
    }
  return { ...SIZE, rgb };
}

describe("a face laid level by its eyes", () => {
  const target = { width: 48, height: 48 };
  const cut = (degrees: number): Float32Array => {
    const gray = new Float32Array(48 * 48);
    const crop = cropOnEyes(mapLandmarks(AHEAD, turnedBy(degrees)), { distance: 0.364, down: 0.387 });
    if (crop !== undefined) drawFace(waves(degrees), crop, target, gray);
    return gray;
  };

  test.each([-45, -30, 15, 30, 90])("turned by %i° looks as the upright one does", (degrees) => {
    const [upright, turned] = [cut(0), cut(degrees)];
    const apart = upright.reduce((sum, value, i) => sum + Math.abs(value - (turned[i] ?? 0)), 0) / upright.length;
    expect(apart).toBeLessThan(1);
  });

  test("has its eyes where the model had them", () => {
    const crop = cropOnEyes(AHEAD, { distance: 0.4, down: 0.35 });
    expect(crop).toMatchObject({ side: 100, roll: 0 });
    expect(crop?.centre[0]).toBeCloseTo(100, 9);
    expect(crop?.centre[1]).toBeCloseTo(105, 9);
  });

  test("points that make no face are none", () => {
    expect(cropOnEyes({ ...AHEAD, rightEye: AHEAD.leftEye }, { distance: 0.4, down: 0.35 })).toBeUndefined();
    expect(poseOf({ ...AHEAD, rightEye: AHEAD.leftEye })).toBeUndefined();
    expect(poseOf({ ...AHEAD, leftMouth: [80, 80], rightMouth: [120, 80] })).toBeUndefined();
  });
});

describe("a face is not read", () => {
  const box = [0.3, 0.3, 0.4, 0.4] as [number, number, number, number];
  const judge = (landmarks?: Landmarks, size = box) => unreadable({ box: size, score: 1 }, landmarks, SIZE, LIMITS);

  test("that is too small", () => {
    expect(judge(AHEAD)).toBeUndefined();
    expect(judge(AHEAD, [0.3, 0.3, 0.16, 0.16])).toBeUndefined();
    expect(judge(AHEAD, [0.3, 0.3, 0.15, 0.16])).toBe("small");
  });

  test("that is turned or nodded too far, however it is rolled; without landmarks nobody knows", () => {
    for (const degrees of [0, 40, -70]) {
      const rolled = (points: Landmarks): Landmarks => mapLandmarks(points, turnedBy(degrees));
      expect(judge(rolled(AHEAD))).toBeUndefined();
      expect(judge(rolled({ ...AHEAD, nose: [113, 112] }))).toBeUndefined();
      expect(judge(rolled({ ...AHEAD, nose: [115, 112] }))).toBe("turned");
      expect(judge(rolled({ ...AHEAD, nose: [85, 112] }))).toBe("turned");
      expect(judge(rolled({ ...AHEAD, nose: [100, 104] }))).toBe("turned");
    }
    expect(judge()).toBeUndefined();
  });

  test("that is not sharp: variance of the Laplacian", () => {
    const size = { width: 8, height: 6 };
    expect(sharpnessOf(new Float32Array(48).fill(90), size)).toBe(0);
    // Each pixel of a checkerboard differs from its four neighbours by 10: the Laplacian is ±40.
    const checkered = Float32Array.from({ length: 48 }, (_, i) => ((i + Math.floor(i / 8)) % 2) * 10);
    expect(sharpnessOf(checkered, size)).toBeCloseTo(1600, 6);
  });
});

describe("through the models", () => {
  const names = { face: "face-320x192", person: "person-320x192", expression: "expression-48" };
  const wanted = { face: true, person: false, expression: true };
  const looks: Look[] = [];
  let laughing: Frame;
  async function facesWith(limits?: Partial<ReadingLimits>) {
    const look = await openLook(modelsDir, readManifest(modelsDir), names, 1, limits && { ...LIMITS, ...limits });
    looks.push(look);
    return (await look.look(laughing, wanted)).faces;
  }

  beforeAll(async () => {
    const scene = await createScene({ width: 640, height: 384, seed: 2, canary: false });
    laughing = await scene.frameAt(
      visitsUntil(2, 60_000).find(({ smilesMs }) => smilesMs !== undefined)?.smilesMs ?? 0,
    );
  });
  afterAll(async () => {
    for (const look of looks) await look.close();
  });

  test("a drawn face is read within the ordinary limits, and what leaves is no landmark", async () => {
    const faces = await facesWith({});
    expect(faces.map((face) => Object.keys(face).toSorted())).toEqual([["box", "expression", "score"]]);
    expect(faces).toEqual(await facesWith());
  });

  test.each([
    ["small", { smallestPx: 500 }],
    ["blurred", { sharpness: 100_000 }],
  ] as const)("one that is %s has no expression, and says why", async (unread, limits) => {
    const faces = await facesWith(limits);
    expect(faces).toHaveLength(1);
    expect(faces[0]).toMatchObject({ unread });
    expect(faces[0]).not.toHaveProperty("expression");
  });
});

describe("calibration", () => {
  const shares = Object.fromEntries(EXPRESSIONS.map((name) => [name, 0])) as ExpressionShares;
  const unsure = { ...shares, happiness: 0.6, neutral: 0.3, sadness: 0.1 };

  test("below 1 surer, above 1 less sure; the sum stays 1, the order stays, what is impossible stays so", () => {
    expect(calibrated(unsure, undefined)).toBe(unsure);
    // Squares: 0.36, 0.09 and 0.01 of 0.46.
    const surer = calibrated(unsure, { temperature: 0.5 });
    expect(surer.happiness).toBeCloseTo(0.36 / 0.46, 12);
    expect(surer.neutral).toBeCloseTo(0.09 / 0.46, 12);
    expect(surer.anger).toBe(0);
    const less = calibrated(unsure, { temperature: 2 });
    expect(less.happiness).toBeLessThan(0.6);
    expect(less.happiness).toBeGreaterThan(less.neutral);
    expect(EXPRESSIONS.reduce((sum, name) => sum + less[name], 0)).toBeCloseTo(1, 12);
  });

  test.each([0, -1, 21, null, "1"])("a manifest whose temperature is %j is refused", (temperature) => {
    const { models, ...rest } = readManifest(modelsDir);
    const wrong = models.map((one) =>
      one.task === "expression" ? { ...one, output: { ...one.output, calibration: { temperature } } } : one,
    );
    expect(Manifest.safeParse({ ...rest, models: wrong }).success).toBe(false);
    expect(Manifest.safeParse({ ...rest, models }).success).toBe(true);
  });
});
