// The newest lines of the log, as they were written: redacted already, bounded, in memory only.
import type { DestinationStream } from "pino";

/** Most lines that are kept, and characters of all together. */
const MAX_LINES = 500;
const MAX_CHARS = 262_144;
/** A longer line, such as a stack in a stack, is left out of the tail. */
const MAX_LINE_CHARS = 16_384;

export interface LogTail {
  /** A destination that writes to `next` and keeps what it wrote. */
  through(next: DestinationStream): DestinationStream;
  /**
   * The newest lines, oldest first.
   * @param most lines
   * @param maxBytes of JSON in UTF-8, all together
   */
  newest(most: number, maxBytes: number): Record<string, unknown>[];
}

export function createLogTail(): LogTail {
  const lines: string[] = [];
  let chars = 0;
  const keep = (line: string): void => {
    if (line.length > MAX_LINE_CHARS) return;
    lines.push(line);
    chars += line.length;
    while (lines.length > MAX_LINES || chars > MAX_CHARS) chars -= lines.shift()?.length ?? 0;
  };
  return {
    through: (next) => ({
      write(line: string) {
        keep(line);
        next.write(line);
      },
    }),
    newest(most, maxBytes) {
      const found: string[] = [];
      let bytes = 0;
      for (const line of lines.slice(-most).reverse()) {
        bytes += Buffer.byteLength(line) + 1;
        if (bytes > maxBytes) break;
        found.push(line);
      }
      return found.reverse().map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
}
