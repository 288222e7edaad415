// Hands the newest frame from the eye's thread to the mind's through shared memory: three slots, no lock, no queue.
import type { Frame, Size } from "./frame.ts";

/**
 * Layout: `state` (4 bytes: number of the slot in the middle, and FRESH), 4 bytes of padding, then for each slot width,
 * height and time (8 bytes each), then the pixels of each slot.
 *
 * The writer owns one slot, the reader another; the third lies in the middle. Publishing and taking swap one's own slot
 * with the middle one in a single atomic exchange, so neither ever waits for the other, and a frame being looked at is
 * never written over.
 */
const SLOTS = 3;
const FRESH = 4;
const META_AT = 8;
const PIXELS_AT = META_AT + SLOTS * 3 * 8;

interface Views {
  readonly state: Int32Array;
  readonly meta: Float64Array;
  readonly slots: readonly Uint8Array[];
}

function viewsOf(memory: SharedArrayBuffer): Views {
  const capacity = (memory.byteLength - PIXELS_AT) / SLOTS;
  return {
    state: new Int32Array(memory, 0, 1),
    meta: new Float64Array(memory, META_AT, SLOTS * 3),
    slots: [0, 1, 2].map((slot) => new Uint8Array(memory, PIXELS_AT + slot * capacity, capacity)),
  };
}

/** Memory for frames up to `limit`; the middle slot is 1, the writer begins with 0 and the reader with 2. */
export function createNewest(limit: Size): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(PIXELS_AT + SLOTS * limit.width * limit.height * 3);
  viewsOf(memory).state[0] = 1;
  return memory;
}

export interface NewestWriter {
  /** Where the next frame's pixels go. */
  target(): Uint8Array;
  /**
   * Makes what lies in the target the newest frame.
   * @param atMs CLOCK_MONOTONIC, milliseconds
   * @returns whether the frame before it was dropped, never looked at
   */
  publish(size: Size, atMs: number): boolean;
  /** Wipes every frame that the reader does not hold: one that waits will not be looked at. */
  forget(): void;
}

export function createWriter(memory: SharedArrayBuffer): NewestWriter {
  const { state, meta, slots } = viewsOf(memory);
  let own = 0;
  return {
    target: () => slots[own] ?? new Uint8Array(0),
    publish(size, atMs) {
      meta.set([size.width, size.height, atMs], own * 3);
      const before = Atomics.exchange(state, 0, own | FRESH);
      own = before & (FRESH - 1);
      return (before & FRESH) !== 0;
    },
    forget() {
      slots[own]?.fill(0);
      own = Atomics.exchange(state, 0, own) & (FRESH - 1);
      slots[own]?.fill(0);
    },
  };
}

export interface NewestReader {
  /** The newest frame not taken before, valid until the next call; undefined when there is none. */
  take(): { frame: Frame; atMs: number } | undefined;
}

export function createReader(memory: SharedArrayBuffer): NewestReader {
  const { state, meta, slots } = viewsOf(memory);
  let own = 2;
  return {
    take() {
      if ((Atomics.load(state, 0) & FRESH) === 0) return undefined;
      own = Atomics.exchange(state, 0, own) & (FRESH - 1);
      const [width = 0, height = 0, atMs = 0] = meta.subarray(own * 3, own * 3 + 3);
      const rgb = (slots[own] ?? new Uint8Array(0)).subarray(0, width * height * 3);
      return { frame: { width, height, rgb }, atMs };
    },
  };
}
