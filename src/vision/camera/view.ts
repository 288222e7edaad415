// What a camera is used to see, as a coarse grid learned slowly, and how the present picture compares with it.
import { GLANCE_GRID, type Glance } from "../glance.ts";

const { width: ACROSS, height: DOWN } = GLANCE_GRID;
const CELLS = ACROSS * DOWN;

/** The present view is averaged over this time: noise goes, people who walk become faint. Milliseconds. */
const CALM_MS = 3_000;
/** So much of good pictures is needed before anything is compared with them, milliseconds. */
const LEARN_MS = 30_000;
/** And so much before the camera counts as set up: until then somebody may still turn and focus it. Milliseconds. */
const SETTLE_MS = 300_000;
/** How slowly what it is used to follows until then, and after: daylight and furniture of hours, not people of minutes. */
const FOLLOW_MS = { settling: 120_000, settled: 1_800_000 } as const;
/** Longest step between two pictures that still counts as their time, milliseconds. */
const STEP_MS = 2_000;

/** Contrast below this is one surface, whatever was seen before; steps of 0..255. */
const EVEN_CONTRAST = 4;
/** Edges below this share of those that the camera is used to, and elsewhere, are a surface before the lens. */
const EVEN_EDGES = 0.4;
/** Side of a block, cells: parts of the picture are found in their place or not, each for itself. */
const BLOCK = 8;
/** A block with less than this share of the mean block's edges has nothing that could be found again. */
const STRUCTURED = 0.1;
/** From this correlation on the edges of a block lie where they used to. */
const ALIKE = 0.7;
/** With fewer blocks in their place than this share the camera looks elsewhere: people hide less than the rest. */
const IN_PLACE = 0.3;
/**
 * What rounding luma to whole numbers alone gives as variance of the Laplacian: 20/12, for weights of 1, 1, 1, 1 and −4
 * on errors of variance 1/12.
 */
const ROUNDING = 20 / 12;

/** What one picture is, beside what the camera is used to. */
export interface Compared {
  /** Nothing but one surface. */
  readonly even: boolean;
  /** Few of the fixed things are in their place; undefined until the camera is set up. */
  readonly elsewhere: boolean | undefined;
  /** Fine detail as a share of what the camera is used to, whatever the light; undefined likewise. */
  readonly focus: number | undefined;
}

export interface View {
  compare(glance: Glance, atMs: number): Compared;
  /** The picture compared last is a good one, and may be learned from. */
  learn(): void;
}

export function createView(): View {
  const calm = new Float32Array(CELLS);
  const used = new Float32Array(CELLS);
  let calmFocus = 0;
  let usedFocus = 0;
  let learnedMs = 0;
  let lastMs: number | undefined;
  let stepMs = 0;

  return {
    compare({ grid, contrast, sharpness }, atMs) {
      stepMs = lastMs === undefined ? 0 : Math.min(STEP_MS, Math.max(0, atMs - lastMs));
      const share = lastMs === undefined ? 1 : 1 - Math.exp(-stepMs / CALM_MS);
      lastMs = atMs;
      approach(calm, grid, share);
      // Detail and contrast both follow the light, so that their ratio does not.
      const focus = Math.sqrt(Math.max(0, sharpness - ROUNDING)) / Math.max(1, contrast);
      calmFocus += (focus - calmFocus) * share;
      const flat = isEven(spread(calm));
      const away = learnedMs >= LEARN_MS && inPlace(calm, used) < IN_PLACE;
      const even = flat || (away && edges(calm) < EVEN_EDGES * edges(used));
      if (learnedMs < SETTLE_MS) return { even, elsewhere: undefined, focus: undefined };
      return { even, elsewhere: away && !even, focus: usedFocus === 0 ? undefined : calmFocus / usedFocus };
    },
    learn() {
      // First a mean of all, then an average that forgets.
      const followMs = learnedMs < SETTLE_MS ? Math.min(learnedMs + stepMs, FOLLOW_MS.settling) : FOLLOW_MS.settled;
      const share = learnedMs === 0 ? 1 : stepMs / followMs;
      approach(used, calm, share);
      usedFocus += (calmFocus - usedFocus) * share;
      learnedMs = Math.min(SETTLE_MS, learnedMs + stepMs);
    },
  };
}

/** @param contrast standard deviation over the cells, steps of 0..255 */
export function isEven(contrast: number): boolean {
  return contrast < EVEN_CONTRAST;
}

/**
 * Share of the blocks with edges in them whose edges lie where they used to: by the correlation of gradients, because
 * light that changes leaves edges in their places.
 */
function inPlace(view: Float32Array, model: Float32Array): number {
  const blocks: { readonly energy: number; readonly alike: boolean }[] = [];
  for (let top = 0; top < DOWN; top += BLOCK)
    for (let left = 0; left < ACROSS; left += BLOCK) {
      let both = 0;
      let ofView = 0;
      let ofModel = 0;
      for (let y = top; y < Math.min(top + BLOCK, DOWN - 1); y += 1)
        for (let x = left; x < Math.min(left + BLOCK, ACROSS - 1); x += 1) {
          const i = y * ACROSS + x;
          const viewX = at(view, i + 1) - at(view, i);
          const viewY = at(view, i + ACROSS) - at(view, i);
          const modelX = at(model, i + 1) - at(model, i);
          const modelY = at(model, i + ACROSS) - at(model, i);
          both += viewX * modelX + viewY * modelY;
          ofView += viewX * viewX + viewY * viewY;
          ofModel += modelX * modelX + modelY * modelY;
        }
      blocks.push({ energy: ofModel, alike: both > 0 && both >= ALIKE * Math.sqrt(ofView * ofModel) });
    }
  const mean = blocks.reduce((sum, { energy }) => sum + energy, 0) / blocks.length;
  const structured = blocks.filter(({ energy }) => energy > STRUCTURED * mean);
  return structured.length === 0 ? 1 : structured.filter(({ alike }) => alike).length / structured.length;
}

/** Mean step from a cell to the ones right of it and below it. */
function edges(view: Float32Array): number {
  let sum = 0;
  for (let y = 0; y < DOWN - 1; y += 1)
    for (let x = 0; x < ACROSS - 1; x += 1) {
      const i = y * ACROSS + x;
      sum += Math.abs(at(view, i + 1) - at(view, i)) + Math.abs(at(view, i + ACROSS) - at(view, i));
    }
  return sum / (2 * (DOWN - 1) * (ACROSS - 1));
}

/** Standard deviation over the cells. */
function spread(view: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of view) {
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / CELLS - (sum / CELLS) ** 2));
}

function approach(from: Float32Array, to: ArrayLike<number>, share: number): void {
  for (let i = 0; i < CELLS; i += 1) from[i] = at(from, i) + ((to[i] ?? 0) - at(from, i)) * share;
}

function at(cells: Float32Array, i: number): number {
  return cells[i] ?? 0;
}
