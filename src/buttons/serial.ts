// The serial driver: the contract's pad protocol, or a pattern for pads of other makers, on a real port.
import type { PadConfig } from "../config/pads.ts";
import { asFault } from "../words/errors.ts";
import type { Indication } from "../words/inputs.ts";
import type { RunPad } from "./pad.ts";
import { encodeAcknowledge, encodeIndicate } from "./pad-protocol.ts";
import { openSerial } from "./serial-port.ts";
import { patternReader, protocolReader } from "./serial-readers.ts";

type SerialConfig = Extract<PadConfig, { driver: "serial" }>;

/** Bytes that may wait for a pad that does not read; beyond it lamp patterns are dropped (acknowledgements come again). */
const MAX_WAITING_BYTES = 4_096;

/** Reads a pad on a serial line until it is gone. */
export function serialPad(config: SerialConfig): RunPad {
  return async (context) => {
    const { port, gone, close } = await openSerial(config.port, config.baud);
    const write = (sentence: string): void => {
      if (!port.writable || port.writableLength > MAX_WAITING_BYTES) return;
      port.write(sentence, "latin1");
    };
    const reader =
      config.pattern === undefined
        ? protocolReader(config, context)
        : patternReader(config.id, config.pattern, context);
    port.on("data", (chunk: Buffer) => reader.read(chunk));
    context.opened({
      indicate: (pattern: Indication, pad: string) => {
        const wire = reader.wireName(pad);
        if (wire !== undefined) write(encodeIndicate(wire, pattern));
      },
      acknowledge: (ref) => write(encodeAcknowledge(ref)),
    });
    const aborted = new Promise<void>((resolve) =>
      context.signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    try {
      await Promise.race([gone, aborted]);
    } catch (thrown) {
      throw asFault(thrown, "SERIAL_LOST");
    } finally {
      await close();
    }
  };
}
