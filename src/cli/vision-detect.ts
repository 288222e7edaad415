// `touchpoint vision detect IMAGE…`: what the models see in still pictures.
import type { ExpressionShares } from "../vision/decoders/softmax8.ts";
import type { Frame, Size } from "../vision/frame.ts";
import type { Look, Looked } from "../vision/look.ts";
import { readPicture } from "../vision/picture.ts";
import type { Box } from "../words/inputs.ts";
import { valenceOf } from "../words/valence.ts";

/** One picture's line, as the contract gives it; boxes are x, y, width, height in pixels of the picture. */
export interface DetectedPicture {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly faces: { box: Box; score: number; expression: ExpressionShares; valence: number }[];
  readonly persons: { box: Box; score: number }[];
}

/**
 * Looks at one picture file.
 * @throws Fault IMAGE_UNREADABLE or MODEL_*
 */
export async function detectPicture(file: string, look: Look): Promise<DetectedPicture> {
  const frame = await readPicture(file);
  const looked = await look.look(frame, { face: true, person: true, expression: true });
  return { file, ...inPixels(frame, looked) };
}

function inPixels(frame: Frame, looked: Looked): Omit<DetectedPicture, "file"> {
  return {
    width: frame.width,
    height: frame.height,
    faces: looked.faces.flatMap(({ box, score, expression }) =>
      expression === undefined
        ? []
        : [
            {
              box: pixels(box, frame),
              score: rounded(score, 4),
              expression: roundedShares(expression as ExpressionShares),
              valence: rounded(valenceOf(expression as ExpressionShares), 4),
            },
          ],
    ),
    persons: looked.persons.map(({ box, score }) => ({ box: pixels(box, frame), score: rounded(score, 4) })),
  };
}

function pixels(box: Box, size: Size): Box {
  return [
    rounded(box[0] * size.width, 1),
    rounded(box[1] * size.height, 1),
    rounded(box[2] * size.width, 1),
    rounded(box[3] * size.height, 1),
  ];
}

function roundedShares(shares: ExpressionShares): ExpressionShares {
  return Object.fromEntries(Object.entries(shares).map(([name, p]) => [name, rounded(p, 4)])) as ExpressionShares;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
