// What the check of the broker is asked, and what it says of each stage.
import type { BrokerConfig } from "../config/schema.ts";
import type { Fault } from "../words/errors.ts";
import { adviceOn } from "./advice.ts";

export const CHECK_STAGES = [
  "settings",
  "certificates",
  "dns",
  "tcp",
  "tls",
  "login",
  "name",
  "limits",
  "publish",
  "round-trip",
] as const;
export type CheckStage = (typeof CHECK_STAGES)[number];

export interface CheckResult {
  readonly stage: CheckStage;
  readonly ok: boolean;
  /** Works, but somebody should look. */
  readonly warning?: true;
  /** What was found, one sentence. */
  readonly text: string;
  readonly hint?: string;
}

export interface CheckSettings {
  readonly broker: BrokerConfig;
  readonly site: string;
  readonly device: string;
  /** Id of this boot of the machine; without it another device of the same name is not looked for. */
  readonly boot?: string;
}

/** A failed stage, with the most exact hint there is. */
export function failed(stage: CheckStage, fault: Fault, hint?: string): CheckResult {
  return { stage, ok: false, text: fault.message, hint: hint ?? adviceOn(fault) };
}

/** A stage that works, but not as it should. */
export function warned(stage: CheckStage, text: string, hint: string): CheckResult {
  return { stage, ok: true, warning: true, text, hint };
}
