// The manifest of the models folder: what each file is, what it expects, what it gives, and proof that it is that file.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../words/errors.ts";
import { EXPRESSIONS } from "../../words/events.ts";
import { Boxes5Output } from "../decoders/boxes5.ts";
import { DemographicsOutput } from "../decoders/demographics.ts";
import { FastestDetOutput } from "../decoders/fastestdet.ts";
import { Fer7Output } from "../decoders/fer7.ts";
import { PicoDetOutput } from "../decoders/picodet.ts";
import { Softmax8Output } from "../decoders/softmax8.ts";
import { UltraFaceOutput } from "../decoders/ultraface.ts";
import { YuNetOutput } from "../decoders/yunet.ts";

const relativePath = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/i, "a path below the models folder, without ..");
const perChannel = z.tuple([z.number(), z.number(), z.number()]);

/** What a model wants to be fed, as data: nobody but the manifest knows a model's input. */
export const InputContract = z.strictObject({
  name: z.string(),
  layout: z.enum(["nchw", "nhwc"]).describe("planes one after the other, or channels side by side"),
  width: z.int().min(8).max(2048).describe("pixels"),
  height: z.int().min(8).max(2048).describe("pixels"),
  channels: z.enum(["gray", "rgb", "bgr"]).describe("order of colours; gray is 0.299 R + 0.587 G + 0.114 B"),
  dtype: z.literal("float32"),
  range: z.tuple([z.literal(0), z.literal(255)]).describe("values as they come from the frame, before normalise"),
  normalise: z
    .strictObject({ mean: perChannel, deviation: perChannel.refine((each) => each.every((d) => d > 0), "above 0") })
    .optional()
    .describe("(value − mean) ÷ deviation, in the order of channels; absent: the model does it inside"),
  fit: z
    .enum(["letterbox", "stretch"])
    .default("letterbox")
    .describe("how a picture of another shape comes in: whole with a border, or stretched as the model was trained"),
});
export type InputContract = z.infer<typeof InputContract>;

/**
 * How far around its boxes our face model's faces fill FER2013's tiles, with which expression models are trained. Measured
 * on 1,352 FER+ validation faces: accuracy 0.800 at 1.0, 0.804 at 1.1, 0.820 at 1.2, 0.809 at 1.3, 0.771 at 1.5; 0.809 on
 * the tiles themselves. Others draw their boxes wider or closer: docs/models.md has what was measured.
 */
const OUR_CROP_SCALE = 1.2;

/** Where the eyes lie in FER2013's tiles, as YuNet finds them: the median of FER+ validation. */
export const FER2013_EYES = { distance: 0.364, down: 0.387 };

const common = {
  name: z.string().regex(/^[a-z0-9-]{1,48}$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(1).max(256_000_000),
  licence: z.string().min(1).describe("of the weights, SPDX"),
  input: InputContract,
};

const eyes = z
  .strictObject({ distance: z.number().min(0.1).max(0.9), down: z.number().min(0.1).max(0.9) })
  .default(FER2013_EYES)
  .describe(
    "where the eyes lay in the faces it was trained with, shares of their side: from eye to eye, and from the top down; faces with landmarks are laid so",
  );

/** Where an installed model lies. */
const place = {
  file: relativePath,
  card: relativePath.describe("model card: data, its licence, figures, limits"),
};

/** A face or person detector, wherever its file is. */
export const Detector = z.strictObject({
  ...common,
  task: z.enum(["face", "person"]),
  classes: z.array(z.string()).length(1),
  cropScale: z
    .number()
    .min(0.5)
    .max(3)
    .default(OUR_CROP_SCALE)
    .describe(
      "for faces: side of the square that expressions are read from, over √(width × height) of this model's boxes",
    ),
  output: z.discriminatedUnion("decoder", [
    Boxes5Output,
    FastestDetOutput,
    PicoDetOutput,
    YuNetOutput,
    UltraFaceOutput,
  ]),
});

/** An expression classifier, wherever its file is. */
export const Classifier = z.strictObject({
  ...common,
  task: z.literal("expression"),
  classes: z.tuple(EXPRESSIONS.map((name) => z.literal(name)) as [z.ZodLiteral<"neutral">, ...z.ZodLiteral[]]),
  eyes,
  output: z.discriminatedUnion("decoder", [Softmax8Output, Fer7Output]),
});

/** A classifier of age and sex: only ever an operator's own, none is shipped or offered. */
const Demographer = z.strictObject({
  ...common,
  task: z.literal("demographics"),
  eyes,
  output: DemographicsOutput,
});

/** A model wherever its file is. */
export type ModelFacts = z.infer<typeof Detector> | z.infer<typeof Classifier> | z.infer<typeof Demographer>;

const detectorEntry = Detector.extend(place);
const classifierEntry = Classifier.extend(place);
const demographicsEntry = Demographer.extend(place);
export const ModelEntry = z.discriminatedUnion("task", [detectorEntry, classifierEntry, demographicsEntry]);
export type ModelEntry = z.infer<typeof ModelEntry>;
export type DetectorEntry = z.infer<typeof detectorEntry>;
export type ClassifierEntry = z.infer<typeof classifierEntry>;
export type DemographicsEntry = z.infer<typeof demographicsEntry>;

export const Manifest = z
  .strictObject({ version: z.literal(1), models: z.array(ModelEntry).min(1) })
  .refine(
    (manifest) => new Set(manifest.models.map((model) => model.name)).size === manifest.models.length,
    "two models have the same name",
  );
export type Manifest = z.infer<typeof Manifest>;

/** Name of the manifest in a models folder. */
export const MANIFEST = "manifest.json";

/**
 * Reads `manifest.json` of a models folder.
 * @throws Fault MODEL_MISSING when there is none, MODEL_INVALID when it is not a manifest
 */
export function readManifest(modelsDir: string): Manifest {
  return readJson(join(modelsDir, MANIFEST), Manifest);
}

/**
 * Reads a JSON file of a models folder.
 * @throws Fault MODEL_MISSING when there is none, MODEL_INVALID when it is not what the schema asks for
 */
export function readJson<T>(file: string, schema: z.ZodType<T>): T {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    throw new Fault("MODEL_MISSING", `cannot read ${file}`, { file }, thrown);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw new Fault("MODEL_INVALID", `${file} is not JSON`, { file }, thrown);
  }
  const checked = schema.safeParse(parsed);
  if (checked.success) return checked.data;
  const first = checked.error.issues[0];
  const where = first === undefined ? "" : `${first.path.join(".")}: ${first.message}`;
  throw new Fault("MODEL_INVALID", `${file}: ${where}`, { file });
}

/**
 * The manifest's entry of that name.
 * @throws Fault MODEL_MISSING when there is none
 */
export function entryOf(manifest: Manifest, name: string): ModelEntry {
  const entry = manifest.models.find((model) => model.name === name);
  if (entry === undefined) throw new Fault("MODEL_MISSING", `the manifest has no model "${name}"`, { model: name });
  return entry;
}

/**
 * The bytes of a model, proved to be the file that the manifest means.
 * @throws Fault MODEL_MISSING, or MODEL_HASH for a file that is cut short or is another
 */
export function readModelFile(modelsDir: string, entry: ModelEntry): Uint8Array {
  const file = join(modelsDir, entry.file);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    throw new Fault("MODEL_MISSING", `cannot read ${file}`, { model: entry.name, file }, thrown);
  }
  proveModel(bytes, entry, file);
  return bytes;
}

/**
 * @param origin where the bytes came from, for the sentence
 * @throws Fault MODEL_HASH when they are not the file that the manifest or the catalogue means
 */
export function proveModel(
  bytes: Uint8Array,
  { name, bytes: length, sha256 }: Pick<ModelEntry, "name" | "bytes" | "sha256">,
  origin: string,
): void {
  const details = { model: name, file: origin };
  if (bytes.length !== length)
    throw new Fault("MODEL_HASH", `${origin} has ${bytes.length} bytes, not ${length}`, details);
  const given = createHash("sha256").update(bytes).digest("hex");
  if (given !== sha256) throw new Fault("MODEL_HASH", `${origin} has sha256 ${given}, not ${sha256}`, details);
}
