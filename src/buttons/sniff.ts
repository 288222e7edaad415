// What a line from a serial pad says, in the words of the contract's protocol or of a configured pattern. Pure.
import type { PadConfig } from "../config/pads.ts";
import { asFault } from "../words/errors.ts";
import type { PadInput } from "../words/inputs.ts";
import { createLineCutter } from "./lines.ts";
import { decodeSentence } from "./pad-protocol.ts";
import { patternReader } from "./serial-readers.ts";

type Pattern = NonNullable<Extract<PadConfig, { driver: "serial" }>["pattern"]>;

/** Longest line shown, bytes; longer ones are counted. */
const MAX_LINE = 256;

export type Sniffed =
  | { readonly what: "sentence"; readonly line: string; readonly says: Readonly<Record<string, unknown>> }
  | { readonly what: "unknown"; readonly line: string; readonly why: string }
  | { readonly what: "too-long"; readonly lines: number };

export interface Sniffer {
  /** What the bytes that came complete. */
  push(chunk: Uint8Array): Sniffed[];
}

/** @param pattern of a pad of another maker; without it the contract's protocol is expected */
export function createSniffer(pattern?: Pattern): Sniffer {
  const cut = createLineCutter(MAX_LINE);
  const read = pattern === undefined ? decodeSentence : matching(pattern);
  return {
    push(chunk) {
      const { lines, overlong } = cut.push(chunk);
      const sniffed = lines.map((text): Sniffed => {
        const line = printable(text);
        try {
          return { what: "sentence", line, says: { ...read(text) } };
        } catch (thrown) {
          return { what: "unknown", line, why: asFault(thrown, "SENTENCE_INVALID").message };
        }
      });
      return overlong === 0 ? sniffed : [...sniffed, { what: "too-long", lines: overlong }];
    },
  };
}

/** What the configured pattern makes of a line. @throws Fault SENTENCE_INVALID */
function matching(pattern: Pattern): (line: string) => Partial<PadInput> {
  return (line) => {
    let said: Partial<PadInput> = {};
    let fault: unknown;
    const reader = patternReader("", pattern, {
      nowMs: () => 0,
      input: ({ pad: _, ...rest }) => {
        const { atMs: __, ...about } = rest as { atMs?: number };
        said = about;
      },
      dropped: (dropped) => {
        fault = dropped;
      },
    });
    reader.read(Buffer.from(`${line}\n`, "latin1"));
    if (fault !== undefined) throw fault;
    return said;
  };
}

/** Bytes that are no visible ASCII as \\xHH: a terminal must not obey what a cable says. */
function printable(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
