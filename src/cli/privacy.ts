// `touchpoint privacy verify`: what is collected and why, and the proof that no picture is written or sent.
import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import type { Finding } from "../doctor/finding.ts";
import { thisMachine } from "../doctor/machine.ts";
import { packageRoot } from "../place.ts";
import { type Collected, collected } from "../privacy/collected.ts";
import { familyOf, judgeLive, writableFiles } from "../privacy/live.ts";
import { rehearse } from "../privacy/rehearse.ts";
import { table } from "./doctor.ts";
import { CONFIG_OPTION, EXIT } from "./outcome.ts";
import { wholeNumber } from "./serial.ts";

export function registerPrivacy(program: Command): void {
  program
    .command("privacy")
    .description("what is measured of people")
    .command("verify")
    .description("what is collected and why; proves on this device that no picture is written or sent; exit 1 if not")
    .option(...CONFIG_OPTION)
    .option("--seconds <n>", "how long a drawn scene is watched for the proof", wholeNumber, 20)
    .option("--json", "one JSON object")
    .action(verify);
}

async function verify(options: { config: string; seconds: number; json?: true }): Promise<void> {
  const { config } = loadConfig(options.config);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const says = collected(config);
  if (options.json !== true) process.stdout.write(collectedTable(says));
  const findings: Finding[] = [live(config.local.dataDir)];
  findings.push(
    ...(await rehearse({
      config,
      modelsDir: config.local.modelsDir ?? join(packageRoot(), "models"),
      program: join(packageRoot(), "bin", "touchpoint"),
      forMs: options.seconds * 1000,
      signal: stop.signal,
    })),
  );
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ collected: says, findings })}\n` : `\n${table(findings)}`,
  );
  if (findings.some(({ status }) => status === "failed")) process.exitCode = EXIT.failed;
}

/** The agent is whoever has the journal open. */
function live(dataDir: string): Finding {
  const [agent] = thisMachine.holders(join(dataDir, "journal.db"));
  if (agent === undefined) return judgeLive([], [], dataDir);
  const pids = familyOf(agent.pid);
  return judgeLive(pids, writableFiles(pids), realpathSync(dataDir));
}

function collectedTable(rows: readonly Collected[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  return `${rows.map(({ what, on, says }) => `${on ? "yes" : "no "}  ${what.padEnd(width)}  ${says}`).join("\n")}\n`;
}
