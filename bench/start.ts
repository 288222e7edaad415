// Prints how long the whole agent takes to start and to publish with a million presses waiting, and the memory that costs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { STARTED, startAgent } from "../scripts/trials/agent-process.ts";
import { statusKib } from "../scripts/trials/processes.ts";
import { DEVICE, journalFile, ROOT, SITE, TOUCHPOINT, writeTrialConfig } from "../scripts/trials/settings.ts";
import { readMachine } from "../src/journal/machine.ts";
import { packageRoot } from "../src/place.ts";
import { startMosquitto } from "../test/fakes/mosquitto.ts";
import { fillJournal } from "./backlog.ts";
import { tell } from "./figure.ts";

const BACKLOG = 1_000_000;
/** How long the agent drains before its memory is read, milliseconds. */
const DRAIN_MS = 10_000;

interface Start {
  readonly startedMs: number;
  readonly publishedMs: number;
  readonly rssMb: number;
  readonly peakMb: number;
}

const out = join(packageRoot(), "out");
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "bench-start-"));
try {
  const empty = await start("empty", 0);
  const full = await start("million", BACKLOG);
  const grownMb = full.peakMb - empty.peakMb;
  for (const [name, { startedMs, publishedMs, rssMb, peakMb }] of Object.entries({ empty, million: full }))
    console.log(
      `${name.padEnd(8)} started in ${startedMs.toFixed(0)} ms, first press at the broker after ${publishedMs.toFixed(0)} ms, ` +
        `memory after ${DRAIN_MS / 1000} s ${rssMb.toFixed(0)} MB, most ${peakMb.toFixed(0)} MB`,
    );
  console.log(`with ${BACKLOG} waiting events the most memory grew by ${grownMb.toFixed(0)} MB`);
  const told = { bare: `${empty.startedMs.toFixed(0)} ms empty`, aim: "< 2000 ms" };
  const time = (ms: number) => ({ ours: `${ms.toFixed(0)} ms`, met: ms < 2_000 });
  tell({ name: "start with a million events waiting", ...time(full.startedMs), ...told });
  tell({ name: "first publish with a million waiting", ...time(full.publishedMs), aim: "< 2000 ms" });
  tell({
    name: "memory growth with a million waiting",
    ours: `${grownMb.toFixed(0)} MB`,
    aim: "< 40 MB",
    met: grownMb < 40,
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One start of the real program, spawn to its own word, with this many presses waiting. */
async function start(name: string, waiting: number): Promise<Start> {
  const home = join(folder, name);
  mkdirSync(home);
  // At least one, so that there is something to publish.
  await fillJournal(journalFile(home), readMachine(), Math.max(1, waiting), {
    site: SITE,
    device: DEVICE,
    touchpoint: TOUCHPOINT,
  });
  const broker = await startMosquitto();
  try {
    const listener = spawn("mosquitto_sub", [
      "-h",
      "127.0.0.1",
      "-p",
      `${broker.port}`,
      "-q",
      "1",
      "-C",
      "1",
      "-t",
      `${ROOT}/event/press`,
    ]);
    const arrived = once(listener.stdout, "data");
    // The subscription is quicker than the agent's start by far; were it not, the figure would only be worse.
    await wait(300);
    const config = writeTrialConfig({ folder: home, brokerUrl: broker.url });
    const from = performance.now();
    const agent = startAgent(config);
    try {
      await agent.heard(({ msg }) => msg === STARTED, "it started");
      const startedMs = performance.now() - from;
      await arrived;
      const publishedMs = performance.now() - from;
      await wait(DRAIN_MS);
      return { startedMs, publishedMs, rssMb: memory(agent.pid, "VmRSS"), peakMb: memory(agent.pid, "VmHWM") };
    } finally {
      await agent.end("SIGKILL");
      listener.kill("SIGKILL");
    }
  } finally {
    await broker.dispose();
  }
}

/** Megabytes. */
function memory(pid: number, field: string): number {
  return (statusKib(pid, field) ?? Number.NaN) / 1024;
}
