// Age and sex by an operator's own model: its output decoded, its manifest refused where wrong, a real session of it read.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ReadingLimits } from "../../src/config/reading.ts";
import { type DemographicsOutput, decodeDemographics } from "../../src/vision/decoders/demographics.ts";
import { drawFace, drawFaceInColour } from "../../src/vision/face-crop.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { type LookModels, openLook } from "../../src/vision/look.ts";
import { type DemographicsEntry, Manifest, type ModelEntry, readManifest } from "../../src/vision/models/manifest.ts";
import { openModel } from "../../src/vision/models/runtime.ts";
import { selfTest } from "../../src/vision/models/self-test.ts";
import { createScene } from "../../src/vision/scene/paint.ts";
import { visitsUntil } from "../../src/vision/scene/script.ts";
import { EXPRESSIONS } from "../../src/words/events.ts";
import type { FaceSeen } from "../../src/words/inputs.ts";

const OUTPUT: DemographicsOutput = {
  decoder: "demographics",
  name: "o",
  ages: ["0-17", "18-59", "60+"],
  sexes: ["male", "female"],
  activation: "none",
};

describe("the decoder", () => {
  const ln = Math.log;
  test.each([
    ["probabilities", OUTPUT, [0.2, 0.5, 0.3, 0.75, 0.25], [0.2, 0.5, 0.3], [0.75, 0.25]],
    ["each group is scaled by itself", OUTPUT, [0.1, 0.1, 0.2, 0.3, 0.1], [0.25, 0.25, 0.5], [0.75, 0.25]],
    ["what is below 0 is 0", OUTPUT, [-1, 0.5, 0.5, -0.1, 0.4], [0, 0.5, 0.5], [0, 1]],
    ["nothing said leaves all alike", OUTPUT, [0, 0, 0, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5]],
    ["logits", { ...OUTPUT, activation: "softmax" }, [0, ln(2), 0, ln(3), 0], [0.25, 0.5, 0.25], [0.75, 0.25]],
    ["large logits", { ...OUTPUT, activation: "softmax" }, [3e38, 0, 0, -3e38, 3e38], [1, 0, 0], [0, 1]],
  ] as const)("%s", (_name, output, values, ages, sexes) => {
    const read = decodeDemographics(Float32Array.from(values), output as DemographicsOutput);
    expect(Object.keys(read.ages ?? {})).toEqual(OUTPUT.ages);
    ages.forEach((share, i) => {
      expect(read.ages?.[OUTPUT.ages?.[i] ?? ""]).toBeCloseTo(share, 6);
    });
    expect(read.sexes?.male).toBeCloseTo(sexes[0], 6);
    expect(read.sexes?.female).toBeCloseTo(sexes[1], 6);
  });

  test("a model that knows one of the two says nothing of the other", () => {
    const { ages: _ages, ...sexesOnly } = OUTPUT;
    const { sexes: _sexes, ...agesOnly } = OUTPUT;
    expect(decodeDemographics(Float32Array.of(0.25, 0.75), sexesOnly)).toEqual({ sexes: { male: 0.25, female: 0.75 } });
    expect(Object.keys(decodeDemographics(Float32Array.of(0.5, 0.5, 0), agesOnly))).toEqual(["ages"]);
  });

  test("whatever finite numbers come in, each group is shares that sum to 1", () => {
    const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(values, fc.constantFrom("none", "softmax"), (raw, activation) => {
        const read = decodeDemographics(Float32Array.from(raw), { ...OUTPUT, activation } as DemographicsOutput);
        for (const group of [read.ages, read.sexes]) {
          const shares = Object.values<number>(group ?? {});
          expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        }
      }),
    );
  });
});

test("a face in colour: its planes weigh to the grey one, upright and turned", () => {
  const rgb = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 37 + ((i * i) % 91)) % 256);
  const [frame, target] = [
    { width: 40, height: 30, rgb },
    { width: 12, height: 10 },
  ];
  for (const roll of [0, 0.5]) {
    const crop = { centre: [18, 16], side: 25, roll } as const;
    const gray = new Float32Array(120);
    drawFace(frame, crop, target, gray);
    const planes = drawFaceInColour(frame, crop, target);
    gray.forEach((value, i) => {
      const [red = 0, green = 0, blue = 0] = [planes[i], planes[i + 120], planes[i + 240]];
      expect(0.299 * red + 0.587 * green + 0.114 * blue).toBeCloseTo(value, 3);
    });
  }
});

// Nobody's model of age and sex may be shipped, so the net is our expression model's, its eight outputs called otherwise:
// what it says of anybody means nothing, but file, session, crop and decoder are those of a real one.
describe("through a real session", () => {
  const shipped = fileURLToPath(new URL("../../models", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "demographics-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const AGES = ["0-17", "18-29", "30-44", "45-59", "60-74", "75+"];
  const names = { face: "face-320x192", expression: "expression-48", demographics: "our-own" };
  let manifest: Manifest;
  let own: DemographicsEntry;
  let visitor: Frame;

  beforeAll(async () => {
    cpSync(shipped, folder, { recursive: true });
    const { models } = readManifest(shipped);
    const plain = models.map((one): ModelEntry => {
      if (one.task !== "expression") return one;
      const { calibration: _calibration, ...output } = one.output;
      return { ...one, output };
    });
    const net = plain.find(({ task }) => task === "expression") as ModelEntry;
    const { file, sha256, bytes, licence, card, input } = net;
    const output = { ...OUTPUT, name: "prob", ages: AGES };
    const entry = { name: "our-own", task: "demographics", file, sha256, bytes, licence, card, input, output };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify({ version: 1, models: [...plain, entry] }));
    manifest = readManifest(folder);
    own = manifest.models.find((one) => one.task === "demographics") as DemographicsEntry;
    const scene = await createScene({ width: 640, height: 384, seed: 2, canary: false });
    visitor = await scene.frameAt(visitsUntil(2, 60_000)[0]?.standsMs ?? 0);
  });

  async function facesBy(models: LookModels, limits: Partial<ReadingLimits> = {}): Promise<FaceSeen[]> {
    const look = await openLook(folder, manifest, models, 1, { ...ReadingLimits.parse({}), ...limits });
    try {
      return (await look.look(visitor, { face: true, person: false, expression: true })).faces;
    } finally {
      await look.close();
    }
  }

  test("ages are the first six of its numbers, sexes the last two, off the same square as the expression", async () => {
    const [face, ...others] = await facesBy(names);
    expect(others).toEqual([]);
    const raw = EXPRESSIONS.map((name) => face?.expression?.[name] ?? Number.NaN);
    const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
    // The expression is drawn in grey at once, this one in colours that are then weighed: they differ by rounding.
    AGES.forEach((band, i) => {
      expect(face?.ages?.[band]).toBeCloseTo((raw[i] ?? 0) / sumOf(raw.slice(0, 6)), 3);
    });
    expect(face?.sexes?.male).toBeCloseTo((raw[6] ?? 0) / sumOf(raw.slice(6)), 3);
    expect(sumOf(Object.values(face?.ages ?? {}))).toBeCloseTo(1, 6);
  });

  test("without expressions nothing but age and sex is read; without its name neither is", async () => {
    const [only] = await facesBy({ face: names.face, demographics: names.demographics });
    expect(Object.keys(only ?? {}).toSorted()).toEqual(["ages", "box", "score", "sexes"]);
    const [neither] = await facesBy({ face: names.face, expression: names.expression });
    expect(Object.keys(neither ?? {}).toSorted()).toEqual(["box", "expression", "score"]);
  });

  test.each([
    ["small", { smallestPx: 500 }],
    ["blurred", { sharpness: 100_000 }],
  ] as const)("a face that is %s has neither", async (unread, limits) => {
    const [face] = await facesBy({ face: names.face, demographics: names.demographics }, limits);
    expect(Object.keys(face ?? {}).toSorted()).toEqual(["box", "score", "unread"]);
    expect(face?.unread).toBe(unread);
  });

  const codeOf = async (act: () => Promise<unknown>): Promise<string> =>
    await act().then(
      () => "no fault",
      (thrown: { code: string }) => thrown.code,
    );

  test("another number of bands than the model gives, numbers that are not finite, a model for something else", async () => {
    const five = { ...own, output: { ...own.output, ages: AGES.slice(1) } };
    expect(await codeOf(() => openModel(folder, five, 1))).toBe("MODEL_SHAPE");
    expect(await codeOf(() => openLook(folder, manifest, { demographics: "expression-48" }, 1))).toBe("MODEL_SHAPE");
    expect(await codeOf(() => openLook(folder, manifest, { expression: "our-own" }, 1))).toBe("MODEL_SHAPE");
    expect(await codeOf(() => openLook(folder, manifest, { demographics: "nobody" }, 1))).toBe("MODEL_MISSING");
    const model = await openModel(folder, own, 1);
    model.input.fill(Number.NaN);
    expect(await codeOf(() => model.run())).toBe("MODEL_OUTPUT");
    await model.close();
  });

  test("the self-test wants each group to sum to 1, and of logits only that they are finite", async () => {
    expect(await codeOf(() => selfTest(folder, own))).toBe("MODEL_OUTPUT");
    const logits = { ...own, output: { ...own.output, activation: "softmax" } } as const;
    expect(await codeOf(() => selfTest(folder, logits))).toBe("no fault");
  });

  test.each([
    ["a band without years", { ages: ["young", "old"] }],
    ["a band twice", { ages: ["0-17", "0-17"] }],
    ["one band", { ages: ["0+"] }],
    ["a sex twice", { sexes: ["male", "male"] }],
    ["a third sex", { sexes: ["male", "female", "male"] }],
    ["neither", { ages: undefined, sexes: undefined }],
  ])("a manifest with %s is refused", (_name, change) => {
    const text = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as { models: ModelEntry[] };
    const models = text.models.map((one) =>
      one.task === "demographics" ? { ...one, output: { ...one.output, ...change } } : one,
    );
    expect(Manifest.safeParse({ version: 1, models }).success).toBe(false);
    expect(Manifest.safeParse(text).success).toBe(true);
  });
});

test("none is shipped", () => {
  const shipped = readManifest(fileURLToPath(new URL("../../models", import.meta.url)));
  expect(shipped.models.filter(({ task }) => task === "demographics")).toEqual([]);
});
