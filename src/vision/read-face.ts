// Reads one face: its expression, its age and sex, as far as models for them are open; or says why it is not read.
import type { ReadingLimits } from "../config/reading.ts";
import type { Unread } from "../words/events.ts";
import type { FaceSeen } from "../words/inputs.ts";
import { decodeExpression } from "./decoders/decoder.ts";
import { type Demographics, decodeDemographics } from "./decoders/demographics.ts";
import type { Detection } from "./decoders/nms.ts";
import { type Crop, cropAround, drawFace, drawFaceInColour } from "./face-crop.ts";
import type { Frame } from "./frame.ts";
import { fillInput, normaliseGray } from "./input.ts";
import { cropOnEyes, type EyePlace, mapLandmarks } from "./landmarks.ts";
import { type ClassifierEntry, type DemographicsEntry, FER2013_EYES } from "./models/manifest.ts";
import type { OpenModel } from "./models/runtime.ts";
import { sharpnessOf, unreadable } from "./reading.ts";

/** What is read off a face; what has no model is not read. */
export interface FaceModels {
  readonly expression: OpenModel<ClassifierEntry> | undefined;
  readonly demographics: OpenModel<DemographicsEntry> | undefined;
}

/** Sharpness is judged at this size, pixels, whatever a model is fed: the limit was fitted on it. */
const JUDGED = { width: 48, height: 48 };

/**
 * @param cropScale of the model that found the face
 * @param limits without them every face is read
 * @throws Fault MODEL_*
 */
export async function readFace(
  { expression, demographics }: FaceModels,
  cropScale: number,
  frame: Frame,
  face: Detection,
  limits: ReadingLimits | undefined,
): Promise<Omit<FaceSeen, "box" | "score">> {
  const points = face.landmarks && mapLandmarks(face.landmarks, ([x, y]) => [x * frame.width, y * frame.height]);
  const cropFor = (eyes: EyePlace): Crop =>
    (points && cropOnEyes(points, eyes)) ?? cropAround(face.box, frame, cropScale);
  if (limits !== undefined) {
    const unread = unreadable(face, points, frame, limits) ?? blurred(frame, cropFor(FER2013_EYES), limits);
    if (unread !== undefined) return { unread };
  }
  return {
    ...(expression && (await readExpression(expression, frame, cropFor(expression.entry.eyes)))),
    ...(demographics && (await readDemographics(demographics, frame, cropFor(demographics.entry.eyes)))),
  };
}

function blurred(frame: Frame, crop: Crop, { sharpness }: ReadingLimits): Unread | undefined {
  const gray = new Float32Array(JUDGED.width * JUDGED.height);
  drawFace(frame, crop, JUDGED, gray);
  return sharpnessOf(gray, JUDGED) < sharpness ? "blurred" : undefined;
}

async function readExpression(
  model: OpenModel<ClassifierEntry>,
  frame: Frame,
  crop: Crop,
): Promise<Pick<FaceSeen, "expression">> {
  const { input } = model.entry;
  drawFace(frame, crop, input, model.input);
  normaliseGray(model.input, input);
  return { expression: decodeExpression(await model.run(), model.entry) };
}

async function readDemographics(model: OpenModel<DemographicsEntry>, frame: Frame, crop: Crop): Promise<Demographics> {
  const { input, output } = model.entry;
  fillInput({ rgb: drawFaceInColour(frame, crop, input) }, input, model.input);
  const [values = new Float32Array()] = await model.run();
  return decodeDemographics(values, output);
}
