// `touchpoint config remote` and `forget-remote`: what came by the broker, and how to be rid of it.
import type { Command } from "commander";
import { inForce } from "../config/in-force.ts";
import { loadConfig } from "../config/load.ts";
import { forgetRemote, readRemote } from "../config/remote-file.ts";
import { CONFIG_OPTION } from "./outcome.ts";

interface Options {
  readonly config: string;
  readonly json?: true;
}

export function registerConfigRemote(config: Command): void {
  config
    .command("remote")
    .description("which fleet settings came by the broker, and what became of them")
    .option(...CONFIG_OPTION)
    .option("--json", "as JSON")
    .action(({ config: file, json }: Options) => {
      const report = remoteReport(file);
      process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : `${lines(report).join("\n")}\n`);
    });
  config
    .command("forget-remote")
    .description("drop what came by the broker: the file holds from the agent's next start on")
    .option(...CONFIG_OPTION)
    .option("--json", "as JSON")
    .action(({ config: file, json }: Options) => {
      const { dataDir, remoteConfig } = loadConfig(file).config.local;
      forgetRemote(dataDir);
      const next = remoteConfig.accept
        ? "start the agent anew; what the broker still keeps comes again, unless local.remoteConfig.accept is false"
        : "start the agent anew";
      process.stdout.write(json === true ? `${JSON.stringify({ file, forgotten: true })}\n` : `forgotten; ${next}\n`);
    });
}

function remoteReport(file: string) {
  const { config: own } = loadConfig(file);
  const record = readRemote(own.local.dataDir);
  const { version, hash, reasons } = inForce(own, record);
  return {
    file,
    accepted: own.local.remoteConfig.accept,
    running: { version, hash },
    // Kept, but not in force: why.
    ...(reasons.length > 0 ? { misfit: reasons } : {}),
    ...(record.verdict === undefined ? {} : { last: record.verdict }),
    failed: record.failed.map((one) => one.hash),
  };
}

function lines({ file, accepted, running, misfit = [], last, failed }: ReturnType<typeof remoteReport>): string[] {
  return [
    running.version === 0 ? `in force: ${file}` : `in force: version ${running.version}, ${running.hash}`,
    ...(accepted ? [] : ["none are taken: local.remoteConfig.accept is false"]),
    ...misfit.map((reason) => `does not fit the file: ${reason}`),
    ...(last === undefined
      ? ["nothing came by the broker"]
      : [`last: version ${last.version ?? "?"} by ${last.by} ${last.state} since ${last.since}`]),
    ...(last?.reasons ?? []).map((reason) => `  ${reason}`),
    ...failed.map((hash) => `not tried again: ${hash}`),
  ];
}
