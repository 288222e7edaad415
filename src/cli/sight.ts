// Which models a verb uses: those of the configuration, or those shipped with the program.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { loadInForce } from "../config/in-force.ts";
import { ReadingLimits } from "../config/reading.ts";
import type { Config } from "../config/schema.ts";
import { packageRoot } from "../place.ts";
import { Fault } from "../words/errors.ts";
import { CONFIG_OPTION, exitFor, explain } from "./outcome.ts";

export interface Sight {
  readonly modelsDir: string;
  readonly names: { readonly face: string; readonly person: string; readonly expression: string };
  readonly threads: number;
  /** Off which faces expressions are read where a touchpoint's figures are reckoned. */
  readonly limits: ReadingLimits;
  /** Undefined where no configuration was named and the default file does not exist. */
  readonly config: Config | undefined;
}

/** Models named on the command line, instead of those of the configuration. */
export interface ModelChoice {
  readonly modelsDir?: string;
  readonly face?: string;
  readonly person?: string;
  readonly expression?: string;
}

/** Adds the options of {@link ModelChoice} to a verb. */
export function chooseModels(command: Command): Command {
  return command
    .option(...MODELS_DIR_OPTION)
    .option("--face <name>", "face model, by its name in the manifest")
    .option("--person <name>", "person model, by its name in the manifest")
    .option("--expression <name>", "expression model, by its name in the manifest");
}

export const MODELS_DIR_OPTION = ["--models-dir <folder>", "folder with manifest.json and the models"] as const;

/**
 * @param file as given by --config; a default file that does not exist is no fault: models can be tried before anything
 * is configured
 * @throws Fault CONFIG_*
 */
export function sightOf(file: string, choice: ModelChoice = {}): Sight {
  const config = file === CONFIG_OPTION[2] && !existsSync(file) ? undefined : loadInForce(file).config;
  const vision = config?.local.vision;
  return {
    modelsDir: choice.modelsDir ?? config?.local.modelsDir ?? join(packageRoot(), "models"),
    names: {
      face: choice.face ?? vision?.face ?? "face-320x192",
      person: choice.person ?? vision?.person ?? "person-320x192",
      expression: choice.expression ?? vision?.expression ?? "expression-48",
    },
    threads: vision?.threads ?? 1,
    limits: vision?.reading ?? ReadingLimits.parse({}),
    config,
  };
}

/** Says what went wrong on standard error and sets the exit status; a bug is thrown on. */
export function sayFault(thrown: unknown): void {
  if (!(thrown instanceof Fault)) throw thrown;
  process.exitCode = exitFor(thrown);
  console.error(explain(thrown));
}
