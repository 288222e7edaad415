// `touchpoint doctor`: every check a technician would make, with a hint for each that fails.
import { join } from "node:path";
import type { Command } from "commander";
import { loadInForce } from "../config/in-force.ts";
import type { Mistake } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { CHECKS } from "../doctor/checks/all.ts";
import { examine, type Finding, failed, failedBy, type Status } from "../doctor/finding.ts";
import { thisMachine } from "../doctor/machine.ts";
import { packageRoot } from "../place.ts";
import { Fault } from "../words/errors.ts";
import { CONFIG_OPTION, EXIT } from "./outcome.ts";

/** Longest time a check gets, milliseconds; a network camera needs most of it. */
const LIMIT_MS = 25_000;

const MARK: Record<Status, string> = { ok: "ok     ", warn: "WARN   ", failed: "FAILED ", skipped: "skipped" };

export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .description(
      "check configuration, machine, pads, cameras, models, journal, broker and service; exit 1 when one fails",
    )
    .option(...CONFIG_OPTION)
    .option("--json", "as JSON")
    .action(async ({ config: file, json }: { config: string; json?: true }) => {
      const findings = await visit(file);
      process.stdout.write(json === true ? `${JSON.stringify(findings)}\n` : table(findings));
      if (findings.some(({ status }) => status === "failed")) process.exitCode = EXIT.failed;
    });
}

/** Without a configuration nothing else can be judged: which pads, which cameras, which broker. */
async function visit(file: string): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = loadInForce(file).config;
  } catch (thrown) {
    return [failedBy("config", thrown), ...mistakes(thrown)];
  }
  const modelsDir = config.local.modelsDir ?? join(packageRoot(), "models");
  return await examine(CHECKS, { config, modelsDir, machine: thisMachine }, LIMIT_MS);
}

/** The first mistake is in the sentence of the fault itself. */
function mistakes(thrown: unknown): Finding[] {
  const listed = thrown instanceof Fault ? ((thrown.details.mistakes ?? []) as readonly Mistake[]) : [];
  return listed
    .slice(1)
    .map(({ line, column, path, message }) =>
      failed("config", `line ${line}:${column} ${path}: ${message}`, "Mend it too."),
    );
}

/** Findings as a person reads them. */
export function table(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, status, message, hint }) => [
    `${MARK[status]}  ${name.padEnd(width)}  ${message}`,
    ...(hint === undefined ? [] : [`${" ".repeat(width + 11)}→ ${hint}`]),
  ]);
  const count = (status: Status): number => findings.filter((finding) => finding.status === status).length;
  return `${lines.join("\n")}\n${count("ok")} ok, ${count("warn")} warnings, ${count("failed")} failed, ${count("skipped")} skipped\n`;
}
