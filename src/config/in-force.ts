// The settings in force: the device's own file, and in the place of its fleet part what came by the broker.
import { asFault, type Fault } from "../words/errors.ts";
import { settingsHash } from "./canonical.ts";
import { withFleet } from "./desired.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import { readRemote } from "./remote-file.ts";
import type { RemoteRecord } from "./remote-record.ts";
import type { Config } from "./schema.ts";

export interface InForce {
  readonly config: Config;
  /** Of the fleet part; version 0 is the device's own file. */
  readonly version: number;
  readonly hash: string;
  /** Why the settings from the broker do not hold though they are kept. */
  readonly reasons: readonly string[];
}

/** A trial that was begun, else what was settled, else the file; the file also where they no longer go together. */
export function inForce(own: Config, { settled, trial }: RemoteRecord): InForce {
  // With every default, and as it would be after a way through JSON.
  const ownHash = settingsHash(JSON.parse(JSON.stringify(own.fleet)));
  const file = (reasons: readonly string[]): InForce => ({ config: own, version: 0, hash: ownHash, reasons });
  const desired = trial?.boot === undefined ? settled : trial;
  if (desired === undefined || !own.local.remoteConfig.accept) return file([]);
  const checked = withFleet(own, desired.fleet);
  if ("reasons" in checked) return file(checked.reasons);
  return { config: checked.config, version: desired.version, hash: desired.hash, reasons: [] };
}

/**
 * What a verb works by. Settings from the broker that cannot be read leave the file in force.
 * @throws Fault as `loadConfig`
 */
export function loadInForce(path: string): LoadedConfig & InForce & { readonly fault?: Fault } {
  const { file, config: own } = loadConfig(path);
  try {
    return { file, ...inForce(own, readRemote(own.local.dataDir)) };
  } catch (thrown) {
    return { file, ...inForce(own, { format: 1, failed: [] }), fault: asFault(thrown, "SETTINGS_KEPT") };
  }
}
