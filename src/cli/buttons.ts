// `touchpoint buttons watch`: every press of every pad, live, without touching the journal.
import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { runPads } from "../agent/pads.ts";
import { createBoottime } from "../clock/clock.ts";
import { loadConfig } from "../config/load.ts";
import { createHealth } from "../health/health.ts";
import { CONFIG_OPTION } from "./outcome.ts";

export function registerButtons(program: Command): void {
  const buttons = program.command("buttons").description("pads, buttons and readers");
  buttons
    .command("watch")
    .description("show every press, live; presses are not acknowledged, so a pad keeps them for the agent")
    .option(...CONFIG_OPTION)
    .option("--pad <id>", "only this pad")
    .option("--seconds <n>", "stop by itself", Number)
    .option("--json", "one JSON object per line")
    .action(async (options: { config: string; pad?: string; seconds?: number; json?: boolean }) => {
      const { config } = loadConfig(options.config);
      const stop = new AbortController();
      process.once("SIGINT", () => stop.abort());
      process.once("SIGTERM", () => stop.abort());
      const timer = options.seconds === undefined ? undefined : setTimeout(() => stop.abort(), options.seconds * 1000);
      const say = (fields: Record<string, unknown>): void => {
        const { pad, what, ...rest } = fields;
        const details = Object.entries(rest).map(
          ([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`,
        );
        process.stdout.write(
          options.json === true ? `${JSON.stringify(fields)}\n` : `${pad}  ${what}  ${details.join("  ")}\n`,
        );
      };
      const clock = createBoottime();
      const health = createHealth(clock.nowMs, (stage, { state, code, message, hint }) =>
        say({ pad: stage.replace(/^pad:/, ""), what: state, ...(code === undefined ? {} : { code, message, hint }) }),
      );
      const pads = config.local.pads.filter((pad) => options.pad === undefined || pad.id === options.pad);
      const running = runPads(pads, {
        signal: stop.signal,
        health,
        nowMs: clock.nowMs,
        session: randomBytes(4).toString("hex"),
        input: ({ kind, pad, ...rest }) => {
          running.port(pad)?.indicate("felt", pad);
          say({ pad, what: kind, ...rest });
        },
        dropped: (pad, fault) => say({ pad, what: "dropped", code: fault.code, message: fault.message }),
        simulated: () => undefined,
      });
      await running.ended;
      clearTimeout(timer);
    });
}
