// The agent as `touchpoint run` starts it, but quick to come back: a trial of hundreds of outages takes minutes, not hours.
import { parseArgs } from "node:util";
import { runAgent } from "../../src/agent/agent.ts";
import { createLog } from "../../src/agent/log.ts";
import { exitFor } from "../../src/cli/outcome.ts";
import { loadConfig } from "../../src/config/load.ts";
import { asFault } from "../../src/words/errors.ts";
import { IMPATIENT } from "./impatience.ts";

const { values } = parseArgs({ options: { config: { type: "string", default: "" } }, allowPositionals: true });
const { config } = loadConfig(values.config);
const log = createLog(config.local.logLevel);
const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
try {
  await runAgent(config, { signal: stop.signal, log, uplinkTimings: IMPATIENT });
} catch (thrown) {
  log.fatal({ fault: asFault(thrown, "JOURNAL_OPEN") }, "agent could not go on");
  process.exitCode = exitFor(thrown);
}
