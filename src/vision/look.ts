// One look at one frame: letterbox, faces and what is read off them, persons. The same live, over files and pictures.
import type { ReadingLimits } from "../config/reading.ts";
import { Fault } from "../words/errors.ts";
import type { FaceSeen, PersonSeen } from "../words/inputs.ts";
import { decodeBoxes } from "./decoders/decoder.ts";
import { type Detection, toDetections } from "./decoders/nms.ts";
import type { Frame, Size } from "./frame.ts";
import { fillInput, isDrawnInto } from "./input.ts";
import { createLetterboxer, type Letterboxer, type Planes } from "./letterbox.ts";
import {
  type ClassifierEntry,
  type DemographicsEntry,
  type DetectorEntry,
  entryOf,
  type InputContract,
  type Manifest,
  type ModelEntry,
} from "./models/manifest.ts";
import { type OpenModel, openModel } from "./models/runtime.ts";
import { type FaceModels, readFace } from "./read-face.ts";

/** What to look for in a frame. */
export interface LookFor {
  readonly face: boolean;
  readonly person: boolean;
  /** Whether expressions are read off the faces found; age and sex are wherever a model for them is open. */
  readonly expression: boolean;
}

export interface Looked {
  readonly faces: FaceSeen[];
  readonly persons: PersonSeen[];
}

/** Open models behind one verb. Not re-entrant: await one look before the next. */
export interface Look {
  look(frame: Frame, wanted: LookFor): Promise<Looked>;
  close(): Promise<void>;
}

/** Names of models in the manifest; one left out is not opened. */
export interface LookModels {
  readonly face?: string;
  readonly person?: string;
  readonly expression?: string;
  readonly demographics?: string;
}

/**
 * Opens the models named.
 * @param threads processor threads for one inference
 * @param limits which faces are read; without them all
 * @throws Fault VISION_UNSUPPORTED or MODEL_*
 */
export async function openLook(
  modelsDir: string,
  manifest: Manifest,
  names: LookModels,
  threads: number,
  limits?: ReadingLimits,
): Promise<Look> {
  const face = names.face === undefined ? undefined : detectorOf(manifest, names.face, "face");
  const person = names.person === undefined ? undefined : detectorOf(manifest, names.person, "person");
  const expression = names.expression === undefined ? undefined : classifierOf(manifest, names.expression);
  const demographics = names.demographics === undefined ? undefined : demographerOf(manifest, names.demographics);
  const opened: OpenModel[] = [];
  const open = async <E extends ModelEntry>(entry: E | undefined): Promise<OpenModel<E> | undefined> => {
    if (entry === undefined) return undefined;
    const model = await openModel(modelsDir, entry, threads);
    opened.push(model);
    return model;
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((model) => model.close()));
  };
  try {
    return lookThrough(
      {
        face: await open(face),
        person: await open(person),
        expression: await open(expression),
        demographics: await open(demographics),
      },
      close,
      limits,
    );
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

interface Models {
  readonly face: OpenModel<DetectorEntry> | undefined;
  readonly person: OpenModel<DetectorEntry> | undefined;
  readonly expression: OpenModel<ClassifierEntry> | undefined;
  readonly demographics?: OpenModel<DemographicsEntry> | undefined;
}

/** Looks through models that are open already. */
export function lookThrough(models: Models, close: () => Promise<void>, limits?: ReadingLimits): Look {
  const letterboxers = new Map<string, Letterboxer>();
  const detectors = [models.face, models.person].filter((model) => model !== undefined);
  return {
    async look(frame, wanted) {
      const drawn = new Set<Letterboxer>();
      const detect = async (model: OpenModel<DetectorEntry> | undefined): Promise<Detection[]> => {
        if (model === undefined) return [];
        const letterboxer = letterboxerFor(letterboxers, frame, model.entry.input, detectors);
        // Models with the same input size share one drawing of the frame.
        if (!drawn.has(letterboxer)) letterboxer.draw(frame);
        drawn.add(letterboxer);
        fillInput(letterboxer, model.entry.input, model.input);
        const candidates = decodeBoxes(await model.run(), model.entry);
        return toDetections(candidates, letterboxer.letterbox, model.entry.output.nmsIou);
      };
      // Persons first: where both share one drawing theirs is the larger input, which then is still in the processor's cache.
      const persons = wanted.person ? await detect(models.person) : [];
      const found = wanted.face ? await detect(models.face) : [];
      const readers = readersFor(models, wanted);
      const faces: FaceSeen[] = [];
      // What leaves is a box and what was read off it, never the points of a face.
      for (const face of found) {
        const read =
          readers === undefined || models.face === undefined
            ? {}
            : await readFace(readers, models.face.entry.cropScale, frame, face, limits);
        faces.push({ box: face.box, score: face.score, ...read });
      }
      return { faces, persons };
    },
    close,
  };
}

/** Undefined where nothing is to be read. */
function readersFor({ expression, demographics }: Models, wanted: LookFor): FaceModels | undefined {
  const readers = { expression: wanted.expression ? expression : undefined, demographics };
  return readers.expression === undefined && demographics === undefined ? undefined : readers;
}

/** Frames of one camera keep their size, so at most a handful of letterboxers live; a stream of odd sizes is bounded. */
const MAX_LETTERBOXERS = 8;

/** @param detectors all that are open: those that agree on size and fit share one drawing */
function letterboxerFor(
  cache: Map<string, Letterboxer>,
  frame: Size,
  input: InputContract,
  detectors: readonly OpenModel<DetectorEntry>[],
): Letterboxer {
  const key = `${frame.width}x${frame.height}>${drawingOf(input)}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= MAX_LETTERBOXERS) cache.clear();
  const sharing = detectors.filter(({ entry }) => drawingOf(entry.input) === drawingOf(input));
  const made = createLetterboxer(
    { width: frame.width, height: frame.height },
    input,
    input.fit,
    planesFor(input, sharing),
  );
  cache.set(key, made);
  return made;
}

/** The models' own inputs where they take a drawing as it is, so that nothing is copied. */
function planesFor({ width, height }: Size, sharing: readonly OpenModel<DetectorEntry>[]): Planes {
  const plane = width * height;
  const drawnInto = (gray: boolean): Float32Array | undefined =>
    sharing.find(({ entry }) => isDrawnInto(entry.input) && (entry.input.channels === "gray") === gray)?.input;
  const wantsGray = sharing.some(({ entry }) => entry.input.channels === "gray");
  return {
    rgb: drawnInto(false) ?? new Float32Array(3 * plane),
    gray: wantsGray ? (drawnInto(true) ?? new Float32Array(plane)) : undefined,
  };
}

/** Says which inputs can be filled from one drawing of a frame. */
function drawingOf({ width, height, fit }: InputContract): string {
  return `${width}x${height} ${fit}`;
}

function detectorOf(manifest: Manifest, name: string, task: "face" | "person"): DetectorEntry {
  const entry = entryOf(manifest, name);
  if (entry.task === task) return entry;
  throw new Fault("MODEL_SHAPE", `"${name}" is a model for ${entry.task}, not ${task}`, { model: name });
}

function classifierOf(manifest: Manifest, name: string): ClassifierEntry {
  const entry = entryOf(manifest, name);
  if (entry.task !== "expression")
    throw new Fault("MODEL_SHAPE", `"${name}" is a model for ${entry.task}, not expression`, { model: name });
  if (entry.input.channels !== "gray")
    throw new Fault("MODEL_SHAPE", `"${name}" wants colour; expressions are read in grey`, { model: name });
  return entry;
}

function demographerOf(manifest: Manifest, name: string): DemographicsEntry {
  const entry = entryOf(manifest, name);
  if (entry.task === "demographics") return entry;
  throw new Fault("MODEL_SHAPE", `"${name}" is a model for ${entry.task}, not demographics`, { model: name });
}
