// A till for bad input: the real program with a good pad on a real pseudo-terminal beside whatever is bad.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openReader } from "../../../src/journal/read.ts";
import type { Envelope } from "../../../src/words/events.ts";
import { createFakePad } from "../../../test/fakes/pad.ts";
import { createCable } from "../../../test/fakes/pty.ts";
import { until } from "../../../test/fakes/until.ts";
import { type AgentOptions, type AgentProcess, type LogLine, STARTED, startAgent } from "../agent-process.ts";
import { journalFile, type TrialSettings, writeTrialConfig } from "../settings.ts";

/** Longest wait for what a trial expects, milliseconds: a silent broker is given up after ten seconds. */
const WITHIN_MS = 30_000;

export interface Till {
  readonly folder: string;
  readonly agent: AgentProcess;
  /** Presses the good pad; says whether the press was acknowledged. */
  buttonsGoOn(): Promise<string>;
  /** Says as which code the stage was reported degraded. */
  degraded(stage: string, after?: number): Promise<string>;
  /** Waits until the stage works. */
  works(stage: string, after?: number): Promise<void>;
  /** Does something bad and says with which code it was dropped. */
  dropping(act: () => void): Promise<string>;
  /** Events on disk now. */
  events(type: string): Envelope[];
}

export type TillSettings = Omit<TrialSettings, "folder"> & {
  /** Does something to the folder before the agent starts. */
  readonly before?: (folder: string) => void;
  readonly agent?: AgentOptions;
};

/** Starts a till, lets `trial` use it, and takes everything away again. */
export async function withTill<T>(settings: TillSettings, trial: (till: Till) => Promise<T>): Promise<T> {
  return await withFolder(async (folder) => {
    const ending: (() => Promise<unknown>)[] = [];
    try {
      settings.before?.(folder);
      const cable = await createCable();
      ending.push(cable.remove);
      const { local, ...rest } = settings;
      const pads = [{ id: "good", driver: "serial" as const, port: cable.agentEnd }, ...(local?.pads ?? [])];
      const config = writeTrialConfig({ ...rest, folder, local: { logLevel: "debug", ...local, pads } });
      const agent = startAgent(config, settings.agent);
      ending.push(() => agent.end("SIGKILL"));
      await agent.heard(({ msg }) => msg === STARTED, "it started");
      const pad = await createFakePad(cable.padEnd, "GOOD", "good");
      ending.push(pad.unplug);
      return await trial({
        folder,
        agent,
        async buttonsGoOn() {
          const before = pad.acknowledged.size;
          pad.press("1");
          await until(() => pad.acknowledged.size > before || !agent.running(), "the good press was acknowledged");
          return agent.running() ? "buttons go on" : "the agent ended";
        },
        degraded: async (stage, after = 0) => codeOf(await agent.heard(isDegraded(stage), `${stage} degraded`, after)),
        async works(stage, after = 0) {
          const fits = (line: LogLine): boolean => line.stage === stage && line.state === "ok";
          await agent.heard(fits, `${stage} works`, after, WITHIN_MS);
        },
        async dropping(act) {
          const after = agent.lines.length;
          act();
          return codeOf(await agent.heard(({ msg }) => msg === "input dropped", "it was dropped", after, WITHIN_MS));
        },
        events: (type) => eventsOf(folder, type),
      });
    } finally {
      for (const end of ending.reverse()) await end();
    }
  });
}

/** A folder for the time of a trial. */
export async function withFolder<T>(trial: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-bad-"));
  try {
    return await trial(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isDegraded(stage: string): (line: LogLine) => boolean {
  return (line) => line.stage === stage && line.state === "degraded";
}

function codeOf(line: LogLine): string {
  return line.code ?? line.fault?.code ?? "without a code";
}

function eventsOf(folder: string, type: string): Envelope[] {
  const reader = openReader(journalFile(folder));
  try {
    return [...reader.events({ types: [type] })].map(({ json }) => JSON.parse(json) as Envelope);
  } finally {
    reader.close();
  }
}
