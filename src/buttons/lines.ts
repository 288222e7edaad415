// Cuts a byte stream into lines, with a bound: garbage without a line end never fills memory.

export interface LineCutter {
  /** Complete lines in `chunk`, without CR and LF, one character per byte (latin1); `overlong` counts what was thrown away. */
  push(chunk: Uint8Array): { readonly lines: string[]; readonly overlong: number };
}

/** @param maxBytes longest line kept, line end not counted */
export function createLineCutter(maxBytes: number): LineCutter {
  let held = "";
  let skipping = false;
  return {
    push(chunk) {
      const lines: string[] = [];
      let overlong = 0;
      const parts = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        .toString("latin1")
        .split(/[\r\n]/);
      parts.forEach((part, i) => {
        const ended = i < parts.length - 1;
        if (!skipping) held += part;
        if (held.length > maxBytes) {
          overlong += 1;
          held = "";
          skipping = true;
        }
        if (!ended) return;
        if (!skipping && held !== "") lines.push(held);
        held = "";
        skipping = false;
      });
      return { lines, overlong };
    },
  };
}
