import { describe, expect, it } from "vitest";
import type { Frame } from "../../src/vision/frame.ts";
import { createGlancer, GLANCE_GRID, glanceGrid } from "../../src/vision/glance.ts";

function drawn(width: number, height: number, grey: (x: number, y: number) => number): Frame {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) rgb.fill(grey(x, y), (y * width + x) * 3, (y * width + x + 1) * 3);
  return { width, height, rgb };
}

describe("a glance", () => {
  it("of one grey has its brightness, no contrast and no sharpness", () => {
    const { grid, brightness, contrast, sharpness } = createGlancer().glance(drawn(640, 384, () => 90));
    expect([...new Set(grid)]).toEqual([90]);
    expect(brightness).toBeCloseTo(90);
    expect(contrast).toBeCloseTo(0);
    expect(sharpness).toBe(0);
  });

  it("keeps the place of what is bright, at any size of the frame", () => {
    for (const [width, height] of [
      [640, 384],
      [768, 432],
      [161, 97],
      [40, 30],
      [2, 2],
      [1, 1],
    ] as const) {
      const { grid } = createGlancer().glance(drawn(width, height, (x) => (x < width / 2 ? 0 : 200)));
      expect(grid[0], `${width}×${height}`).toBe(0);
      expect(grid[GLANCE_GRID.width - 1], `${width}×${height}`).toBe(width === 1 ? 0 : 200);
    }
  });

  it("is sharp where edges are, less so where the same edges are blurred", () => {
    const sharp = createGlancer().glance(drawn(640, 384, (x) => (x % 8 < 4 ? 40 : 200))).sharpness;
    const soft = createGlancer().glance(drawn(640, 384, (x) => 120 + 80 * Math.sin((x / 8) * 2 * Math.PI))).sharpness;
    const blurred = createGlancer().glance(
      drawn(640, 384, (x) => 120 + 20 * Math.sin((x / 8) * 2 * Math.PI)),
    ).sharpness;
    expect(sharp).toBeGreaterThan(soft);
    expect(soft).toBeGreaterThan(4 * blurred);
  });

  it("prints the same picture the same, and a shifted or noisy one otherwise", () => {
    const glancer = createGlancer();
    const plain = (x: number, y: number): number => (x * 7 + y * 13) % 251;
    const print = glancer.glance(drawn(640, 384, plain)).print;
    expect(glancer.glance(drawn(640, 384, plain)).print).toBe(print);
    expect(glancer.glance(drawn(640, 384, (x, y) => plain(x + 1, y))).print).not.toBe(print);
    expect(glancer.glance(drawn(640, 384, (x, y) => plain(x, y) + ((x * y) % 2))).print).not.toBe(print);
  });

  it("gives the same grid of a grey picture without the rest, at any size of the frame", () => {
    for (const [width, height] of [
      [640, 384],
      [161, 97],
      [40, 30],
      [1, 1],
    ] as const) {
      const frame = drawn(width, height, (x, y) => (x * 7 + y * 13) % 251);
      const grid = new Uint8Array(GLANCE_GRID.width * GLANCE_GRID.height);
      glanceGrid(frame, grid);
      expect([...grid], `${width}×${height}`).toEqual([...createGlancer().glance(frame).grid]);
    }
  });
});
