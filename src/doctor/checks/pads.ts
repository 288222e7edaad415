// The pads: ports, keypads and readers are there and may be opened, or the running agent has them already.
import type { PadConfig } from "../../config/pads.ts";
import { type Check, type Finding, failed, ok, type Patient, skipped } from "../finding.ts";
import { gpioFindings, onoffFindings } from "./gpio.ts";

export const padCheck: Check = {
  name: "pads",
  run: async (patient) => {
    const { pads } = patient.config.local;
    if (pads.length === 0) return [skipped("pads", "none is configured")];
    return (await Promise.all(pads.map((pad) => findings(pad, patient)))).flat();
  },
};

async function findings(pad: PadConfig, patient: Patient): Promise<readonly Finding[]> {
  switch (pad.driver) {
    case "serial":
      return [deviceFinding(`serial ${pad.id}`, pad.port, "dialout", true, patient.machine)];
    case "hid":
      return [deviceFinding(`hid ${pad.id}`, pad.device, "input", false, patient.machine)];
    case "gpio":
      return await gpioFindings(pad, patient);
    case "onoff":
      return [onoffFindings(pad)];
    case "simulated":
      return [ok(`simulated ${pad.id}`, "pressed by software")];
    default:
      return pad satisfies never;
  }
}

/** A device file is not opened for the check: opening a serial port resets some pads, and the agent may have it. */
function deviceFinding(
  name: string,
  path: string,
  group: string,
  writes: boolean,
  machine: Patient["machine"],
): Finding {
  const place = machine.place(path);
  if (place === undefined)
    return failed(
      name,
      `${path} is not there`,
      "Plug it in, or find its path below /dev/serial/by-id or /dev/input/by-id.",
    );
  if (place.kind !== "device") return failed(name, `${path} is no device`, "Name the device itself.");
  if (!place.readable || (writes && !place.writable))
    return failed(
      name,
      `this user may not open ${path}`,
      `usermod -a -G ${group} touchpoint, then start the agent again`,
    );
  const strangers = machine.holders(path).filter(({ command }) => !isAgent(command));
  const [stranger] = strangers;
  if (stranger !== undefined && writes)
    return failed(
      name,
      `${path} is held by process ${stranger.pid} (${stranger.command.slice(0, 60)})`,
      "End that program; a port serves one at a time.",
    );
  return ok(
    name,
    machine.holders(path).length > strangers.length ? `${path} is in use by the agent` : `${path} is there and free`,
  );
}

/** The agent itself or the child that reads a device for it. */
function isAgent(command: string): boolean {
  return /cli\/main\.js run\b|bin\/touchpoint\b|demo\/main\.js/.test(command);
}
