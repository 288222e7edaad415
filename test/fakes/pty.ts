// A real pair of pseudo-terminals through socat: what one end writes the other reads, like a cable.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { which } from "../../src/supervise/child.ts";
import { until } from "./until.ts";

export interface Cable {
  /** Path for the agent. */
  readonly agentEnd: string;
  /** Path for the pad. */
  readonly padEnd: string;
  /** Pulls the cable: both ends vanish. */
  pull(): Promise<void>;
  /** Plugs it in again under the same paths. */
  plug(): Promise<void>;
  remove(): Promise<void>;
}

/** Whether socat is here to make cables of. */
export const CABLES = which("socat") !== undefined;

export async function createCable(): Promise<Cable> {
  const folder = await mkdtemp(join(tmpdir(), "touchpoint-cable-"));
  const agentEnd = join(folder, "agent");
  const padEnd = join(folder, "pad");
  let socat: ChildProcess | undefined;
  const pull = async (): Promise<void> => {
    const child = socat;
    socat = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await until(() => child.exitCode !== null || child.signalCode !== null, "socat ended");
  };
  const plug = async (): Promise<void> => {
    socat = spawn("socat", [`pty,raw,echo=0,link=${agentEnd}`, `pty,raw,echo=0,link=${padEnd}`], { stdio: "ignore" });
    await until(() => existsSync(agentEnd) && existsSync(padEnd), "pseudo-terminals appeared");
  };
  await plug();
  return {
    agentEnd,
    padEnd,
    pull,
    plug,
    remove: async () => {
      await pull();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
