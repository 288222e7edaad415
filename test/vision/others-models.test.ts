// Other people's models themselves, where they lie beside the project: pulled from a folder, then looked through.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pullModels } from "../../src/cli/models-pull.ts";
import { detectPicture } from "../../src/cli/vision-detect.ts";
import { decodeExpression } from "../../src/vision/decoders/decoder.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { type Look, type LookModels, openLook } from "../../src/vision/look.ts";
import { readCatalogue } from "../../src/vision/models/catalogue.ts";
import { type ClassifierEntry, entryOf, type ModelEntry, readManifest } from "../../src/vision/models/manifest.ts";
import { openModel } from "../../src/vision/models/runtime.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { visitsUntil } from "../../src/vision/scene/script.ts";
import { EXPRESSIONS } from "../../src/words/events.ts";

const shipped = fileURLToPath(new URL("../../models", import.meta.url));
const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const data = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const absent = existsSync(join(data, "models")) ? false : "../shared/data is not here";
const folder = mkdtempSync(join(tmpdir(), "others-"));
const modelsDir = join(folder, "models");
const known = readCatalogue(shipped);
/** A seed whose first visitors laugh. */
const DAY = 2;

afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(absent)(`other people's models${absent === false ? "" : ` (skipped: ${absent})`}`, () => {
  beforeAll(async () => {
    const names = known.map(({ name }) => name);
    // Each is proved and passes its self-test before it is installed.
    await pullModels(names, { modelsDir, from: join(data, "models") }, () => undefined);
  }, 60_000);

  async function lookingWith<T>(names: LookModels, act: (look: Look) => Promise<T>): Promise<T> {
    const look = await openLook(modelsDir, readManifest(modelsDir), names, 1);
    try {
      return await act(look);
    } finally {
      await look.close();
    }
  }

  /** The moment a drawn visitor begins to laugh. */
  async function drawnLaugh(): Promise<Frame> {
    const scene = await createScene({ width: 640, height: 384, seed: DAY, canary: false });
    const visit = visitsUntil(DAY, 60_000).find(({ smilesMs }) => smilesMs !== undefined);
    return await scene.frameAt(visit?.smilesMs ?? 0);
  }

  test("on a drawn visitor each detector gives the one box it gave when its decoder was written", async () => {
    const frame = await drawnLaugh();
    const golden = {
      "yunet-320x320": [0.4831, 0.1837, 0.0877, 0.178, 0.839],
      "yunet-320x192": [0.482, 0.1862, 0.0863, 0.1755, 0.84],
      "ultraface-rfb-320x240": [0.4863, 0.1849, 0.0781, 0.1505, 0.994],
      "ultraface-slim-320x240": [0.4855, 0.1836, 0.0799, 0.1596, 0.999],
      "fastestdet-352x352": [0.4079, 0.1259, 0.2307, 0.8502, 0.812],
      "picodet-s-320x320": [0.4029, 0.1483, 0.246, 0.8468, 0.86],
    };
    for (const [name, expected] of Object.entries(golden)) {
      const { task } = entryOf(readManifest(modelsDir), name);
      const { faces, persons } = await lookingWith({ [task]: name }, (look) =>
        look.look(frame, { face: true, person: true, expression: false }),
      );
      const found = [...faces, ...persons];
      expect(found, name).toHaveLength(1);
      [...(found[0]?.box ?? []), found[0]?.score ?? 0].forEach((value, i) => {
        expect(Math.abs(value - (expected[i] ?? 0)), name).toBeLessThan(0.005);
      });
    }
  });

  test("mini-Xception reads the drawn laugh, behind another's face detector", async () => {
    const names = { face: "yunet-320x192", expression: "mini-xception-64" };
    const { faces } = await lookingWith(names, async (look) =>
      look.look(await drawnLaugh(), { face: true, person: false, expression: true }),
    );
    expect(Object.keys(faces[0]?.expression ?? {})).toEqual([...EXPRESSIONS]);
    expect(faces[0]?.expression?.happiness).toBeGreaterThan(0.9);
  });

  test("four people sit in a classroom: each has a person box, each face found lies in the upper half of one", async () => {
    const classroom = join(data, "video/classroom.gif");
    // Where the four faces are, looked at by eye: middle as shares of the picture.
    const seated = [
      [0.155, 0.59],
      [0.282, 0.505],
      [0.498, 0.505],
      [0.663, 0.61],
    ] as const;
    const holds = (box: readonly number[], [x, y]: readonly [number, number], lower: number): boolean => {
      const [left = 0, top = 0, width = 0, height = 0] = box;
      return x > left && x < left + width && y > top && y < top + height * lower;
    };
    for (const [face, least] of [
      ["yunet-320x320", 4],
      ["yunet-320x192", 4],
      ["ultraface-rfb-320x240", 3],
      ["ultraface-slim-320x240", 3],
    ] as const)
      for (const person of ["fastestdet-352x352", "picodet-s-320x320"]) {
        const { width, height, faces, persons } = await lookingWith(
          { face, person, expression: "expression-48" },
          (look) => detectPicture(classroom, look),
        );
        const shares = ({ box: [x, y, w, h] }: { box: number[] }) =>
          [(x ?? 0) / width, (y ?? 0) / height, (w ?? 0) / width, (h ?? 0) / height] as const;
        const found = seated.filter((at) => faces.some((one) => holds(shares(one), at, 1)));
        expect(found.length, face).toBeGreaterThanOrEqual(least);
        expect(faces.length, face).toBe(found.length);
        for (const at of seated)
          expect(
            persons.some((one) => holds(shares(one), at, 0.5)),
            person,
          ).toBe(true);
      }
  }, 60_000);

  test("street pictures: FastestDet and PicoDet find nearly all people that people marked", async () => {
    for (const person of ["fastestdet-352x352", "picodet-s-320x320"]) {
      const { found, marked } = await lookingWith({ person }, async (look) => {
        const sum = { found: 0, marked: 0 };
        for (const n of ["00002", "00003", "00004", "00006", "00007", "00016", "00017", "00019"]) {
          const picture = join(data, `train/pennfudan/PNGImages/FudanPed${n}.png`);
          if (!existsSync(picture)) continue;
          const notes = readFileSync(join(data, `train/pennfudan/Annotation/FudanPed${n}.txt`), "latin1");
          const { persons } = await detectPicture(picture, look);
          for (const [, ...corners] of notes.matchAll(/\((\d+), (\d+)\) - \((\d+), (\d+)\)/g)) {
            const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = corners.map(Number);
            sum.marked += 1;
            // Each edge to within an eighth of the person's height.
            const near = (a: number, b: number): boolean => Math.abs(a - b) < (y2 - y1) / 8;
            const hit = persons.some(
              ({ box: [x, y, w, h] }) => near(x, x1) && near(y, y1) && near(x + w, x2) && near(y + h, y2),
            );
            if (hit) sum.found += 1;
          }
        }
        return sum;
      });
      expect(marked).toBeGreaterThanOrEqual(12);
      expect(found / marked, person).toBeGreaterThan(0.8);
    }
  }, 60_000);

  test("mini-Xception agrees with most votes on FER+ validation faces, and with nearly all on happiness", async () => {
    const rows = readFileSync(join(data, "train/ferplus/valid_label.csv"), "utf8").split("\n").slice(0, 500);
    const { data: sheet, info } = await sharp(join(data, "train/ferplus/valid_00.webp"))
      .toColourspace("b-w")
      .raw()
      .toBuffer({ resolveWithObject: true });
    const entry = entryOf(readManifest(modelsDir), "mini-xception-64") as ClassifierEntry;
    const model = await openModel(modelsDir, entry, 1);
    const count = { all: 0, right: 0, happy: 0, happyRight: 0 };
    for (const [i, row] of rows.entries()) {
      const votes = row
        .replace(/"[^"]*",/, "")
        .split(",")
        .slice(1, 9)
        .map(Number);
      const most = votes.indexOf(Math.max(...votes));
      // A majority for a class it was taught.
      if ((votes[most] ?? 0) < 6 || EXPRESSIONS[most] === "contempt") continue;
      // Nearest pixels, 48 to 64.
      for (let p = 0; p < 64 * 64; p += 1) {
        const x = (i % 64) * 48 + Math.floor(((p % 64) * 48) / 64);
        const y = Math.floor(i / 64) * 48 + Math.floor((Math.floor(p / 64) * 48) / 64);
        model.input[p] = sheet[(y * info.width + x) * info.channels] ?? 0;
      }
      const shares = decodeExpression(await model.run(), entry);
      const best = EXPRESSIONS.reduce((a, b) => (shares[a] >= shares[b] ? a : b));
      count.all += 1;
      if (best === EXPRESSIONS[most]) count.right += 1;
      if (EXPRESSIONS[most] !== "happiness") continue;
      count.happy += 1;
      if (best === "happiness") count.happyRight += 1;
    }
    await model.close();
    expect(count.happy).toBeGreaterThan(80);
    expect(count.right / count.all).toBeGreaterThan(0.6);
    expect(count.happyRight / count.happy).toBeGreaterThan(0.85);
  }, 60_000);

  test("a manifest that means other tensors, classes or sizes: MODEL_SHAPE, before anything is decoded", async () => {
    const manifest = readManifest(modelsDir);
    const opens = async (name: string, change: (entry: ModelEntry) => object) => {
      const entry = entryOf(manifest, name);
      const changed = { ...entry, ...change(entry) } as ModelEntry;
      const model = await openModel(modelsDir, changed, 1).catch(({ code }) => code as string);
      if (typeof model === "string") return model;
      const ran = await model.run().then(
        () => "ran",
        ({ code }) => code as string,
      );
      await model.close();
      return `at run: ${ran}`;
    };
    const output = (more: object) => (entry: ModelEntry) => ({ output: { ...entry.output, ...more } });
    expect(await opens("ultraface-rfb-320x240", output({ scores: "boxes", boxes: "scores" }))).toBe("MODEL_SHAPE");
    expect(await opens("ultraface-rfb-320x240", output({ scores: "no such" }))).toBe("MODEL_SHAPE");
    expect(await opens("fastestdet-352x352", output({ classCount: 79 }))).toBe("MODEL_SHAPE");
    expect(await opens("picodet-s-320x320", output({ bins: 16 }))).toBe("MODEL_SHAPE");
    expect(await opens("mini-xception-64", output({ decoder: "softmax8" }))).toBe("MODEL_SHAPE");
    expect(await opens("yunet-320x320", ({ input }) => ({ input: { ...input, height: 192 } }))).toBe("MODEL_SHAPE");
    // The dynamic one takes what it is given, but its grids must fit into one another.
    expect(await opens("yunet-320x192", ({ input }) => ({ input: { ...input, height: 200 } }))).toMatch(
      /^at run: MODEL_(INVALID|SHAPE)$/,
    );
    expect(await opens("yunet-320x192", ({ input }) => ({ input: { ...input, height: 256 } }))).toBe("at run: ran");
  });

  test("chosen by name on the command line or in the configuration", async () => {
    const picture = join(folder, "visitor.png");
    const { rgb, width, height } = await drawnLaugh();
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(picture);
    const choice = { face: "yunet-320x192", person: "picodet-s-320x320", expression: "mini-xception-64" };
    const config = join(folder, "touchpoint.yaml");
    const local = { device: "till-1", site: "shop", modelsDir, vision: choice };
    writeFileSync(config, JSON.stringify({ version: 1, local, fleet: { touchpoints: [{ id: "till" }] } }));
    const byName = Object.entries(choice).flatMap(([option, name]) => [`--${option}`, name]);
    const outputs = [];
    for (const options of [
      ["--models-dir", modelsDir, ...byName],
      ["--config", config],
    ])
      outputs.push(
        (await promisify(execFile)(process.execPath, [main, "vision", "detect", "--json", ...options, picture])).stdout,
      );
    expect(outputs[0]).toBe(outputs[1]);
    const { faces, persons } = JSON.parse(outputs[0] ?? "");
    expect([faces.length, persons.length]).toEqual([1, 1]);
    expect(faces[0].expression.contempt).toBe(0);
  }, 60_000);
});
