// What the agent itself says of cameras: who paused them, and how those see that it has open. Read from its journal.
import { join } from "node:path";
import type { z } from "zod";
import { openReader } from "../journal/read.ts";
import { keptPause, PAUSE_KEY } from "../touchpoint/pauses.ts";
import { Fault } from "../words/errors.ts";
import { Envelope, HealthData } from "../words/events.ts";
import type { Patient } from "./finding.ts";

/** So many of the newest events are looked through for a camera's last word. */
const NEWEST = 5_000;

export interface AgentWord {
  /** By camera: who paused it and since when, in a sentence; whether the agent runs or not. */
  readonly paused: ReadonlyMap<string, string>;
  /** By stage: the last word of the agent that runs now; none where none is seen to run. */
  readonly stages: ReadonlyMap<string, z.infer<typeof HealthData> & { readonly time: string }>;
}

/** @throws Fault JOURNAL_OPEN, JOURNAL_DAMAGED, JOURNAL_NEWER where there is a journal that cannot be read */
export function readAgentWord({ config, machine }: Pick<Patient, "config" | "machine">): AgentWord {
  const { dataDir } = config.local;
  const file = join(dataDir, "journal.db");
  const folder = machine.place(dataDir);
  if (folder !== undefined && !folder.readable)
    throw new Fault("JOURNAL_OPEN", `${dataDir} may not be read: nobody knows whether a camera is paused`);
  const stages = new Map<string, z.infer<typeof HealthData> & { time: string }>();
  if (machine.place(file) === undefined) return { paused: new Map(), stages };
  const reader = openReader(file);
  try {
    const paused = Object.entries(reader.kept(PAUSE_KEY)).map(([key, value]): [string, string] => [
      key.slice(PAUSE_KEY.length),
      keptPause(value),
    ]);
    if (machine.holders(file).length > 0)
      for (const { type, json } of reader.last(NEWEST)) {
        if (type !== "health") continue;
        const event = Envelope.extend({ data: HealthData }).safeParse(parsed(json));
        if (event.success) stages.set(event.data.data.stage, { ...event.data.data, time: event.data.time });
      }
    return { paused: new Map(paused), stages };
  } finally {
    reader.close();
  }
}

/** A row may be damaged; another check says so. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
