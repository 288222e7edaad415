// `touchpoint config`: check, show, schema; the verbs of init and of what comes by the broker are in files of their own.
import type { Command } from "commander";
import { stringify } from "yaml";
import { loadInForce } from "../config/in-force.ts";
import { configJsonSchema } from "../config/json-schema.ts";
import { loadConfig, type Mistake } from "../config/load.ts";
import { redact } from "../config/secret.ts";
import { Fault } from "../words/errors.ts";
import { registerConfigInit } from "./config-init.ts";
import { registerConfigRemote } from "./config-remote.ts";
import { CONFIG_OPTION, EXIT } from "./outcome.ts";

interface Options {
  readonly config: string;
  readonly json?: true;
}

export function registerConfig(program: Command): void {
  const config = program.command("config").description("check, show, describe or begin a configuration");
  config
    .command("check")
    .description("name every mistake with file, line and column; exit 78 when there is one")
    .option(...CONFIG_OPTION)
    .option("--json", "as JSON")
    .action(({ config: file, json }: Options) => {
      const { text, good } = checkReport(file, json === true);
      process.stdout.write(`${text}\n`);
      if (!good) process.exitCode = EXIT.config;
    });
  config
    .command("show")
    .description("what is in force: defaults included, secrets hidden")
    .option(...CONFIG_OPTION)
    .option("--json", "as JSON instead of YAML")
    .action(({ config: file, json }: Options) => {
      const { config: used, ...from } = loadInForce(file);
      const shown = redact(used);
      process.stdout.write(
        json === true ? `${JSON.stringify(shown, undefined, 2)}\n` : `${origin(from)}${stringify(shown)}`,
      );
    });
  config
    .command("schema")
    .description("the JSON Schema (draft 2020-12) of the file")
    .option(...CONFIG_OPTION)
    .option("--json", "the only format there is")
    .action(() => {
      process.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
    });
  registerConfigInit(config);
  registerConfigRemote(config);
}

/** Where the two parts come from, as comments. */
function origin({ file, version, hash, reasons, fault }: Omit<ReturnType<typeof loadInForce>, "config">): string {
  const fleet = version === 0 ? file : `the broker, version ${version}, ${hash}`;
  const why = fault === undefined ? reasons : [fault.message, ...reasons];
  const misfit = why.map((reason) => `# what came by the broker does not hold: ${reason}\n`);
  return `# local: ${file}\n# fleet: ${fleet}\n${misfit.join("")}`;
}

function checkReport(file: string, json: boolean): { text: string; good: boolean } {
  try {
    loadConfig(file);
    return { good: true, text: json ? JSON.stringify({ file, ok: true, mistakes: [] }) : `${file}: good` };
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.kind !== "config") throw thrown;
    const mistakes = (thrown.details.mistakes ?? []) as readonly Mistake[];
    if (json) return { good: false, text: JSON.stringify({ file, ok: false, ...thrown.toJSON(), mistakes }) };
    const lines = mistakes.map((mistake) => mistakeLine(file, mistake));
    return { good: false, text: [...(lines.length > 0 ? lines : [thrown.message]), `→ ${thrown.hint}`].join("\n") };
  }
}

/** `file:line:column path: message`, the form editors jump to. */
function mistakeLine(file: string, { line, column, path, message }: Mistake): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return `${place} ${path === "" ? "" : `${path}: `}${message}`;
}
