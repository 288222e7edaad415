// What a check says, and how all checks are run: side by side, each with a time limit.
import type { Config } from "../config/schema.ts";
import { Fault } from "../words/errors.ts";
import type { Machine } from "./machine.ts";

/** `warn`: works, but somebody should look; `skipped`: nothing to check here. */
export type Status = "ok" | "warn" | "failed" | "skipped";

export interface Finding {
  /** What was looked at, for instance `serial p1`. */
  readonly name: string;
  readonly status: Status;
  /** What was found, one sentence. */
  readonly message: string;
  /** What a person does next. */
  readonly hint?: string;
}

export interface Patient {
  readonly config: Config;
  /** Folder with the models' manifest. */
  readonly modelsDir: string;
  readonly machine: Machine;
  /** Aborted when the check's time is up. */
  readonly signal: AbortSignal;
}

/** One subject; it may have several findings, and throws only what it did not foresee. */
export interface Check {
  readonly name: string;
  readonly run: (patient: Patient) => Promise<readonly Finding[]> | readonly Finding[];
}

export const ok = (name: string, message: string): Finding => ({ name, status: "ok", message });
export const skipped = (name: string, message: string): Finding => ({ name, status: "skipped", message });
export const warn = (name: string, message: string, hint: string): Finding => ({ name, status: "warn", message, hint });
export const failed = (name: string, message: string, hint: string): Finding => ({
  name,
  status: "failed",
  message,
  hint,
});

/** A coded error as a finding. */
export function failedBy(name: string, thrown: unknown): Finding {
  const fault = thrown instanceof Fault ? thrown : undefined;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return failed(name, fault === undefined ? message : `${fault.code}: ${message}`, fault?.hint ?? "Look at the log.");
}

/** Runs the checks side by side; findings come in the order of the checks, whatever each of them does. */
export async function examine(
  checks: readonly Check[],
  patient: Omit<Patient, "signal">,
  limitMs: number,
): Promise<Finding[]> {
  return (await Promise.all(checks.map((check) => examineOne(check, patient, limitMs)))).flat();
}

async function examineOne(
  check: Check,
  patient: Omit<Patient, "signal">,
  limitMs: number,
): Promise<readonly Finding[]> {
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    timer = setTimeout(() => {
      limit.abort();
      resolve([failed(check.name, `gave no answer within ${limitMs / 1000} s`, "Run `touchpoint doctor` again.")]);
    }, limitMs);
  });
  try {
    return await Promise.race([(async () => await check.run({ ...patient, signal: limit.signal }))(), late]);
  } catch (thrown) {
    return [failedBy(check.name, thrown)];
  } finally {
    clearTimeout(timer);
    limit.abort();
  }
}
