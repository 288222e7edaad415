// The grid of a technician: each tenth has its line and its number, whatever the size of the picture.
import { expect, it } from "vitest";
import { drawGrid } from "../../src/vision/clip/grid.ts";
import type { Frame } from "../../src/vision/frame.ts";

const GREY = 128;
const blank = (width: number, height: number): Frame => ({
  width,
  height,
  rgb: new Uint8Array(width * height * 3).fill(GREY),
});
const drawn = ({ rgb, width }: Frame, x: number, y: number): boolean => rgb[(y * width + x) * 3] !== GREY;

it("each tenth of width and height has its line, and there is no other", () => {
  const frame = blank(640, 384);
  drawGrid(frame);
  const across = Array.from({ length: 640 }, (_, x) => x).filter((x) => drawn(frame, x, 20) && drawn(frame, x, 60));
  expect(across).toEqual([64, 128, 192, 256, 320, 384, 448, 512, 576]);
  const down = Array.from({ length: 384 }, (_, y) => y).filter((y) => drawn(frame, 20, y) && drawn(frame, 100, y));
  expect(down).toEqual([38, 77, 115, 154, 192, 230, 269, 307, 346]);
});

it("the numbers beside the lines are read as 1 to 9", () => {
  const frame = blank(640, 384);
  drawGrid(frame);
  const white = (x: number, y: number): string => (frame.rgb[(y * 640 + x) * 3] === 255 ? "#" : ".");
  const digit = (tenth: number): string[] =>
    [0, 1, 2, 3, 4].map((row) => [0, 1, 2].map((column) => white(tenth * 64 + 3 + column * 2, 3 + row * 2)).join(""));
  expect(digit(1)).toEqual([".#.", "##.", ".#.", ".#.", "###"]);
  expect(digit(4)).toEqual(["#.#", "#.#", "###", "..#", "..#"]);
  const all = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => digit(tenth).join("\n"));
  expect(new Set(all).size).toBe(9);
});

it("a picture too small for numbers is no fault", () => {
  for (const [width, height] of [
    [1, 1],
    [9, 200],
    [16, 10],
  ] as const) {
    const frame = blank(width, height);
    drawGrid(frame);
    expect(frame.rgb).toHaveLength(width * height * 3);
  }
});
