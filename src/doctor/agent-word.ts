// What the agent itself says of cameras: who paused them, and how those see that it has open. Read from its journal.
import { join } from "node:path";
import type { z } from "zod";
import { openReader } from "../journal/read.ts";
import { keptPause, PAUSE_KEY } from "../touchpoint/pauses.ts";
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
  const file = join(config.local.dataDir, "journal.db");
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
        const { time, data } = Envelope.parse(JSON.parse(json));
        const said = HealthData.safeParse(data);
        if (said.success) stages.set(said.data.stage, { ...said.data, time });
      }
    return { paused: new Map(paused), stages };
  } finally {
    reader.close();
  }
}
