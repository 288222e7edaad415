// Models: manifest, proof of the file, shapes, and the numbers our own three give on a drawn input.
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { decodeSoftmax8 } from "../../src/vision/decoders/softmax8.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { lookThrough, openLook } from "../../src/vision/look.ts";
import {
  type DetectorEntry,
  entryOf,
  type ModelEntry,
  readManifest,
  readModelFile,
} from "../../src/vision/models/manifest.ts";
import { openModel, openModelBytes } from "../../src/vision/models/runtime.ts";
import { selfTest } from "../../src/vision/models/self-test.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { visitsUntil } from "../../src/vision/scene/script.ts";
import type { FaultCode } from "../../src/words/errors.ts";

const shipped = fileURLToPath(new URL("../../models", import.meta.url));
const manifest = readManifest(shipped);
const folder = mkdtempSync(join(tmpdir(), "models-"));
const face = entryOf(manifest, "face-320x192");

beforeEach(() => cpSync(shipped, folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true }));

async function codeOf(act: () => unknown): Promise<FaultCode | "no fault"> {
  try {
    await act();
    return "no fault";
  } catch (thrown) {
    return (thrown as { code: FaultCode }).code;
  }
}

describe("the shipped folder", () => {
  test("every file is the one in the manifest, has a card, and passes its self-test", async () => {
    expect(manifest.models.map(({ task }) => task).toSorted()).toEqual(["expression", "face", "person"]);
    for (const entry of manifest.models) {
      expect(readFileSync(join(shipped, entry.card), "utf8")).toContain(`# ${entry.name}`);
      await selfTest(shipped, entry);
    }
  });
});

describe("what is wrong with a folder is named", () => {
  const opens = async (entry: ModelEntry = face) => await codeOf(() => openModel(folder, entry, 1));

  test("no manifest, no JSON, not a manifest, a path out of the folder", async () => {
    const write = (text: string) => writeFileSync(join(folder, "manifest.json"), text);
    rmSync(join(folder, "manifest.json"));
    expect(await codeOf(() => readManifest(folder))).toBe("MODEL_MISSING");
    write("{");
    expect(await codeOf(() => readManifest(folder))).toBe("MODEL_INVALID");
    write('{"version":1,"models":[]}');
    expect(await codeOf(() => readManifest(folder))).toBe("MODEL_INVALID");
    write(JSON.stringify({ version: 1, models: [{ ...face, file: "../secret" }] }));
    expect(await codeOf(() => readManifest(folder))).toBe("MODEL_INVALID");
    write(JSON.stringify({ version: 1, models: [face, face] }));
    expect(await codeOf(() => readManifest(folder))).toBe("MODEL_INVALID");
    expect(await codeOf(() => entryOf(manifest, "nobody"))).toBe("MODEL_MISSING");
  });

  test("the file is missing, cut short, changed in one bit, or another model's", async () => {
    const file = join(folder, face.file);
    rmSync(file);
    expect(await opens()).toBe("MODEL_MISSING");
    copyFileSync(join(shipped, face.file), file);
    truncateSync(file, face.bytes - 1);
    expect(await opens()).toBe("MODEL_HASH");
    const bytes = readFileSync(join(shipped, face.file));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(await opens()).toBe("MODEL_HASH");
    copyFileSync(join(shipped, "person-320x192/model.onnx"), file);
    expect(await opens()).toBe("MODEL_HASH");
  });

  test("hashed right but no model", async () => {
    const bytes = Buffer.from("this is no model");
    writeFileSync(join(folder, face.file), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(await opens({ ...face, bytes: bytes.length, sha256 })).toBe("MODEL_INVALID");
  });

  test("shapes other than the manifest's", async () => {
    const { input, output } = face;
    expect(await opens({ ...face, input: { ...input, width: 640 } } as ModelEntry)).toBe("MODEL_SHAPE");
    expect(await opens({ ...face, input: { ...input, channels: "rgb" } } as ModelEntry)).toBe("MODEL_SHAPE");
    expect(await opens({ ...face, input: { ...input, name: "picture" } } as ModelEntry)).toBe("MODEL_SHAPE");
    expect(await opens({ ...face, output: { ...output, name: "scores" } } as ModelEntry)).toBe("MODEL_SHAPE");
    const expression = entryOf(manifest, "expression-48");
    expect(await opens({ ...expression, output: { ...output, name: "prob" } } as unknown as ModelEntry)).toBe(
      "MODEL_SHAPE",
    );
  });

  test("a model used for another task", async () => {
    expect(await codeOf(() => openLook(shipped, manifest, { face: "person-320x192" }, 1))).toBe("MODEL_SHAPE");
    expect(await codeOf(() => openLook(shipped, manifest, { expression: "face-320x192" }, 1))).toBe("MODEL_SHAPE");
  });

  test("numbers that are not finite", async () => {
    for (const name of ["face-320x192", "expression-48"]) {
      const entry = entryOf(manifest, name);
      const model = await openModelBytes(readModelFile(shipped, entry), entry, 1);
      model.input.fill(Number.NaN);
      expect(await codeOf(() => model.run())).toBe("MODEL_OUTPUT");
      model.input.fill(128);
      expect((await model.run()).every((values) => values.every(Number.isFinite))).toBe(true);
      await model.close();
    }
  });
});

test("a model that wants its picture stretched sees a squashed one as it sees the whole", async () => {
  const scene = await createScene({ width: 640, height: 384, seed: 2, canary: false });
  const [visit] = visitsUntil(2, 20_000);
  const whole = await scene.frameAt(visit?.standsMs ?? 0);
  const squashed = { width: 320, height: 384, rgb: new Uint8Array(320 * 384 * 3) };
  // Means of two neighbours: exactly what the drawing at half the size takes them for.
  for (let i = 0; i < squashed.rgb.length; i += 1) {
    const p = Math.floor(i / 3) * 6 + (i % 3);
    squashed.rgb[i] = ((whole.rgb[p] ?? 0) + (whole.rgb[p + 3] ?? 0)) / 2;
  }
  const boxes = async (fit: "stretch" | "letterbox", frame: Frame) => {
    const model = await openModel(shipped, { ...face, input: { ...face.input, fit } } as DetectorEntry, 1);
    const look = lookThrough({ face: model, person: undefined, expression: undefined }, model.close);
    const { faces } = await look.look(frame, { face: true, person: false, expression: false });
    await look.close();
    return faces.map(({ box }) => box);
  };
  const [expected] = await boxes("letterbox", whole);
  const found = await boxes("stretch", squashed);
  expect(found).toHaveLength(1);
  found[0]?.forEach((value, i) => {
    expect(Math.abs(value - (expected?.[i] ?? 0))).toBeLessThan(0.01);
  });
});

describe("golden outputs", () => {
  /** A soft bright ellipse with two dark spots on grey, in any input. */
  const pattern = (index: number, width: number, height: number): number => {
    const x = ((index % width) + 0.5) / width - 0.5;
    const y = ((Math.floor(index / width) % height) + 0.5) / height - 0.5;
    const spot = (dx: number) => Math.exp(-((x - dx) ** 2 + (y + 0.08) ** 2) * 800);
    return 100 + 100 * Math.exp(-(x * x * 12 + y * y * 6)) - 90 * (spot(-0.12) + spot(0.12));
  };
  const runOn = async (name: string): Promise<Float32Array> => {
    const model = await openModel(shipped, entryOf(manifest, name), 1);
    const { width, height } = model.entry.input;
    for (let i = 0; i < model.input.length; i += 1) model.input[i] = pattern(i, width, height);
    const [output] = await model.run();
    await model.close();
    return Float32Array.from(output ?? []);
  };

  test("detectors give the strongest box they gave when they were shipped", async () => {
    const golden = {
      "face-320x192": [188.753, 74.408, 206.227, 91.946, 0.131],
      "person-320x192": [69.659, 49.505, 232.977, 192.629, 0.162],
    };
    for (const [name, expected] of Object.entries(golden)) {
      const output = await runOn(name);
      expect(output.length).toBe(1260 * 5);
      let best = 0;
      for (let i = 0; i < output.length; i += 5) if ((output[i + 4] ?? 0) > (output[best + 4] ?? 0)) best = i;
      // Processors differ in the last digits: a tenth of a pixel, half a percent of score.
      expected.forEach((value, i) => {
        expect(Math.abs((output[best + i] ?? 0) - value)).toBeLessThan(i < 4 ? 0.1 : 0.005);
      });
    }
  });

  test("the classifier gives the probabilities it gave when it was shipped", async () => {
    const golden = [0.573, 0.008, 0.307, 0.025, 0.028, 0.006, 0.038, 0.015];
    Object.values(decodeSoftmax8(await runOn("expression-48"))).forEach((p, i) => {
      expect(Math.abs(p - (golden[i] ?? 0))).toBeLessThan(0.005);
    });
  });
});
