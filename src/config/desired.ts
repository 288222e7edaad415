// Judges a message on `config`: the same, refused with every reason, or fit to be tried. Pure.
import { z } from "zod";
import { DesiredSettings } from "../words/fleet-settings.ts";
import { settingsHash } from "./canonical.ts";
import { checkConfig } from "./load.ts";
import { widened } from "./privacy-ceiling.ts";
import type { RemoteRecord } from "./remote-record.ts";
import type { Config } from "./schema.ts";
import { redactText } from "./secret.ts";

/** Largest document, bytes. */
export const MAX_BYTES = 131_072;
/** Most reasons that are said of one document, and characters of each. */
const MOST_REASONS = 20;
const REASON_LENGTH = 300;

export type Judgement =
  | { readonly do: "nothing" }
  | {
      readonly do: "refuse";
      /** What could be read of the document. */
      readonly of: { readonly version?: number; readonly hash?: string; readonly by?: string };
      readonly reasons: readonly string[];
    }
  | { readonly do: "try"; readonly desired: DesiredSettings; readonly config: Config };

/** @param own what the device's own file says: its `local` holds, and its `fleet` is the ceiling of privacy */
export function judgeDesired(payload: Buffer, record: RemoteRecord, own: Config): Judgement {
  // Somebody removed the retained document: nothing is wanted, and what holds goes on.
  if (payload.length === 0) return { do: "nothing" };
  const desired = read(payload);
  if (Array.isArray(desired)) return { do: "refuse", of: {}, reasons: desired };
  const { version, hash, by } = desired;
  const refuse = (...reasons: string[]): Judgement => ({ do: "refuse", of: { version, hash, by }, reasons });
  const { settled, verdict } = record;
  if (hash === (record.trial ?? settled)?.hash) return { do: "nothing" };
  const failed = record.failed.find((one) => one.hash === hash);
  if (failed !== undefined)
    return verdict?.hash === hash && verdict.version === version
      ? { do: "nothing" }
      : refuse("these settings were rolled back before and are not tried again", ...failed.reasons);
  if (settled !== undefined && version <= settled.version)
    return refuse(`version: ${version} is not above ${settled.version}, which is in force`);
  const checked = withFleet(own, desired.fleet);
  if ("reasons" in checked) return refuse(...checked.reasons);
  // After the check, which bounds the depth of what is hashed.
  const real = settingsHash(desired.fleet);
  if (real !== hash) return refuse(`hash: that of the settings is ${real}`);
  return { do: "try", desired, config: checked.config };
}

/** The device's own settings with another fleet part, or every reason why they do not go together. */
export function withFleet(own: Config, fleet: unknown): { readonly config: Config } | { readonly reasons: string[] } {
  const checked = checkConfig({ ...own, fleet });
  if ("mistakes" in checked) return { reasons: asReasons(checked.mistakes) };
  const wider = widened(own.fleet, checked.config.fleet);
  if (wider.length === 0) return checked;
  return { reasons: asReasons(wider.map(({ path, message }) => ({ path: `fleet.${path}`, message }))) };
}

/** The document, or the reasons why it is none. */
function read(payload: Buffer): DesiredSettings | string[] {
  if (payload.length > MAX_BYTES) return [`${payload.length} bytes are more than ${MAX_BYTES}`];
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return ["it is no JSON in UTF-8"];
  }
  const body = DesiredSettings.safeParse(value);
  if (body.success) return body.data;
  return asReasons(body.error.issues.map(({ path, message }) => ({ path: z.core.toDotPath(path), message })));
}

function asReasons(mistakes: readonly { readonly path: string; readonly message: string }[]): string[] {
  const said = new Set(
    mistakes.map(({ path, message }) =>
      redactText(path === "" ? message : `${path}: ${message}`).slice(0, REASON_LENGTH),
    ),
  );
  const reasons = [...said];
  const more = reasons.length - MOST_REASONS;
  return more > 0 ? [...reasons.slice(0, MOST_REASONS), `and ${more} more`] : reasons;
}
