// Crossing a line: direction, hysteresis, ends of the line, once per direction.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineConfig } from "../../src/config/footfall.ts";
import { beginPassage, type Direction, movePassage } from "../../src/touchpoint/line.ts";

type Point = readonly [number, number];
/** From bottom to top in the middle: to the left is in. */
const upright = LineConfig.parse({ id: "door", camera: "c", from: [0.5, 0.9], to: [0.5, 0.1], band: 0.05 });

function walk(points: readonly Point[], line = upright): Direction[] {
  const [first = [0, 0], ...rest] = points;
  let passage = beginPassage(line, first);
  return rest.flatMap((point) => {
    const moved = movePassage(line, passage, point);
    passage = moved.passage;
    return moved.crossed === undefined ? [] : [moved.crossed];
  });
}
const across = (...xs: number[]): Point[] => xs.map((x) => [x, 0.5]);

describe("a line", () => {
  it("is crossed inwards to the left hand and outwards to the right, or as it is set", () => {
    expect(walk(across(0.8, 0.6, 0.4, 0.2))).toEqual(["in"]);
    expect(walk(across(0.2, 0.4, 0.6, 0.8))).toEqual(["out"]);
    expect(walk(across(0.8, 0.2), { ...upright, in: "right" })).toEqual(["out"]);
    const level = LineConfig.parse({ id: "door", camera: "c", from: [0.1, 0.5], to: [0.9, 0.5] });
    expect(
      walk(
        [
          [0.5, 0.9],
          [0.5, 0.1],
        ],
        level,
      ),
    ).toEqual(["in"]);
  });

  it("is not crossed by who turns round within the band, nor twice by who trembles on it", () => {
    expect(walk(across(0.8, 0.49, 0.46, 0.8))).toEqual([]);
    expect(walk(across(0.8, 0.52, 0.48, 0.51, 0.47, 0.53, 0.3, 0.44, 0.3))).toEqual(["in"]);
  });

  it("counts each direction once for one who walks to and fro", () => {
    expect(walk(across(0.8, 0.2, 0.8, 0.2, 0.8))).toEqual(["in", "out"]);
  });

  it("ends at its points: who walks around them has not crossed, even if they come back through it", () => {
    expect(
      walk([
        [0.8, 0.5],
        [0.8, 0.97],
        [0.2, 0.97],
        [0.2, 0.5],
      ]),
    ).toEqual([]);
    expect(
      walk([
        [0.8, 0.97],
        [0.2, 0.97],
        [0.2, 0.5],
        [0.8, 0.5],
      ]),
    ).toEqual(["out"]);
  });

  it("counts who is first seen within the band and walks on, not the first settling of a box", () => {
    expect(walk(across(0.51, 0.44, 0.3))).toEqual([]);
    expect(walk(across(0.51, 0.42, 0.3))).toEqual(["in"]);
    expect(walk(across(0.49, 0.56, 0.3))).toEqual(["in"]);
  });

  it("counts nothing on a way that ends on its side, and the net of any way through the open line is right", () => {
    const x = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(x, { minLength: 2, maxLength: 30 }), (xs) => {
        const outside = [0.9, ...xs, xs.length % 2 === 0 ? 0.1 : 0.9];
        const counted = walk(across(...outside));
        const net = counted.filter((one) => one === "in").length - counted.filter((one) => one === "out").length;
        // Each direction counts once, so somebody who ends where they began nets 0, and one who ends beyond 1 or, after
        // an own return, 0.
        if (outside.at(-1) === 0.9) expect(net).toBe(0);
        else expect(net).toBe(counted.includes("out") ? 0 : 1);
        expect(counted.length).toBeLessThanOrEqual(2);
      }),
    );
  });
});
