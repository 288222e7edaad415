// The program behind ./scripts/demo: options, signals and exit status.
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { pino } from "pino";
import { createLog } from "../agent/log.ts";
import { EXIT, exitFor, explain } from "../cli/outcome.ts";
import { runDemo } from "./demo.ts";

/** An option's value as a whole number from `least` to `most`. */
function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`give a whole number from ${least} to ${most}`);
    return value;
  };
}

interface Given {
  readonly seconds?: number;
  readonly port: number;
  readonly auto: boolean;
  readonly seed?: number;
}

async function run({ seconds, port, auto, seed }: Given): Promise<number> {
  const stop = new AbortController();
  let asked = 0;
  const ask = (): void => {
    asked += 1;
    // Somebody who asks again will not wait for the orderly end.
    if (asked > 1) process.exit(130);
    stop.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, ask);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const log = createLog("warn", pino.destination({ fd: 2, sync: true }));
  const { lines, problems } = await runDemo({ seconds, port, auto, seed, signal: stop.signal, log, say });
  say("");
  for (const line of lines) say(`  ${line}`);
  for (const problem of problems) say(`  WRONG      ${problem}`);
  say(problems.length === 0 ? "  good: every journaled event reached the broker, once per seq" : "  not good");
  return problems.length === 0 ? EXIT.good : EXIT.failed;
}

// A terminal that was closed is no error; the demo still ends in order.
process.stdout.on("error", () => undefined);

const program = new Command("demo")
  .description("Runs the whole agent with a broker, a simulated pad and a drawn camera scene, and a page to press on.")
  .option("--seconds <n>", "end after this time with a summary", whole(1, 86_400))
  .option("--port <n>", "port of the page on 127.0.0.1; 0 takes a free one", whole(0, 65_535), 0)
  .option("--seed <n>", "draw and press another day", whole(0, 4_294_967_295))
  .option("--no-auto", "no auto-shopper: only you press")
  .showHelpAfterError()
  .exitOverride()
  .action(async (given: Given) => {
    process.exitCode = await run(given);
  });

try {
  await program.parseAsync(process.argv);
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? EXIT.good : EXIT.usage;
  else {
    process.stderr.write(`${explain(thrown)}\n`);
    process.exitCode = exitFor(thrown);
  }
}
