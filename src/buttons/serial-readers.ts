// What comes in on a serial line, as pad inputs: the contract's protocol, and patterns for other makers' pads.
import type { PadConfig } from "../config/pads.ts";
import { asFault, Fault } from "../words/errors.ts";
import type { PadInput } from "../words/inputs.ts";
import { createLineCutter } from "./lines.ts";
import type { PadContext } from "./pad.ts";
import { decodeSentence, MAX_SENTENCE } from "./pad-protocol.ts";

type SerialConfig = Extract<PadConfig, { driver: "serial" }>;
type ReaderContext = Pick<PadContext, "input" | "dropped" | "nowMs">;

export interface SerialReader {
  read(chunk: Uint8Array): void;
  /** The name a pad uses on the wire, once known; undefined for a pad that cannot be told anything. */
  wireName(pad: string): string | undefined;
}

/** Longest line of a pattern pad, bytes. */
const MAX_PATTERN_LINE = 256;

/** Reads the contract's sentences. */
export function protocolReader(
  config: Pick<SerialConfig, "id" | "port" | "pads">,
  context: ReaderContext,
): SerialReader {
  const cut = createLineCutter(MAX_SENTENCE);
  const wireNames = new Map<string, string>(Object.entries(config.pads ?? {}).map(([wire, pad]) => [pad, wire]));
  const padOf = (wire: string): string => {
    if (config.pads === undefined) {
      // One pad on the port, whatever it calls itself.
      wireNames.set(config.id, wire);
      return config.id;
    }
    const pad = Object.hasOwn(config.pads, wire) ? config.pads[wire] : undefined;
    if (pad === undefined) throw new Fault("PAD_UNKNOWN", `no pad "${wire}" is configured on ${config.port}`);
    return pad;
  };
  const inputOf = (line: string): PadInput => {
    const sentence = decodeSentence(line);
    const pad = padOf(sentence.pad);
    if (sentence.kind === "hello") {
      const { session, firmware, batteryPercent } = sentence;
      return { kind: "hello", pad, session, firmware, ...(batteryPercent === undefined ? {} : { batteryPercent }) };
    }
    if (sentence.kind !== "button") throw new Fault("SENTENCE_INVALID", "a sentence that only the agent may send");
    const { session, counter, button, ageMs } = sentence;
    const ref = { port: config.port, pad: sentence.pad, session, counter };
    return { kind: "press", pad, button, atMs: context.nowMs() - ageMs, ref };
  };
  return {
    read: (chunk) => readLines(cut.push(chunk), inputOf, context),
    wireName: (pad) => wireNames.get(pad),
  };
}

/** Reads lines that match the configured pattern: group `button` names a button, group `scan` a code. */
export function patternReader(
  pad: string,
  pattern: NonNullable<SerialConfig["pattern"]>,
  context: ReaderContext,
): SerialReader {
  const cut = createLineCutter(MAX_PATTERN_LINE);
  const expression = new RegExp(pattern.line);
  const inputOf = (line: string): PadInput => {
    const groups = expression.exec(line)?.groups;
    const { button, scan } = groups ?? {};
    if (scan !== undefined) return { kind: "scan", pad, code: scan, atMs: context.nowMs() };
    if (button === undefined) throw new Fault("SENTENCE_INVALID", "the line does not match the pattern");
    const renamed =
      pattern.buttons !== undefined && Object.hasOwn(pattern.buttons, button) ? pattern.buttons[button] : undefined;
    return { kind: "press", pad, button: renamed ?? button, atMs: context.nowMs() };
  };
  return { read: (chunk) => readLines(cut.push(chunk), inputOf, context), wireName: () => undefined };
}

function readLines(
  cut: { lines: string[]; overlong: number },
  inputOf: (line: string) => PadInput,
  context: ReaderContext,
): void {
  for (let i = 0; i < cut.overlong; i += 1) context.dropped(new Fault("SENTENCE_INVALID", "a line too long"));
  for (const line of cut.lines) {
    let input: PadInput;
    try {
      input = inputOf(line);
    } catch (thrown) {
      context.dropped(asFault(thrown, "SENTENCE_INVALID"));
      continue;
    }
    context.input(input);
  }
}
