// The letterbox: geometry, and pixels compared with sums done the plain way.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Frame } from "../../src/vision/frame.ts";
import { createLetterboxer, FILL, letterboxOf, tapsOf, toGray } from "../../src/vision/letterbox.ts";

const size = (max: number) => fc.record({ width: fc.integer({ min: 1, max }), height: fc.integer({ min: 1, max }) });

function noise(width: number, height: number): Frame {
  return { width, height, rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919 + (i >> 3)) & 255) };
}

describe("geometry", () => {
  test("golden cases", () => {
    const input = { width: 320, height: 192 };
    expect(letterboxOf({ width: 640, height: 360 }, input)).toEqual({ left: 0, top: 6, width: 320, height: 180 });
    expect(letterboxOf({ width: 640, height: 384 }, input)).toEqual({ left: 0, top: 0, width: 320, height: 192 });
    expect(letterboxOf({ width: 300, height: 600 }, input)).toEqual({ left: 112, top: 0, width: 96, height: 192 });
  });

  test("lies on the input, touches two sides, keeps the aspect to within a pixel", () => {
    fc.assert(
      fc.property(size(3000), size(700), (source, input) => {
        const box = letterboxOf(source, input);
        expect(box.left).toBeGreaterThanOrEqual(0);
        expect(box.left + box.width).toBeLessThanOrEqual(input.width);
        expect(box.top + box.height).toBeLessThanOrEqual(input.height);
        expect(box.width === input.width || box.height === input.height).toBe(true);
        const scale = Math.min(input.width / source.width, input.height / source.height);
        expect(Math.abs(box.width - Math.max(1, source.width * scale))).toBeLessThanOrEqual(0.5 + 1e-6);
        expect(Math.abs(box.height - Math.max(1, source.height * scale))).toBeLessThanOrEqual(0.5 + 1e-6);
      }),
    );
  });
});

describe("weights", () => {
  test("sum to 1 and stay inside the source, wherever the part taken lies", () => {
    const cases = fc.tuple(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: -200, max: 400, noNaN: true }),
      fc.double({ min: 0.5, max: 500, noNaN: true }),
    );
    fc.assert(
      fc.property(cases, ([from, to, start, length]) => {
        const taps = tapsOf(from, to, start, length);
        for (let t = 0; t < to; t += 1) {
          const weights = Array.from(taps.weights.subarray(t * taps.count, (t + 1) * taps.count));
          expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 4);
          weights.forEach((w, k) => {
            const position = (taps.first[t] ?? -1) + k;
            if (w !== 0) expect(position >= 0 && position < from).toBe(true);
          });
        }
      }),
    );
  });

  test("shrinking by three averages three; enlarging by two interpolates", () => {
    const shrink = tapsOf(6, 2);
    const rows = [0, 1].map((t) => Array.from(shrink.weights.subarray(t * shrink.count, (t + 1) * shrink.count)));
    expect(rows.map((row) => row.filter((w) => w > 0).map((w) => Number(w.toFixed(3))))).toEqual([
      [0.333, 0.333, 0.333],
      [0.333, 0.333, 0.333],
    ]);
    const enlarge = tapsOf(2, 4);
    expect(Array.from(enlarge.weights)).toEqual([1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1]);
  });
});

describe("pixels", () => {
  test("a plain picture stays plain, and the border is filled", () => {
    fc.assert(
      fc.property(size(90), fc.integer({ min: 0, max: 255 }), (source, value) => {
        const input = { width: 40, height: 24 };
        const frame = { ...source, rgb: new Uint8Array(source.width * source.height * 3).fill(value) };
        const made = createLetterboxer(source, input);
        made.draw(frame);
        const { left, top, width, height } = made.letterbox;
        for (let i = 0; i < made.rgb.length; i += 1) {
          const x = i % input.width;
          const y = Math.floor(i / input.width) % input.height;
          const inside = x >= left && x < left + width && y >= top && y < top + height;
          expect(made.rgb[i]).toBeCloseTo(inside ? value : FILL, 2);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("half size by the short way equals half size by weights", () => {
    const frame = noise(64, 36);
    const made = createLetterboxer(frame, { width: 32, height: 20 });
    made.draw(frame);
    for (const [x, y] of [
      [0, 0],
      [31, 17],
      [13, 7],
    ] as const)
      for (let c = 0; c < 3; c += 1) {
        const at = (dx: number, dy: number) => frame.rgb[((2 * y + dy) * 64 + 2 * x + dx) * 3 + c] ?? 0;
        const mean = (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4;
        expect(made.rgb[c * 640 + (y + 1) * 32 + x]).toBeCloseTo(mean, 4);
      }
  });

  test("grey drawn beside the colours is theirs, by the short way and by weights", () => {
    for (const frame of [noise(64, 36), noise(90, 54)]) {
      const planes = { rgb: new Float32Array(3 * 640), gray: new Float32Array(640) };
      const made = createLetterboxer(frame, { width: 32, height: 20 }, "letterbox", planes);
      made.draw(frame);
      const gray = new Float32Array(640);
      toGray(made.rgb, gray);
      expect(planes.gray).toEqual(gray);
      expect(gray.some((value) => value !== FILL)).toBe(true);
    }
  });

  test("cameras of other shapes that share their planes leave nothing of one another", () => {
    const input = { width: 32, height: 20 };
    const planes = { rgb: new Float32Array(3 * 640), gray: new Float32Array(640) };
    const frames = [noise(64, 36), noise(30, 60), noise(80, 20), noise(33, 21)];
    const shared = frames.map((frame) => createLetterboxer(frame, input, "letterbox", planes));
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
    ])
      for (const i of order) {
        const frame = frames[i] as Frame;
        const alone = createLetterboxer(frame, input);
        alone.draw(frame);
        shared[i]?.draw(frame);
        expect(planes.rgb).toEqual(alone.rgb);
        const gray = new Float32Array(640);
        toGray(alone.rgb, gray);
        expect(planes.gray).toEqual(gray);
      }
  });

  test("shrinking keeps the mean brightness", () => {
    const frame = noise(90, 54);
    const made = createLetterboxer(frame, { width: 40, height: 24 });
    made.draw(frame);
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;
    expect(mean(made.rgb)).toBeCloseTo(mean(frame.rgb), 1);
  });

  test("grey is 0.299 R + 0.587 G + 0.114 B", () => {
    const gray = new Float32Array(2);
    toGray(Float32Array.of(255, 10, 0, 20, 0, 30), gray);
    expect(gray[0]).toBeCloseTo(76.245, 3);
    expect(gray[1]).toBeCloseTo(18.15, 3);
  });
});
