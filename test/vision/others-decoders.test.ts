// Decoders of other people's models, on small tensors whose boxes are worked out by hand.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tensorsOf } from "../../src/vision/decoders/decoder.ts";
import { decodeFastestDet, FastestDetOutput } from "../../src/vision/decoders/fastestdet.ts";
import { decodeFer7 } from "../../src/vision/decoders/fer7.ts";
import type { Candidate } from "../../src/vision/decoders/nms.ts";
import { decodePicoDet, PicoDetOutput } from "../../src/vision/decoders/picodet.ts";
import { decodeUltraFace } from "../../src/vision/decoders/ultraface.ts";
import { decodeYuNet } from "../../src/vision/decoders/yunet.ts";
import { fillInput } from "../../src/vision/input.ts";
import { letterboxOf } from "../../src/vision/letterbox.ts";

const thresholds = { minScore: 0.3, nmsIou: 0.5 };

/** One candidate, and that is it. */
function expectOnly(found: readonly Candidate[], box: readonly [number, number, number, number], score: number): void {
  expect(found).toHaveLength(1);
  const { x1, y1, x2, y2, score: given } = found[0] as Candidate;
  [x1, y1, x2, y2].forEach((value, i) => {
    expect(value).toBeCloseTo(box[i] ?? 0, 3);
  });
  expect(given).toBeCloseTo(score, 5);
}

describe("FastestDet", () => {
  const output = { decoder: "fastestdet", name: "o", classCount: 2, classIndex: 1, ...thresholds } as const;
  const input = { width: 32, height: 32 };
  /** Seven planes of a grid of 2 × 2: objectness, x, y, w, h, class 0, class 1. Cell 3 is right below. */
  const planes = (x: number, y: number, w: number, h: number) => {
    const values = new Float32Array(7 * 4);
    [0.8, x, y, w, h, 0.5, 0.5].forEach((value, part) => {
      values[part * 4 + 3] = value;
    });
    return values;
  };

  test("centre (1 + tanh 0) ÷ 2 of 32 pixels; width sigmoid(0), height sigmoid(ln 3) of it; 0.8 × 0.5", () => {
    expectOnly(decodeFastestDet(planes(0, 0, 0, Math.log(3)), output, input), [8, 4, 24, 28], 0.4);
  });

  test("an offset of tanh⁻¹ 0.5 moves it by half a cell of 16 pixels", () => {
    expectOnly(decodeFastestDet(planes(Math.atanh(0.5), -Math.atanh(0.5), 0, 0), output, input), [16, 0, 32, 16], 0.4);
  });

  test("another class in the cell is not told, and a class beyond the last is no manifest", () => {
    const values = planes(0, 0, 0, 0);
    values[6 * 4 + 3] = 0.1;
    expect(decodeFastestDet(values, output, input)).toEqual([]);
    expect(FastestDetOutput.safeParse(output).success).toBe(true);
    expect(FastestDetOutput.safeParse({ ...output, classIndex: 2 }).success).toBe(false);
  });
});

describe("PicoDet", () => {
  const input = { width: 16, height: 16 };
  const output: PicoDetOutput = {
    decoder: "picodet",
    scores: ["s8", "s16"],
    distances: ["d8", "d16"],
    bins: 4,
    classCount: 2,
    classIndex: 0,
    ...thresholds,
  };
  const none = [new Float32Array(4 * 2), new Float32Array(2), new Float32Array(4 * 16), new Float32Array(16)] as const;

  test("each side is the mean of its distribution in cells: certain 0, certain 1, uniform 1.5, three to one 0.75", () => {
    const scores = new Float32Array(4 * 2);
    scores[2 * 2] = 0.6;
    const distances = new Float32Array(4 * 16);
    // 1000 would overflow an exponential.
    distances.set([1000, 0, 0, 0], 2 * 16);
    distances.set([0, 1000, 0, 0], 2 * 16 + 4);
    distances.set([0, Math.log(3), -1000, -1000], 2 * 16 + 12);
    // Cell 2 is left below: its centre is 0.5 × 8 − 0.5 across and 1.5 × 8 − 0.5 down.
    expectOnly(
      decodePicoDet([scores, none[1], distances, none[3]], output, input),
      [3.5, 11.5 - 8, 3.5 + 12, 11.5 + 6],
      0.6,
    );
  });

  test("the next grid has cells of twice the size", () => {
    const distances = new Float32Array(16);
    for (let side = 0; side < 4; side += 1) distances[side * 4 + 2] = 1000;
    expectOnly(
      decodePicoDet([none[0], Float32Array.of(0.9, 0), none[2], distances], output, input),
      [7.5 - 32, 7.5 - 32, 7.5 + 32, 7.5 + 32],
      0.9,
    );
  });

  test("grids that do not divide the input have a part of a cell more; lists of different length are no manifest", () => {
    const shapes = tensorsOf({ output, input: { width: 20, height: 16 } } as Parameters<typeof tensorsOf>[0]);
    expect(shapes.map(({ shape }) => shape)).toEqual([
      [6, 2],
      [2, 2],
      [6, 16],
      [2, 16],
    ]);
    expect(PicoDetOutput.safeParse(output).success).toBe(true);
    expect(PicoDetOutput.safeParse({ ...output, distances: ["d8"] }).success).toBe(false);
  });
});

describe("YuNet", () => {
  const input = { width: 32, height: 32 };
  const output = { decoder: "yunet", ...thresholds } as const;
  /** Class shares, objectness, boxes and points of 16, 4 and 1 cells. */
  const empty = () => [16, 4, 1].flatMap((n) => [n, n, n * 4, n * 10].map((length) => new Float32Array(length)));

  test("centre (cell + x, y) × stride, size e^(w, h) × stride, score class × objectness", () => {
    const tensors = empty();
    tensors[4]?.set([0.8], 3);
    tensors[5]?.set([0.5], 3);
    tensors[6]?.set([0.5, 0.25, 0, Math.log(2)], 12);
    tensors[7]?.set([0.25, 0, 0.75, 0, 0.5, 0.5, 0.25, 1, 0.75, 1], 30);
    const found = decodeYuNet(tensors, output, input);
    expectOnly(found, [16, 4, 32, 36], 0.4);
    expect(found[0]?.landmarks).toEqual({
      leftEye: [20, 16],
      rightEye: [28, 16],
      nose: [24, 24],
      leftMouth: [20, 32],
      rightMouth: [28, 32],
    });
    expect(decodeYuNet(tensors, { ...output, landmarks: false }, input)[0]).not.toHaveProperty("landmarks");
  });

  test("a class share without objectness is nothing", () => {
    const tensors = empty();
    for (const grid of [0, 4, 8]) tensors[grid]?.fill(0.9);
    expect(decodeYuNet(tensors, output, input)).toEqual([]);
  });

  test("it reads 1600, 400 and 100 cells of 320 × 320, and by the names of the authors' export", () => {
    const specs = tensorsOf({ output, input: { width: 320, height: 320 } } as Parameters<typeof tensorsOf>[0]);
    expect(specs.map(({ name, shape }) => `${name} ${shape.join("×")}`)).toEqual([
      "cls_8 1600×1",
      "obj_8 1600×1",
      "bbox_8 1600×4",
      "kps_8 1600×10",
      "cls_16 400×1",
      "obj_16 400×1",
      "bbox_16 400×4",
      "kps_16 400×10",
      "cls_32 100×1",
      "obj_32 100×1",
      "bbox_32 100×4",
      "kps_32 100×10",
    ]);
  });
});

test("UltraFace: the second share is the face's, corners are shares of the input", () => {
  const output = { decoder: "ultraface", scores: "s", boxes: "b", ...thresholds } as const;
  const scores = Float32Array.of(0.9, 0.1, 0.2, 0.8);
  const boxes = Float32Array.of(0, 0, 1, 1, 0.25, 0.5, 0.5, 0.75);
  expectOnly(decodeUltraFace(scores, boxes, output, { width: 320, height: 240 }), [80, 120, 160, 180], 0.8);
});

test("FER2013's seven classes find their names among our eight; contempt is 0; the sum stays 1", () => {
  const order = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"] as const;
  order.forEach((name, at) => {
    const shares = decodeFer7(Float32Array.from(order, (_, i) => (i === at ? 0.7 : 0.05)));
    expect(shares[name]).toBeCloseTo(0.7, 6);
    expect(shares.contempt).toBe(0);
    expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
  });
});

describe("what a model is fed", () => {
  /** Two pixels: (10, 20, 30) and (40, 50, 60), as planes. */
  const rgb = Float32Array.of(10, 40, 20, 50, 30, 60);
  const fed = (contract: Omit<Parameters<typeof fillInput>[1], "fit">, length = 6) => {
    const input = new Float32Array(length);
    fillInput({ rgb }, contract, input);
    return Array.from(input, (value) => Number(value.toFixed(3)));
  };

  test("colours and layout in each order", () => {
    expect(fed({ channels: "rgb", layout: "nchw" })).toEqual([10, 40, 20, 50, 30, 60]);
    expect(fed({ channels: "bgr", layout: "nchw" })).toEqual([30, 60, 20, 50, 10, 40]);
    expect(fed({ channels: "rgb", layout: "nhwc" })).toEqual([10, 20, 30, 40, 50, 60]);
    expect(fed({ channels: "bgr", layout: "nhwc" })).toEqual([30, 20, 10, 60, 50, 40]);
    expect(fed({ channels: "gray", layout: "nchw" }, 2)).toEqual([18.15, 48.15]);
  });

  test("(value − mean) ÷ deviation, in the model's own order of colours", () => {
    const normalise = { mean: [30, 20, 10], deviation: [1, 2, 4] } satisfies Parameters<
      typeof fillInput
    >[1]["normalise"];
    expect(fed({ channels: "bgr", layout: "nchw", normalise })).toEqual([0, 30, 0, 15, 0, 7.5]);
    expect(fed({ channels: "bgr", layout: "nhwc", normalise })).toEqual([0, 0, 0, 30, 15, 7.5]);
    const one = { mean: [8.15, 0, 0], deviation: [2, 1, 1] } satisfies Parameters<typeof fillInput>[1]["normalise"];
    expect(fed({ channels: "gray", layout: "nchw", normalise: one }, 2)).toEqual([5, 20]);
  });

  test("stretched, a picture fills the input whatever its shape", () => {
    const side = fc.integer({ min: 1, max: 4000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const input = { width: 352, height: 352 };
        expect(letterboxOf({ width, height }, input, "stretch")).toEqual({ left: 0, top: 0, ...input });
      }),
    );
  });
});
