// Average precision, recall and precision of a detector, with intervals by drawing the pictures again. Pure.
import { seededRandom } from "../../src/simulate/random.ts";
import { overlap } from "../../src/vision/decoders/nms.ts";
import type { Box } from "../../src/words/inputs.ts";

export interface Scored {
  readonly box: Box;
  readonly score: number;
}

/** What a detector said of one picture, judged: each box right or wrong, and how many there were to find. */
export interface JudgedPicture {
  readonly told: readonly { readonly score: number; readonly right: boolean }[];
  readonly drawn: number;
}

/** The same with the boxes themselves. */
export interface JudgedBoxes extends JudgedPicture {
  readonly told: readonly (Scored & { readonly right: boolean })[];
  /** Drawn ones that nothing told found. */
  readonly missed: readonly Box[];
}

/** A figure and the interval in which 95 % of the figures of redrawn pictures lie; undefined where nothing can be said. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Overlap from which on a box is the drawn one. */
export const LEAST_IOU = 0.5;

/** Best box first, each takes the drawn box that it overlaps most of those still free: PASCAL VOC's rule. */
export function judgePicture(told: readonly Scored[], drawn: readonly Box[]): JudgedBoxes {
  const free = new Set(drawn);
  const judged = told
    .toSorted((a, b) => b.score - a.score)
    .map(({ box, score }) => {
      let [best, most]: [Box | undefined, number] = [undefined, LEAST_IOU];
      for (const one of free) {
        const shared = overlap(corners(box), corners(one));
        if (shared >= most) [best, most] = [one, shared];
      }
      if (best !== undefined) free.delete(best);
      return { box, score, right: best !== undefined };
    });
  return { told: judged, drawn: drawn.length, missed: [...free] };
}

/**
 * Area below precision over recall, precision being the best at that recall or beyond it.
 * M. Everingham et al., The PASCAL Visual Object Classes Challenge, IJCV 2010, as VOC has computed it since 2010.
 * @returns NaN where nothing is drawn
 */
export function averagePrecision(pictures: readonly JudgedPicture[]): number {
  const drawn = sum(pictures, (picture) => picture.drawn);
  // A score in millionths with right or wrong in the last bit: numbers are sorted ten times as fast as objects, and a
  // redrawing sorts thousands. At the same score wrong comes first, so that a tie never flatters.
  const packed = Int32Array.from(
    pictures.flatMap(({ told }) => told.map(({ score, right }) => Math.round(score * 1e6) * 2 + (right ? 0 : 1))),
  ).sort();
  let found = 0;
  const precisions = new Float64Array(packed.length);
  const rightAt = (rank: number): boolean => (packed[packed.length - 1 - rank] ?? 1) % 2 === 0;
  for (let rank = 0; rank < packed.length; rank += 1) {
    if (rightAt(rank)) found += 1;
    precisions[rank] = found / (rank + 1);
  }
  let [best, area] = [0, 0];
  for (let rank = packed.length - 1; rank >= 0; rank -= 1) {
    best = Math.max(best, precisions[rank] ?? 0);
    if (rightAt(rank)) area += best;
  }
  return area / drawn;
}

/** Share of the drawn that are found at a score or above; NaN where nothing is drawn. */
export function recallAt(pictures: readonly JudgedPicture[], minScore: number): number {
  return (
    sum(pictures, ({ told }) => told.filter(({ score, right }) => right && score >= minScore).length) /
    sum(pictures, ({ drawn }) => drawn)
  );
}

/** Share of the told that are right at a score or above; NaN where nothing is told. */
export function precisionAt(pictures: readonly JudgedPicture[], minScore: number): number {
  const told = pictures.flatMap((picture) => picture.told.filter(({ score }) => score >= minScore));
  return told.filter(({ right }) => right).length / told.length;
}

/** Boxes around nobody, a picture, at a score or above. */
export function falseAlarmsAt(pictures: readonly JudgedPicture[], minScore: number): number {
  return (
    sum(pictures, ({ told }) => told.filter(({ score, right }) => !right && score >= minScore).length) / pictures.length
  );
}

/** Redrawings of the pictures: enough for two digits of an interval's ends. */
const REDRAWN = 400;

/**
 * The figure, and the 2.5 % and 97.5 % points of it over redrawings of the cases with replacement (B. Efron, 1979). Cases
 * are whole pictures, because boxes of one picture are not independent. The seed is fixed: the same cases give the same.
 */
export function withInterval<Case>(
  cases: readonly Case[],
  figure: (cases: readonly Case[]) => number,
): Figure | undefined {
  const value = figure(cases);
  if (!Number.isFinite(value)) return undefined;
  const random = seededRandom(1);
  const values = Array.from({ length: REDRAWN }, () =>
    figure(cases.map((_, i) => cases[Math.floor(random() * cases.length)] ?? (cases[i] as Case))),
  )
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const at = (share: number): number => values[Math.round((values.length - 1) * share)] ?? value;
  return { value, low: at(0.025), high: at(0.975) };
}

function corners([x, y, w, h]: Box): { x1: number; y1: number; x2: number; y2: number } {
  return { x1: x, y1: y, x2: x + w, y2: y + h };
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
