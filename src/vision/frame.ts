// A picture in memory. It never leaves the vision room, is never written and never sent.

/** Pixels of one picture: rows from the top, three bytes (red, green, blue) a pixel. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** width × height × 3 bytes. */
  readonly rgb: Uint8Array;
}

/** Size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}
