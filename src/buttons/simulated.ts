// The simulated driver: a pad pressed by software, speaking the contract's protocol so that nothing is skipped.
import type { PadConfig } from "../config/pads.ts";
import type { Indication, PressRef } from "../words/inputs.ts";
import type { PadContext, RunPad } from "./pad.ts";

/** The software side of a simulated pad. */
export interface SimulatedPad {
  /** Presses a button; false while the agent does not listen. */
  press(button: string): boolean;
  /** Called with every acknowledgement and every lamp pattern. */
  onTold(listener: (told: { readonly acknowledged: PressRef } | { readonly pattern: Indication }) => void): void;
  /** The driver for the agent. */
  readonly run: RunPad;
}

/** @param session a new text for every start, as a real pad's random session */
export function createSimulatedPad(config: Extract<PadConfig, { driver: "simulated" }>, session: string): SimulatedPad {
  let context: PadContext | undefined;
  let counter = 0;
  const listeners: ((told: { acknowledged: PressRef } | { pattern: Indication }) => void)[] = [];
  const tell = (told: { acknowledged: PressRef } | { pattern: Indication }): void => {
    for (const listener of listeners) listener(told);
  };
  return {
    press(button) {
      if (context === undefined) return false;
      counter = (counter + 1) % 65_536;
      const ref = { port: "simulated", pad: config.id, session, counter };
      context.input({ kind: "press", pad: config.id, button, atMs: context.nowMs(), ref });
      return true;
    },
    onTold: (listener) => void listeners.push(listener),
    run: async (given) => {
      context = given;
      given.opened({ indicate: (pattern) => tell({ pattern }), acknowledge: (ref) => tell({ acknowledged: ref }) });
      await new Promise<void>((resolve) => given.signal.addEventListener("abort", () => resolve(), { once: true }));
      context = undefined;
    },
  };
}
