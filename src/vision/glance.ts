// A glance at a frame: a few numbers and a coarse grey grid, cheap enough for every frame. Decides nothing.
import type { Frame } from "./frame.ts";

/** Cells of the grid, across and down. */
export const GLANCE_GRID = { width: 64, height: 40 } as const;

/** What a glance gives; it stays in the vision room like the frame it is of. */
export interface Glance {
  /** Mean luma of each cell, 0..255, rows from the top; valid until the next glance of the same `Glancer`. */
  readonly grid: Uint8Array;
  /** Mean luma of the frame, 0..255. */
  readonly brightness: number;
  /** Standard deviation of the cells' luma: near 0 where a hand or a lid covers the lens. */
  readonly contrast: number;
  /**
   * Variance of the Laplacian of luma at the sampled pixels: falls when the picture goes out of focus.
   * Source: Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000.
   */
  readonly sharpness: number;
  /** A hash of the sampled pixels: two frames that share it are taken for the same picture. */
  readonly print: number;
}

/** Glances at frames of any size, one after another. */
export interface Glancer {
  glance(frame: Frame): Glance;
}

/** Samples of each cell, across and down: 16 of them average out a sensor's noise. */
const SAMPLES = 4;

export function createGlancer(): Glancer {
  const { width: across, height: down } = GLANCE_GRID;
  const grid = new Uint8Array(across * down);
  return {
    glance(frame) {
      const luma = (x: number, y: number): number => lumaAt(frame, x, y);
      let sum = 0;
      let squares = 0;
      let laplacians = 0;
      let laplacianSquares = 0;
      let sampled = 0;
      let print = 0;
      for (let row = 0; row < down; row += 1) {
        for (let column = 0; column < across; column += 1) {
          let cell = 0;
          for (let j = 0; j < SAMPLES; j += 1) {
            const y = Math.floor(((row + (j + 0.5) / SAMPLES) * frame.height) / down);
            for (let i = 0; i < SAMPLES; i += 1) {
              const x = Math.floor(((column + (i + 0.5) / SAMPLES) * frame.width) / across);
              const here = luma(x, y);
              cell += here;
              print = (Math.imul(print, 31) + here) | 0;
              if (x < 1 || y < 1 || x >= frame.width - 1 || y >= frame.height - 1) continue;
              const laplacian = luma(x - 1, y) + luma(x + 1, y) + luma(x, y - 1) + luma(x, y + 1) - 4 * here;
              laplacians += laplacian;
              laplacianSquares += laplacian * laplacian;
              sampled += 1;
            }
          }
          const mean = cell / (SAMPLES * SAMPLES);
          grid[row * across + column] = Math.round(mean);
          sum += mean;
          squares += mean * mean;
        }
      }
      const cells = across * down;
      const brightness = sum / cells;
      const mean = sampled === 0 ? 0 : laplacians / sampled;
      return {
        grid,
        brightness,
        contrast: Math.sqrt(Math.max(0, squares / cells - brightness * brightness)),
        sharpness: sampled === 0 ? 0 : Math.max(0, laplacianSquares / sampled - mean * mean),
        print,
      };
    },
  };
}

/**
 * The grid alone, of green instead of luma, for frames on which nothing else is asked: a fifth of a glance's time.
 * @param grid filled: mean green of each cell, 0..255, rows from the top
 */
export function glanceGrid({ width, height, rgb }: Frame, grid: Uint8Array): void {
  const { width: across, height: down } = GLANCE_GRID;
  const samples = across * SAMPLES;
  const greens = Uint32Array.from({ length: samples }, (_, i) => Math.floor(((i + 0.5) * width) / samples) * 3 + 1);
  const sums = new Uint16Array(across);
  for (let row = 0; row < down; row += 1) {
    sums.fill(0);
    for (let j = 0; j < SAMPLES; j += 1) {
      const start = Math.floor(((row + (j + 0.5) / SAMPLES) * height) / down) * width * 3;
      for (let i = 0; i < samples; i += 1) {
        const column = (i / SAMPLES) | 0;
        sums[column] = (sums[column] ?? 0) + (rgb[start + (greens[i] ?? 0)] ?? 0);
      }
    }
    for (let column = 0; column < across; column += 1)
      grid[row * across + column] = Math.round((sums[column] ?? 0) / (SAMPLES * SAMPLES));
  }
}

/** Luma of a pixel by ITU-R BT.601 in whole numbers, 0..255. */
function lumaAt({ rgb, width }: Frame, x: number, y: number): number {
  const at = (y * width + x) * 3;
  return (77 * (rgb[at] ?? 0) + 150 * (rgb[at + 1] ?? 0) + 29 * (rgb[at + 2] ?? 0)) >> 8;
}
