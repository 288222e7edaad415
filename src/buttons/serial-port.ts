// One serial port, opened for oneself alone, until it is closed, unplugged or another device.
import { stat } from "node:fs/promises";
import { SerialPort } from "serialport";
import { Fault } from "../words/errors.ts";

/** How often it is looked whether the port is still the device that was opened, milliseconds. */
const LOOK_MS = 500;

export interface OpenSerial {
  readonly port: SerialPort;
  /** Rejects with SERIAL_LOST when the port is gone. */
  readonly gone: Promise<never>;
  close(): Promise<void>;
}

/**
 * Opens a port, 8N1; nobody else can open it meanwhile.
 * @param baud bits per second
 * @throws Fault SERIAL_OPEN
 */
export async function openSerial(path: string, baud: number): Promise<OpenSerial> {
  const port = new SerialPort({ path, baudRate: baud, autoOpen: false, lock: true });
  let lose: (fault: Fault) => void = () => undefined;
  const gone = new Promise<never>((_, reject) => {
    lose = reject;
    port.on("error", (error: Error) => reject(new Fault("SERIAL_LOST", `${path}: ${error.message}`, {}, error)));
    port.on("close", (error: Error | null) =>
      reject(new Fault("SERIAL_LOST", `${path} was closed`, {}, error ?? undefined)),
    );
  });
  gone.catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    port.open((error) =>
      error === null ? resolve() : reject(new Fault("SERIAL_OPEN", `cannot open ${path}: ${error.message}`, {}, error)),
    );
  });
  const looking = watchDevice(path, lose);
  return {
    port,
    gone,
    async close() {
      clearInterval(looking);
      port.removeAllListeners("data");
      if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
    },
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
