// The contract's pad protocol: sentences from bytes and back. Pure; NMEA 0183 framing.
import { Fault } from "../words/errors.ts";
import type { Indication, PressRef } from "../words/inputs.ts";

/** Longest sentence with `$` and CR LF, bytes. */
export const MAX_SENTENCE = 82;

export type Sentence =
  | {
      readonly kind: "hello";
      readonly protocol: number;
      readonly pad: string;
      readonly session: string;
      readonly firmware: string;
      readonly batteryPercent?: number;
    }
  | {
      readonly kind: "button";
      readonly pad: string;
      readonly session: string;
      readonly counter: number;
      readonly button: string;
      readonly ageMs: number;
    }
  | { readonly kind: "acknowledge"; readonly pad: string; readonly session: string; readonly counter: number }
  | { readonly kind: "indicate"; readonly pad: string; readonly pattern: string };

/** XOR of the bytes between `$` and `*`, two hex digits. */
export function checksum(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i += 1) sum ^= body.charCodeAt(i) & 0xff;
  return sum.toString(16).toUpperCase().padStart(2, "0");
}

function frame(body: string): string {
  return `$${body}*${checksum(body)}\r\n`;
}

export function encodeHello(pad: string, session: string, firmware: string, batteryPercent?: number): string {
  return frame(`TPHLO,1,${pad},${session},${firmware},${batteryPercent ?? ""}`);
}

export function encodeButton(ref: PressRef, button: string, ageMs: number): string {
  return frame(`TPBTN,${ref.pad},${ref.session},${ref.counter},${button},${Math.round(ageMs)}`);
}

export function encodeAcknowledge(ref: PressRef): string {
  return frame(`TPACK,${ref.pad},${ref.session},${ref.counter}`);
}

export function encodeIndicate(pad: string, pattern: Indication): string {
  // The contract's pads know no pattern for a pause: theirs is the one that stays on until it is told otherwise.
  return frame(`TPLED,${pad},${pattern === "paused" ? "attention" : pattern}`);
}

const NAME = /^[A-Za-z0-9_.-]{1,16}$/;
const COUNT = /^\d{1,10}$/;

/**
 * Reads one line without its line end.
 * @throws Fault SENTENCE_INVALID when framing, checksum or fields are wrong
 */
export function decodeSentence(line: string): Sentence {
  const framed = /^\$([^$*]*)\*([0-9A-Fa-f]{2})$/.exec(line);
  const body = framed?.[1];
  if (body === undefined || line.length + 2 > MAX_SENTENCE) throw invalid("no sentence");
  if (checksum(body) !== framed?.[2]?.toUpperCase()) throw invalid("bad checksum");
  const [kind, ...fields] = body.split(",");
  switch (kind) {
    case "TPHLO": {
      const [protocol = "", pad = "", session = "", firmware = "", battery = ""] = exactly(fields, 5);
      const batteryPercent = battery === "" ? {} : { batteryPercent: number(battery, 100, "battery") };
      return {
        kind: "hello",
        protocol: number(protocol, 99, "protocol"),
        pad: name(pad),
        session: name(session),
        firmware,
        ...batteryPercent,
      };
    }
    case "TPBTN": {
      const [pad = "", session = "", counter = "", button = "", age = ""] = exactly(fields, 5);
      return {
        kind: "button",
        pad: name(pad),
        session: name(session),
        counter: number(counter, 65_535, "counter"),
        button: name(button),
        ageMs: number(age, 4_294_967_295, "age"),
      };
    }
    case "TPACK": {
      const [pad = "", session = "", counter = ""] = exactly(fields, 3);
      return {
        kind: "acknowledge",
        pad: name(pad),
        session: name(session),
        counter: number(counter, 65_535, "counter"),
      };
    }
    case "TPLED": {
      const [pad = "", pattern = ""] = exactly(fields, 2);
      return { kind: "indicate", pad: name(pad), pattern };
    }
    default:
      throw invalid("unknown sentence");
  }
}

function exactly(fields: string[], count: number): string[] {
  if (fields.length !== count) throw invalid("wrong number of fields");
  return fields;
}

function name(text: string): string {
  if (!NAME.test(text)) throw invalid("bad name");
  return text;
}

function number(text: string, max: number, what: string): number {
  const value = Number(text);
  if (!COUNT.test(text) || value > max) throw invalid(`bad ${what}`);
  return value;
}

function invalid(what: string): Fault {
  return new Fault("SENTENCE_INVALID", what);
}
