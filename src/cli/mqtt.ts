// `touchpoint mqtt check`: the way to the broker, stage by stage.
import type { Command } from "commander";
import { bootId } from "../clock/clock.ts";
import { loadConfig } from "../config/load.ts";
import { checkBroker } from "../uplink/check.ts";
import type { CheckResult } from "../uplink/check-result.ts";
import { Fault } from "../words/errors.ts";
import { CONFIG_OPTION, EXIT } from "./outcome.ts";

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `mqtt` with its verbs. */
export function registerMqtt(program: Command): void {
  const mqtt = program.command("mqtt").description("the central broker");
  mqtt
    .command("check")
    .description("name, port, TLS, login, right to publish, round trip; ends with 1 where one fails")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object")
    .action(check);
}

async function check(options: Options): Promise<void> {
  const { config, file } = loadConfig(options.config);
  const { broker, site, device } = config.local;
  if (broker === undefined)
    throw new Fault("CONFIG_INVALID", `${file}: local.broker: no broker is configured; events stay in the journal`);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const results: CheckResult[] = [];
  for await (const result of checkBroker({ broker, site, device, boot: bootId() }, stop.signal)) {
    results.push(result);
    if (options.json !== true) process.stdout.write(`${line(result)}\n`);
  }
  const ok = results.every((result) => result.ok);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ok, stages: results })}\n`);
  process.exitCode = ok ? EXIT.good : EXIT.failed;
}

function line({ stage, ok, warning, text, hint }: CheckResult): string {
  const verdict = ok ? (warning === true ? "warn  " : "ok    ") : "FAILED";
  const said = `${stage.padEnd(12)} ${verdict}  ${text}`;
  return hint === undefined ? said : `${said}\n${" ".repeat(21)}→ ${hint}`;
}
