// A working pad at the other end of a cable: says hello, presses, resends with back-off until acknowledged, holds at most 16.
import { SerialPort } from "serialport";
import { createLineCutter } from "../../src/buttons/lines.ts";
import { decodeSentence, encodeButton, encodeHello, type Sentence } from "../../src/buttons/pad-protocol.ts";
import { until } from "./until.ts";

interface Held {
  readonly counter: number;
  readonly button: string;
  readonly pressedMs: number;
  nextMs: number;
  tries: number;
}

export interface FakePad {
  /** Presses; false when 16 are unacknowledged and the press is lost, as on the real pad. */
  press(button: string): boolean;
  /** Counters acknowledged so far, in order of arrival. */
  readonly acknowledged: ReadonlySet<number>;
  /** Counters pressed and taken so far. */
  readonly pressed: ReadonlyMap<number, string>;
  /** Lamp patterns seen, in order. */
  readonly patterns: readonly string[];
  /** Raw bytes onto the wire. */
  raw(bytes: Uint8Array | string): void;
  unacknowledged(): number;
  unplug(): Promise<void>;
}

const HOLDS = 16;
const FIRST_RESEND_MS = 100;
const LAST_RESEND_MS = 1_000;

/**
 * @param session text the pad chose at this start
 * @param heard called with each sentence of the agent, at the moment when it arrives
 */
export async function createFakePad(
  path: string,
  pad: string,
  session: string,
  heard: (sentence: Sentence) => void = () => undefined,
): Promise<FakePad> {
  const port = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  await new Promise<void>((resolve, reject) => port.open((error) => (error === null ? resolve() : reject(error))));
  port.on("error", () => undefined);
  const held: Held[] = [];
  const acknowledged = new Set<number>();
  const pressed = new Map<number, string>();
  const patterns: string[] = [];
  let counter = -1;
  const send = (text: string | Buffer): void => {
    if (port.writable) port.write(text);
  };
  const transmit = (one: Held): void => {
    const now = performance.now();
    one.tries += 1;
    one.nextMs = now + Math.min(LAST_RESEND_MS, FIRST_RESEND_MS * 2 ** (one.tries - 1));
    send(encodeButton({ port: path, pad, session, counter: one.counter }, one.button, now - one.pressedMs));
  };
  const cut = createLineCutter(256);
  port.on("data", (chunk: Buffer) => {
    for (const line of cut.push(chunk).lines) {
      const sentence = decodeSentence(line);
      heard(sentence);
      if (sentence.kind === "indicate") patterns.push(sentence.pattern);
      if (sentence.kind !== "acknowledge" || sentence.session !== session) continue;
      acknowledged.add(sentence.counter);
      const at = held.findIndex((one) => one.counter === sentence.counter);
      if (at >= 0) held.splice(at, 1);
    }
  });
  send(encodeHello(pad, session, "1.0", 87));
  const resend = setInterval(() => {
    for (const one of held) if (performance.now() >= one.nextMs) transmit(one);
  }, 20);
  return {
    press(button) {
      counter = (counter + 1) % 65_536;
      if (held.length >= HOLDS) return false;
      const one = { counter, button, pressedMs: performance.now(), nextMs: 0, tries: 0 };
      held.push(one);
      pressed.set(counter, button);
      transmit(one);
      return true;
    },
    acknowledged,
    pressed,
    patterns,
    raw: (bytes) => send(typeof bytes === "string" ? bytes : Buffer.from(bytes)),
    unacknowledged: () => held.length,
    unplug: async () => {
      clearInterval(resend);
      if (port.isOpen) port.close();
      await until(() => !port.isOpen, "pad closed its port");
    },
  };
}
