// Runs the built program the way a person does, by bin/touchpoint, and gives back what it said.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../../src/place.ts";

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Standard input is closed, so nothing can be asked. */
export function touchpoint(...args: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(join(packageRoot(), "bin", "touchpoint"), args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
  });
  return { status, stdout, stderr };
}
