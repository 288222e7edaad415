// What the main thread and the rollups' thread say to each other.
import type { FaultCode } from "../words/errors.ts";
import type { Proposal, RollupSettings } from "./publish.ts";

export interface RollupsData {
  /** The journal, read beside its own thread. */
  readonly journal: string;
  /** The view's database. */
  readonly view: string;
  readonly timezone: string;
  readonly settings: RollupSettings;
  /** Between two passes at least, milliseconds. */
  readonly everyMs: number;
}

export type RollupsMessage =
  | { readonly kind: "told"; readonly proposals: readonly Proposal[] }
  | { readonly kind: "fault"; readonly code: FaultCode; readonly message: string };

/** The only word to the thread: end in order. */
export const STOP = "stop";
