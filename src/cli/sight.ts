// Which models a verb uses: those of the configuration, or those shipped with the program.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { packageRoot } from "../place.ts";
import { FAULTS, Fault } from "../words/errors.ts";

export const DEFAULT_CONFIG = "/etc/touchpoint/touchpoint.yaml";

export interface Sight {
  readonly modelsDir: string;
  readonly names: { readonly face: string; readonly person: string; readonly expression: string };
  readonly threads: number;
  /** Undefined where no configuration was named and the default file does not exist. */
  readonly config: Config | undefined;
}

/**
 * @param file as given by --config; without it the default file where there is one
 * @throws Fault CONFIG_*
 */
export function sightOf(file: string | undefined): Sight {
  const path = file ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
  const config = path === undefined ? undefined : loadConfig(path).config;
  const vision = config?.local.vision;
  return {
    modelsDir: config?.local.modelsDir ?? join(packageRoot(), "models"),
    names: {
      face: vision?.face ?? "face-320x192",
      person: vision?.person ?? "person-320x192",
      expression: vision?.expression ?? "expression-48",
    },
    threads: vision?.threads ?? 1,
    config,
  };
}

/** Says what went wrong on standard error, as a sentence and a hint, and sets the exit status: 78 for configuration. */
export function sayFault(thrown: unknown, json: boolean): void {
  if (!(thrown instanceof Fault)) throw thrown;
  process.exitCode = FAULTS[thrown.code].kind === "config" ? 78 : 1;
  console.error(
    json ? JSON.stringify({ error: thrown.toJSON() }) : `${thrown.code}: ${thrown.message}\n  ${thrown.hint}`,
  );
}
