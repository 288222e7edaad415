// From a pad's configuration to its driver. Each driver loads only when used, so a broken native module stops one pad.
import type { PadConfig } from "../config/pads.ts";
import type { RunPad } from "./pad.ts";
import { createSimulatedPad, type SimulatedPad } from "./simulated.ts";

/** @param simulated called with every simulated pad, so that a page, a demo or a test can press it */
export async function openPad(
  config: PadConfig,
  session: string,
  simulated: (pad: SimulatedPad) => void,
): Promise<RunPad> {
  switch (config.driver) {
    case "serial":
      return (await import("./serial.ts")).serialPad(config);
    case "gpio":
      return (await import("./gpio.ts")).gpioPad(config);
    case "onoff":
      return (await import("./onoff.ts")).onoffPad(config);
    case "hid":
      return (await import("./hid.ts")).hidPad(config);
    case "simulated": {
      const pad = createSimulatedPad(config, session);
      simulated(pad);
      return pad.run;
    }
    default:
      return config satisfies never;
  }
}
