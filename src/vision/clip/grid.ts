// A grid with numbers over a picture, so that corners of zones and ends of lines can be read off as shares of the frame.
import type { Frame } from "../frame.ts";
import { type Colour, dot } from "./draw.ts";

const LINE: Colour = [255, 255, 255];
const SHADOW: Colour = [0, 0, 0];
/** Side of a digit's dot, pixels. */
const DOT = 2;
/** Three dots across and five down, a row for each, the leftmost dot the highest bit. */
const DIGITS: readonly (readonly number[])[] = [
  [7, 5, 5, 5, 7],
  [2, 6, 2, 2, 7],
  [7, 1, 7, 4, 7],
  [7, 1, 7, 1, 7],
  [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7],
  [7, 4, 7, 5, 7],
  [7, 1, 1, 1, 1],
  [7, 5, 7, 5, 7],
  [7, 5, 7, 1, 7],
];

/** A dotted line at each tenth of width and height; 1 to 9 beside them stand for 0.1 to 0.9, from the top left corner. */
export function drawGrid(frame: Frame): void {
  for (let tenth = 1; tenth < 10; tenth += 1) {
    const x = Math.round((tenth * frame.width) / 10);
    const y = Math.round((tenth * frame.height) / 10);
    for (let down = 0; down < frame.height; down += 1) dot(frame, x, down, down % 4 < 2 ? LINE : SHADOW);
    for (let across = 0; across < frame.width; across += 1) dot(frame, across, y, across % 4 < 2 ? LINE : SHADOW);
    drawDigit(frame, tenth, x + 3, 3);
    drawDigit(frame, tenth, 3, y + 3);
  }
}

function drawDigit(frame: Frame, digit: number, left: number, top: number): void {
  (DIGITS[digit] ?? []).forEach((bits, row) => {
    for (let column = -1; column <= 3; column += 1) {
      const lit = column >= 0 && column < 3 && (bits & (4 >> column)) !== 0;
      for (let dy = 0; dy < DOT; dy += 1)
        for (let dx = 0; dx < DOT; dx += 1)
          dot(frame, left + column * DOT + dx, top + row * DOT + dy, lit ? LINE : SHADOW);
    }
  });
}
