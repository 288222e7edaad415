// One sentence per event, the same in terminal and page.
import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { lineOf, sentenceOf } from "../../src/demo/sentence.ts";
import { type Envelope, EVENT_TYPES } from "../../src/words/events.ts";

const event = (type: string, data: Record<string, unknown>): Envelope => ({
  v: 1,
  id: uuidv7(),
  stream: "5b0f0a4e-2b60-4f0c-9d26-51f3a7f0c001",
  seq: 12,
  type,
  time: "2026-11-22T09:14:07.311Z",
  tz: "UTC",
  clock: "synced",
  boot: "b",
  mono: 1,
  site: "shop",
  device: "demo",
  data,
});
const span = { camera: "c", zone: "z", start: "2026-11-22T09:14:00.000Z", end: "2026-11-22T09:14:07.311Z" };
const press = { pad: "p", button: "4", question: "q", questionVersion: 1, value: 4, min: 1, max: 4, flags: [] };
const contact = { ...span, durationMs: 7311, people: 1, outcome: "answered", presses: ["a"] };

test.each<[string, Record<string, unknown>, string]>([
  ["press", press, "4 (1 to 4)"],
  ["press", { ...press, value: null, flags: ["stuck"] }, "reason “4”, stuck"],
  ["contact", contact, "answered: 1 person for 7.3 s, 1 press"],
  ["contact", { ...contact, outcome: "silent", people: 2, presses: [] }, "silent: 2 people for 7.3 s, no press"],
  ["contact", { ...contact, outcome: "cut" }, "cut: 1 person for 7.3 s, then nobody could say"],
  ["presence", { camera: "c", zone: "z", occupied: true, people: 2 }, "2 people at the till"],
  ["presence", { camera: "c", zone: "z", occupied: false, people: 0 }, "nobody at the till"],
  [
    "mood",
    { ...span, people: 1, observations: 3, k: 2, suppressed: true },
    "held back: 1 person in the interval, told from 2",
  ],
  [
    "mood",
    { ...span, people: 3, observations: 3, k: 2, suppressed: false, smile: 0.456, valence: -0.1 },
    "smile index 0.46, valence -0.10, 3 people",
  ],
  [
    "mood",
    { ...span, people: 2, observations: 3, k: 2, suppressed: false, smile: 0, valence: -0.004 },
    "smile index 0.00, valence 0.00, 2 people",
  ],
  ["health", { stage: "pad:p1", state: "degraded", message: "unplugged" }, "pad:p1 is degraded: unplugged"],
  [
    "clock",
    { boot: "6f1c9a2e", fromMono: 0, toMono: 9_000.05, offsetMs: 1_200, uncertaintyMs: 121, reason: "boot" },
    "earlier unsynced times are off by 1200 ms, now known to 121 ms",
  ],
  ["gap", { source: "pad", from: 3, to: 5, count: 3, reason: "counter-jump" }, "3 lost (pad): counter-jump"],
])("%s %o", (type, data, sentence) => {
  expect(sentenceOf(event(type, data))).toBe(sentence);
});

test("every type has a sentence for what it says, and data that is not understood leaves the type", () => {
  for (const type of [...EVENT_TYPES, "alert"]) expect(sentenceOf(event(type, { odd: true }))).toBe(type);
});

test("a line has time, seq and type", () => {
  expect(lineOf(event("press", press))).toBe("09:14:07.311     12  press     4 (1 to 4)");
});
