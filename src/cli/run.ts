// `touchpoint run`: the daemon.
import type { Command } from "commander";
import { pino } from "pino";
import { runLives } from "../agent/lives.ts";
import { createLog } from "../agent/log.ts";
import { createLogTail } from "../agent/log-tail.ts";
import { loadConfig } from "../config/load.ts";
import { doctorAside } from "../doctor/aside.ts";
import { asFault } from "../words/errors.ts";
import { CONFIG_OPTION, EXIT, exitFor } from "./outcome.ts";

export function registerRun(program: Command): void {
  program
    .command("run")
    .description("run the agent until SIGTERM or SIGINT")
    .option(...CONFIG_OPTION)
    .option("--json", "one JSON object per log line (the only format there is)")
    .action(async ({ config: file }: { config: string }) => {
      const { config } = loadConfig(file);
      const tail = createLogTail();
      const log = createLog(config.local.logLevel, tail.through(pino.destination(1)));
      const stop = new AbortController();
      for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
      // A bug: say so and let the service manager start afresh; what is on disk is whole.
      const die = (thrown: unknown): never => {
        log.fatal({ error: thrown }, "bug");
        process.exit(EXIT.failed);
      };
      process.on("uncaughtException", die);
      process.on("unhandledRejection", die);
      try {
        await runLives(config, {
          signal: stop.signal,
          log,
          tail,
          doctor: (signal) => doctorAside(file, signal),
          // Only a service manager starts again what ended.
          ...(process.env.NOTIFY_SOCKET === undefined ? {} : { restart: () => stop.abort() }),
        });
      } catch (thrown) {
        log.fatal({ fault: asFault(thrown, "JOURNAL_OPEN") }, "agent could not go on");
        // Whatever was started before must not keep alive an agent that serves nobody.
        process.exit(exitFor(thrown));
      }
    });
}
