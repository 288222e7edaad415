// How every verb ends: exit status, and what a person reads when something is wrong.
import { Fault } from "../words/errors.ts";

export const EXIT = { good: 0, failed: 1, usage: 2, config: 78 } as const;

/** Exit status for what was thrown. */
export function exitFor(thrown: unknown): number {
  return thrown instanceof Fault && thrown.kind === "config" ? EXIT.config : EXIT.failed;
}

/** Code, sentence, each mistake of a configuration, and the hint; a stack only for a bug. */
export function explain(thrown: unknown): string {
  if (!(thrown instanceof Fault)) return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  const { mistakes } = thrown.details as {
    mistakes?: readonly { line: number; column: number; path: string; message: string }[];
  };
  const rest = (mistakes ?? [])
    .slice(1)
    .map(({ line, column, path, message }) => `  ${line}:${column} ${path === "" ? "" : `${path}: `}${message}`);
  return [`${thrown.code}: ${thrown.message}`, ...rest, `→ ${thrown.hint}`].join("\n");
}

/** Option text of --config, the same for every verb. */
export const CONFIG_OPTION = ["--config <file>", "configuration file", "/etc/touchpoint/touchpoint.yaml"] as const;
