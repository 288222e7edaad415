// What is set aside stays what it is, and the labels are of pictures that no training sees.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readLabels } from "../../scripts/accuracy/labels.ts";
import { setAside } from "../../scripts/accuracy/set-aside.ts";
import { packageRoot } from "../../src/place.ts";

const folder = join(packageRoot(), "scripts/accuracy/labels");
const labels = readdirSync(folder).map((name) => readLabels(join(folder, name)));

describe("hand labels", () => {
  test("there are at least 200 frames, each once", () => {
    const keys = labels.flatMap(({ source, frames }) => frames.map(({ frame }) => `${source} ${frame}`));
    expect(keys.length).toBeGreaterThanOrEqual(200);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("every box has a size and lies on the picture, to a thousandth", () => {
    for (const { frames } of labels)
      for (const { faces, persons = [] } of frames)
        for (const [x, y, w, h] of [...faces, ...persons]) {
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
          expect(Math.min(w, h)).toBeGreaterThan(0);
          expect(Math.max(x + w, y + h)).toBeLessThanOrEqual(1.0011);
        }
  });

  test("labelled photographs are set aside", () => {
    const photographs = labels.filter(({ fps }) => fps === undefined);
    expect(photographs).toHaveLength(1);
    for (const { source, frames } of photographs)
      for (const { frame } of frames) expect(setAside(source.replace(/^train\//, ""))).toContain(frame);
  });
});

test("a folder that the list does not know is told, not taken for one without pictures", () => {
  expect(() => setAside("elsewhere")).toThrow("elsewhere");
});
