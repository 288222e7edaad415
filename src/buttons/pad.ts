// The seam every button driver meets: a function that runs one pad until it is gone.
import type { Fault } from "../words/errors.ts";
import type { Indication, PadInput, PressRef } from "../words/inputs.ts";

/** What a pad that is open can be told. */
export interface PadPort {
  /** Shows a pattern on lamp, screen or beeper of pad `pad` (a port may carry several). Never throws; a pad without a lamp ignores it. */
  indicate(pattern: Indication, pad: string): void;
  /** Tells the pad that this press is on disk. Only pads with the contract's protocol listen. */
  acknowledge(ref: PressRef): void;
}

/** What a driver is given. */
export interface PadContext {
  /** Aborted when the agent stops: the driver closes its device and resolves. */
  readonly signal: AbortSignal;
  /** Boottime now, milliseconds. */
  readonly nowMs: () => number;
  /** Hands over what the pad said. */
  readonly input: (input: PadInput) => void;
  /** The device is open and works. */
  readonly opened: (port: PadPort) => void;
  /** Something bad came in and was dropped: counted by code, never a crash. */
  readonly dropped: (fault: Fault) => void;
}

/** Runs one pad: resolves when aborted, rejects with a Fault when the device is gone or cannot be opened. */
export type RunPad = (context: PadContext) => Promise<void>;
