// The drawn scene: the same seed plays the same day, and our real models see what its script says.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPpmReader } from "../../src/vision/camera/ppm.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { type Look, openLook } from "../../src/vision/look.ts";
import { readManifest } from "../../src/vision/models/manifest.ts";
import { canaryPlace, canaryTile } from "../../src/vision/scene/canary.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { poseAt, TILL_ZONE, visitsUntil } from "../../src/vision/scene/script.ts";
import type { Box } from "../../src/words/inputs.ts";

const modelsDir = fileURLToPath(new URL("../../models", import.meta.url));
const size = { width: 640, height: 384 };
const DAY_MS = 60_000;

test("visits come one after another, stand in the till's zone, and are the same for the same seed", () => {
  for (const seed of [0, 1, 42, 4_294_967_295]) {
    const day = visitsUntil(seed, 600_000);
    expect(visitsUntil(seed, 600_000)).toEqual(day);
    expect(day.length).toBeGreaterThan(30);
    expect(day.some(({ smilesMs }) => smilesMs !== undefined)).toBe(true);
    expect(day.some(({ smilesMs }) => smilesMs === undefined)).toBe(true);
    day.forEach((visit, i) => {
      expect(visit.comesMs).toBeGreaterThanOrEqual(day[i - 1]?.goneMs ?? 0);
      expect(visit.turnsMs - visit.standsMs).toBeGreaterThanOrEqual(4_000);
      expect(visit.x > (TILL_ZONE[0]?.[0] ?? 1) && visit.x < (TILL_ZONE[1]?.[0] ?? 0)).toBe(true);
      expect(poseAt(visit, visit.comesMs - 1)).toBeUndefined();
      expect(poseAt(visit, visit.standsMs)?.x).toBeCloseTo(visit.x, 9);
      expect(poseAt(visit, visit.goneMs)).toBeUndefined();
    });
  }
  expect(visitsUntil(1, DAY_MS)).not.toEqual(visitsUntil(2, DAY_MS));
});

describe("seen by the real models", () => {
  let look: Look;
  const wanted = { face: true, person: true, expression: true };
  beforeAll(async () => {
    const names = { face: "face-320x192", person: "person-320x192", expression: "expression-48" };
    look = await openLook(modelsDir, readManifest(modelsDir), names, 1);
  });
  afterAll(async () => await look.close());

  test("standing figures have one face and one body, laughing ones smile, and the empty shop is empty", async () => {
    for (const seed of [1, 2, 7]) {
      const scene = await createScene({ ...size, seed, canary: true });
      const day = visitsUntil(seed, DAY_MS);
      for (let atMs = 0; atMs < DAY_MS; atMs += 500) {
        const { faces, persons } = await look.look(await scene.frameAt(atMs), wanted);
        const strongFaces = faces.filter(({ score }) => score >= 0.5);
        const strongPersons = persons.filter(({ score }) => score >= 0.5);
        const visit = day.find((candidate) => poseAt(candidate, atMs) !== undefined);
        if (visit === undefined) {
          expect([strongFaces, strongPersons]).toEqual([[], []]);
          continue;
        }
        const pose = poseAt(visit, atMs);
        if (pose === undefined || atMs < visit.standsMs || atMs >= visit.turnsMs) continue;
        expect(strongFaces.length).toBe(1);
        expect(strongPersons.length).toBe(1);
        expect(strongFaces[0]?.score).toBeGreaterThanOrEqual(0.6);
        expect(middle(strongFaces[0]?.box)).toBeCloseTo(visit.x, 1);
        expect(middle(strongPersons[0]?.box)).toBeCloseTo(visit.x, 1);
        const smile = strongFaces[0]?.expression?.happiness ?? 0;
        if (pose.smile === 1) expect(smile).toBeGreaterThan(0.3);
        else expect(smile).toBeLessThan(0.1);
      }
    }
  });
});

test("the canary is in the picture, byte for byte, only when asked for, and another for another seed", async () => {
  const rowsOf = async (seed: number, canary: boolean): Promise<boolean[]> => {
    const { rgb } = await (await createScene({ ...size, seed, canary })).frameAt(0);
    const tile = canaryTile(1);
    const { left, top } = canaryPlace(size);
    return Array.from({ length: tile.height }, (_, y) => {
      const at = ((top + y) * size.width + left) * 3;
      const row = tile.rgb.subarray(y * tile.width * 3, (y + 1) * tile.width * 3);
      return Buffer.from(rgb.subarray(at, at + row.length)).equals(row);
    });
  };
  expect((await rowsOf(1, true)).every(Boolean)).toBe(true);
  expect((await rowsOf(1, false)).some(Boolean)).toBe(false);
  expect((await rowsOf(2, true)).some(Boolean)).toBe(false);
});

test("as a process it writes frames of the size asked for, the first being the script's first moment", async () => {
  const main = fileURLToPath(new URL("../../dist/src/vision/scene/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "--seed", "3", "--width", "320", "--height", "192", "--fps", "30"]);
  const frames: Frame[] = [];
  const target = ({ width, height }: { width: number; height: number }) => new Uint8Array(width * height * 3);
  const reader = createPpmReader({ width: 320, height: 192 }, target, (frame) => frames.push(frame));
  for await (const chunk of child.stdout) {
    reader.push(chunk as Buffer);
    if (frames.length >= 3) break;
  }
  // Its reader is gone: it ends by itself.
  if (child.exitCode === null) await once(child, "exit");
  const first = await (await createScene({ width: 320, height: 192, seed: 3, canary: false })).frameAt(0);
  expect(Buffer.from(frames[0]?.rgb ?? []).equals(first.rgb)).toBe(true);
});

function middle(box: Box | undefined): number {
  return box === undefined ? Number.NaN : box[0] + box[2] / 2;
}
