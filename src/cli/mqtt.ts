// `touchpoint mqtt check`: the way to the broker, stage by stage; `mqtt renew`: a new certificate for it.
import type { Command } from "commander";
import { bootId } from "../clock/clock.ts";
import { loadConfig } from "../config/load.ts";
import { checkRenewed } from "../uplink/certificates.ts";
import { checkBroker } from "../uplink/check.ts";
import type { CheckResult } from "../uplink/check-result.ts";
import { installCertificate } from "../uplink/install.ts";
import { Fault } from "../words/errors.ts";
import { pemIn } from "./identity.ts";
import { registerMqttSign } from "./mqtt-sign.ts";
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
  mqtt
    .command("renew")
    .description("puts a new certificate and its key in place of the old ones; a running agent takes them by itself")
    .argument("<certificate>", "PEM file of the certificate, with its chain")
    .argument("<key>", "PEM file of its private key")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object")
    .action(renew);
  registerMqttSign(mqtt);
}

function renew(certificate: string, key: string, options: Options): void {
  const { broker, device } = brokerOf(options.config);
  const pair = { cert: pemIn(certificate).toString("utf8"), key: pemIn(key).toString("utf8") };
  const until = checkRenewed(pair.cert, device, Date.now());
  installCertificate(broker, pair);
  const told = { ok: true, certificate: broker.certFile, until };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(told)}\n`
      : `installed as ${broker.certFile}; ends on ${until}. A running agent takes it within seconds.\n`,
  );
}

/** @throws Fault CONFIG_INVALID where there is no broker */
function brokerOf(path: string) {
  const { config, file } = loadConfig(path);
  const { broker, site, device } = config.local;
  if (broker === undefined)
    throw new Fault("CONFIG_INVALID", `${file}: local.broker: no broker is configured; events stay in the journal`);
  return { broker, site, device };
}

async function check(options: Options): Promise<void> {
  const { broker, site, device } = brokerOf(options.config);
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
