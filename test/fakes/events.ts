// Envelopes for tests, benches and trials: valid by the schemas, told apart by their `mono`.
import { v7 as uuidv7 } from "uuid";
import type { EventData, EventType, Stamped } from "../../src/words/events.ts";

const DATA: EventData = {
  press: { pad: "p1", button: "4", question: "visit", questionVersion: 2, value: 4, min: 1, max: 4, flags: [] },
  contact: {
    camera: "door",
    zone: "till",
    start: "2026-11-22T09:14:07.311Z",
    end: "2026-11-22T09:14:09.311Z",
    durationMs: 2_000,
    people: 1,
    outcome: "silent",
    presses: [],
  },
  presence: { camera: "door", zone: "till", occupied: true, people: 1 },
  mood: {
    camera: "door",
    zone: "till",
    start: "2026-11-22T09:00:00.000Z",
    end: "2026-11-22T09:15:00.000Z",
    people: 2,
    observations: 9,
    k: 5,
    suppressed: true,
  },
  health: { stage: "pad:p1", state: "ok" },
  gap: { source: "pad", from: 3, to: 4, count: 2, reason: "the pad's counter jumped" },
  clock: {
    boot: "6f1c9a2e",
    fromMono: 0,
    toMono: 90_000.05,
    offsetMs: 1_763_800_000_000,
    uncertaintyMs: 129,
    reason: "boot",
  },
};

/** One envelope as it goes to the journal; `n` shows in `mono`. */
export function stamped(type: EventType, n: number, data: Stamped["data"] = DATA[type]): Stamped {
  return {
    v: 1,
    id: uuidv7(),
    type,
    time: new Date().toISOString(),
    tz: "Europe/Vilnius",
    clock: "synced",
    boot: "6f1c9a2e",
    mono: n,
    site: "vno-akropolis",
    device: "till-03",
    touchpoint: "checkout",
    data,
  };
}
