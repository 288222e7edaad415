// Decoders: raw model output in, meaning out.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBoxes5 } from "../../src/vision/decoders/boxes5.ts";
import { overlap, toDetections } from "../../src/vision/decoders/nms.ts";
import { decodeSoftmax8 } from "../../src/vision/decoders/softmax8.ts";
import { EXPRESSIONS } from "../../src/words/events.ts";
import { valenceOf } from "../../src/words/valence.ts";

const letterbox = { left: 0, top: 6, width: 320, height: 180 };
const boxes5 = { decoder: "boxes5", name: "boxes", minScore: 0.5, nmsIou: 0.4 } as const;

function detect(raw: Float32Array) {
  return toDetections(decodeBoxes5(raw, boxes5), letterbox, boxes5.nmsIou);
}

describe("boxes5 and non-maximum suppression", () => {
  test("takes the letterbox off", () => {
    const [only, ...others] = detect(Float32Array.of(80, 51, 160, 141, 0.9));
    expect(others).toEqual([]);
    expect(only?.box).toEqual([0.25, 0.25, 0.25, 0.5]);
    expect(only?.score).toBeCloseTo(0.9, 6);
  });

  test("drops weak, empty and inverted boxes, and what lies in the border only", () => {
    const raw = [80, 51, 160, 141, 0.4, 80, 51, 80, 141, 0.9, 160, 51, 80, 141, 0.9, 10, 0, 40, 5, 0.9];
    expect(detect(Float32Array.from(raw))).toEqual([]);
  });

  test("of two boxes on one face the better stays; a neighbour stays too; best first", () => {
    const raw = [10, 20, 50, 60, 0.6, 12, 22, 52, 62, 0.8, 100, 20, 140, 60, 0.9];
    const found = detect(Float32Array.from(raw));
    expect(found.map(({ score }) => Number(score.toFixed(2)))).toEqual([0.9, 0.8]);
  });

  test("whatever comes in: inside the frame, ordered, above the threshold, not overlapping, idempotent", () => {
    const corner = fc.float({ min: -100, max: 500, noNaN: true });
    const row = fc.tuple(corner, corner, corner, corner, fc.float({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const raw = Float32Array.from(rows.flat());
        const found = detect(raw);
        expect(detect(raw)).toEqual(found);
        found.forEach(({ box: [x, y, w, h], score }, i) => {
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
          expect(Math.max(x + w, y + h)).toBeLessThanOrEqual(1 + 1e-9);
          expect(w > 0 && h > 0).toBe(true);
          expect(score).toBeGreaterThanOrEqual(0.5);
          expect(score).toBeLessThanOrEqual(found[i - 1]?.score ?? 1);
        });
      }),
    );
  });

  test("overlap is symmetric, 1 with itself and 0 apart", () => {
    const a = { x1: 0, y1: 0, x2: 10, y2: 10 };
    const b = { x1: 5, y1: 0, x2: 15, y2: 10 };
    expect(overlap(a, a)).toBe(1);
    expect(overlap(a, b)).toBeCloseTo(1 / 3, 9);
    expect(overlap(b, a)).toBeCloseTo(1 / 3, 9);
    expect(overlap(a, { x1: 10, y1: 0, x2: 20, y2: 10 })).toBe(0);
  });
});

describe("softmax8", () => {
  test("names the eight in order", () => {
    const shares = decodeSoftmax8(Float32Array.of(0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.0078125));
    expect(Object.keys(shares)).toEqual([...EXPRESSIONS]);
    expect(shares.neutral).toBe(0.5);
    expect(shares.contempt).toBe(0.0078125);
  });

  test("valence is the weighted mean: a sure smile 0.8, sure sadness −0.7, neutral 0", () => {
    const sure = (at: number) =>
      valenceOf(decodeSoftmax8(Float32Array.from(EXPRESSIONS, (_, i) => (i === at ? 1 : 0))));
    expect([sure(0), sure(1), sure(2), sure(3)]).toEqual([0, 0.8, 0.1, -0.7]);
  });

  test("always sums to 1", () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }), (values) => {
        const shares = decodeSoftmax8(Float32Array.from(values));
        expect(Object.values(shares).reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 6);
        expect(Math.abs(valenceOf(shares))).toBeLessThanOrEqual(0.8);
      }),
    );
  });
});
