// The serial driver: the contract's pad protocol, or a pattern for pads of other makers, on a real port.
import { stat } from "node:fs/promises";
import { SerialPort } from "serialport";
import type { PadConfig } from "../config/pads.ts";
import { asFault, Fault } from "../words/errors.ts";
import type { Indication } from "../words/inputs.ts";
import type { RunPad } from "./pad.ts";
import { encodeAcknowledge, encodeIndicate } from "./pad-protocol.ts";
import { patternReader, protocolReader } from "./serial-readers.ts";

type SerialConfig = Extract<PadConfig, { driver: "serial" }>;

/** Bytes that may wait for a pad that does not read; beyond it lamp patterns are dropped (acknowledgements come again). */
const MAX_WAITING_BYTES = 4_096;

/** How often it is looked whether the port is still the device that was opened, milliseconds. */
const LOOK_MS = 500;

/** Reads a pad on a serial line until it is gone. */
export function serialPad(config: SerialConfig): RunPad {
  return async (context) => {
    const port = new SerialPort({ path: config.port, baudRate: config.baud, autoOpen: false, lock: true });
    let lose: (fault: Fault) => void = () => undefined;
    const gone = new Promise<never>((_, reject) => {
      lose = reject;
      port.on("error", (error: Error) =>
        reject(new Fault("SERIAL_LOST", `${config.port}: ${error.message}`, {}, error)),
      );
      port.on("close", (error: Error | null) =>
        reject(new Fault("SERIAL_LOST", `${config.port} was closed`, {}, error ?? undefined)),
      );
    });
    gone.catch(() => undefined);
    await new Promise<void>((resolve, reject) => {
      port.open((error) =>
        error === null
          ? resolve()
          : reject(new Fault("SERIAL_OPEN", `cannot open ${config.port}: ${error.message}`, {}, error)),
      );
    });
    const looking = watchDevice(config.port, lose);
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
      clearInterval(looking);
      port.removeAllListeners("data");
      if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
    }
  };
}

/**
 * Notices that the port was unplugged or is another device now. The library alone does not always: it takes the end of
 * file that a hung-up line reads as "nothing yet", and asks again at once, for ever.
 */
function watchDevice(path: string, lose: (fault: Fault) => void): NodeJS.Timeout {
  const device = stat(path).then(({ rdev }) => rdev);
  device.catch(() => undefined);
  const look = async (): Promise<void> => {
    try {
      if ((await stat(path)).rdev === (await device)) return;
      lose(new Fault("SERIAL_LOST", `${path} is another device now`));
    } catch (thrown) {
      lose(new Fault("SERIAL_LOST", `${path} was unplugged`, {}, thrown));
    }
  };
  return setInterval(() => void look(), LOOK_MS);
}
