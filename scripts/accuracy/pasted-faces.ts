// Faces pasted into a picture, turned, small or blurred: what is read by their landmarks beside what is read by their boxes.
import { decodeBoxes } from "../../src/vision/decoders/decoder.ts";
import { toDetections } from "../../src/vision/decoders/nms.ts";
import type { ExpressionShares } from "../../src/vision/decoders/softmax8.ts";
import { drawFace } from "../../src/vision/face-crop.ts";
import type { Frame } from "../../src/vision/frame.ts";
import { fillInput } from "../../src/vision/input.ts";
import { type Landmarks, mapLandmarks, poseOf } from "../../src/vision/landmarks.ts";
import { createLetterboxer } from "../../src/vision/letterbox.ts";
import { lookThrough } from "../../src/vision/look.ts";
import type { ClassifierEntry, DetectorEntry } from "../../src/vision/models/manifest.ts";
import type { OpenModel } from "../../src/vision/models/runtime.ts";
import { sharpnessOf } from "../../src/vision/reading.ts";
import { valenceOf } from "../../src/words/valence.ts";
import { accuracyOf, type Judged } from "./calibrate.ts";
import { TILE, type VotedFace } from "./ferplus.ts";

/** Side of the picture that faces are pasted into, and of an ordinary face in it, pixels. */
const CANVAS = 192;
const FACE = 96;

interface Paste {
  readonly name: string;
  /** Side of the face's picture, pixels. */
  readonly size: number;
  readonly rollDegrees: number;
  /** Side that it is made smaller to first, pixels: what is lost stays lost. */
  readonly through?: number;
}

const PASTES: readonly Paste[] = [
  ...[0, -15, 15, -30, 30, 45].map((rollDegrees) => ({ name: `turned by ${rollDegrees}°`, size: FACE, rollDegrees })),
  ...[64, 48, 40, 32, 24].map((size) => ({ name: `${size} px`, size, rollDegrees: 0 })),
  ...[32, 24, 16, 12, 8].map((through) => ({
    name: `blurred as of ${through} px`,
    size: FACE,
    rollDegrees: 0,
    through,
  })),
];

/** Reads the same faces by their landmarks and by their boxes. */
export async function readPasted(
  model: OpenModel<ClassifierEntry>,
  face: OpenModel<DetectorEntry>,
  faces: readonly VotedFace[],
): Promise<void> {
  await sayEyes(face, faces);
  const close = async (): Promise<void> => undefined;
  const aligned = lookThrough({ face, person: undefined, expression: model }, close);
  const boxes = lookThrough({ face: withoutLandmarks(face), person: undefined, expression: model }, close);
  console.log(`\n${faces.length} faces pasted into ${CANVAS} × ${CANVAS} px and found by ${face.entry.name}`);
  console.log(`${"".padEnd(22)} found  box px  sharpness   accuracy box/aligned   valence correlation box/aligned`);
  for (const paste of PASTES) {
    const by = { box: [] as Judged[], aligned: [] as Judged[] };
    const valences: { box: number; aligned: number; voted: number }[] = [];
    const sharpness: number[] = [];
    const sizes: number[] = [];
    for (const one of faces) {
      const frame = pasteOf(one.tile, paste);
      const wanted = { face: true, person: false, expression: true };
      const [a] = (await aligned.look(frame, wanted)).faces;
      if (a?.expression === undefined) continue;
      sharpness.push(sharpnessOf(model.input, model.entry.input));
      const [b] = (await boxes.look(frame, wanted)).faces;
      if (b?.expression === undefined) continue;
      sizes.push(Math.sqrt(b.box[2] * b.box[3]) * CANVAS);
      by.aligned.push({ shares: a.expression as ExpressionShares, majority: one.majority });
      by.box.push({ shares: b.expression as ExpressionShares, majority: one.majority });
      valences.push({ box: valenceOf(b.expression), aligned: valenceOf(a.expression), voted: valenceOf(one.votes) });
    }
    const voted = valences.map((one) => one.voted);
    const correlations = (["box", "aligned"] as const).map((way) =>
      correlation(
        valences.map((one) => one[way]),
        voted,
      ),
    );
    console.log(
      paste.name.padEnd(22),
      String(valences.length).padStart(5),
      median(sizes).toFixed(0).padStart(7),
      median(sharpness).toFixed(0).padStart(10),
      `${accuracyOf(by.box).toFixed(3)} / ${accuracyOf(by.aligned).toFixed(3)}`.padStart(22),
      correlations
        .map((one) => one.toFixed(3))
        .join(" / ")
        .padStart(28),
    );
  }
}

/** Where the eyes lie in the faces' own pictures, and how the nose lies in those. */
async function sayEyes(face: OpenModel<DetectorEntry>, faces: readonly VotedFace[]): Promise<void> {
  const size = { width: CANVAS, height: CANVAS };
  const letterboxer = createLetterboxer(size, face.entry.input, face.entry.input.fit);
  const distances: number[] = [];
  const downs: number[] = [];
  const poses: { yaw: number; nose: number }[] = [];
  for (const { tile } of faces) {
    letterboxer.draw(pasteOf(tile, { name: "", size: FACE, rollDegrees: 0 }));
    fillInput(letterboxer, face.entry.input, face.input);
    const found = toDetections(decodeBoxes(await face.run(), face.entry), letterboxer.letterbox, 0.4);
    if (found[0]?.landmarks === undefined) continue;
    const points = mapLandmarks(found[0].landmarks, ([x, y]) => [x * CANVAS, y * CANVAS]);
    const { leftEye, rightEye }: Landmarks = points;
    distances.push(Math.hypot(rightEye[0] - leftEye[0], rightEye[1] - leftEye[1]) / FACE);
    downs.push(((leftEye[1] + rightEye[1]) / 2 - (CANVAS - FACE) / 2) / FACE);
    const pose = poseOf(points);
    if (pose !== undefined) poses.push({ yaw: Math.abs(pose.yaw), nose: pose.nose });
  }
  const at = (all: readonly number[], share: number): string =>
    (all.toSorted((a, b) => a - b)[Math.floor((all.length - 1) * share)] ?? Number.NaN).toFixed(3);
  console.log(
    `\neyes in ${distances.length} pictures: distance ${at(distances, 0.5)}, down ${at(downs, 0.5)} of their side`,
  );
  for (const share of [0.05, 0.25, 0.5, 0.75, 0.9, 0.95])
    console.log(
      `  ${share * 100} % have |yaw| up to ${at(
        poses.map(({ yaw }) => yaw),
        share,
      )}, nose down up to ${at(
        poses.map(({ nose }) => nose),
        share,
      )}`,
    );
}

function withoutLandmarks(face: OpenModel<DetectorEntry>): OpenModel<DetectorEntry> {
  const { entry } = face;
  return { ...face, entry: { ...entry, output: { ...entry.output, landmarks: false } as DetectorEntry["output"] } };
}

/** The face in the middle of an empty picture, which goes on with the colours of its edge. */
function pasteOf(tile: Frame, { size, rollDegrees, through }: Paste): Frame {
  const small = through === undefined ? tile : drawn(tile, { width: through, height: through }, TILE, 0);
  const side = (CANVAS / size) * small.width;
  return drawn(small, { width: CANVAS, height: CANVAS }, side, (-rollDegrees * Math.PI) / 180);
}

function drawn(from: Frame, size: { width: number; height: number }, side: number, roll: number): Frame {
  const gray = new Float32Array(size.width * size.height);
  drawFace(from, { centre: [from.width / 2, from.height / 2], side, roll }, size, gray);
  const rgb = new Uint8Array(gray.length * 3);
  gray.forEach((value, i) => {
    rgb.fill(Math.round(value), i * 3, i * 3 + 3);
  });
  return { ...size, rgb };
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
  const [am, bm] = [mean(a), mean(b)];
  const products = (x: readonly number[], xm: number, y: readonly number[], ym: number): number =>
    x.reduce((sum, one, i) => sum + (one - xm) * ((y[i] ?? 0) - ym), 0);
  return products(a, am, b, bm) / Math.sqrt(products(a, am, a, am) * products(b, bm, b, bm));
}
