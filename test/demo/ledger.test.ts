// The ledger counts each event once, whatever the order and repetition in which it arrives.
import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { Ledger } from "../../src/demo/ledger.ts";
import type { Envelope } from "../../src/words/events.ts";

const STREAM = "5b0f0a4e-2b60-4f0c-9d26-51f3a7f0c001";

function event(seq: number, type = "press", data: Record<string, unknown> = {}, device = "demo"): Envelope {
  const time = "2026-11-22T09:14:07.311Z";
  const place = { site: "shop", device };
  return {
    v: 1,
    id: uuidv7(),
    stream: STREAM,
    seq,
    type,
    time,
    tz: "UTC",
    clock: "synced",
    boot: "b",
    mono: 1,
    ...place,
    data,
  };
}

test("any order with any repetition counts as many events as there are seqs", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 120 }), (seqs) => {
      const ledger = new Ledger();
      const fresh = seqs.filter((seq) => ledger.take(event(seq)));
      const distinct = new Set(seqs);
      expect(new Set(fresh)).toEqual(distinct);
      expect(fresh).toHaveLength(distinct.size);
      expect(ledger.figures()).toMatchObject({ events: distinct.size, repeats: seqs.length - distinct.size });
      const whole = distinct.size === 0 || Math.max(...distinct) === distinct.size;
      expect(ledger.ofStream("demo", STREAM)).toEqual({ count: distinct.size, whole });
    }),
  );
});

test("the same seq of another device is another event", () => {
  const ledger = new Ledger();
  expect(ledger.take(event(1))).toBe(true);
  expect(ledger.take(event(1, "press", {}, "other"))).toBe(true);
  expect(ledger.ofStream("demo", STREAM).count).toBe(1);
});

test("contacts are counted by outcome, presence is the last word, mood the last that may be told", () => {
  const at = { camera: "c", zone: "z", start: "2026-11-22T09:14:07.311Z", end: "2026-11-22T09:14:09.311Z" };
  const contact = { ...at, durationMs: 2000, people: 1, presses: [] };
  const mood = { ...at, people: 3, observations: 9, k: 2, suppressed: false, smile: 0.4, valence: 0.2 };
  const ledger = new Ledger();
  for (const [i, [type, data]] of (
    [
      ["contact", { ...contact, outcome: "answered" }],
      ["contact", { ...contact, outcome: "silent" }],
      ["contact", { ...contact, outcome: "silent" }],
      ["contact", { ...contact, outcome: "unheard of" }],
      ["presence", { camera: "c", zone: "z", occupied: true, people: 2 }],
      ["mood", mood],
      ["mood", { ...at, people: 1, observations: 4, k: 2, suppressed: true }],
      ["some-later-type", { any: "thing" }],
    ] as const
  ).entries())
    ledger.take(event(i + 1, type, data));
  expect(ledger.figures()).toEqual({
    events: 8,
    repeats: 0,
    presses: 0,
    contacts: { answered: 1, silent: 2, cut: 0 },
    mood: { people: 3, smile: 0.4, valence: 0.2 },
    moodsHeldBack: 1,
    present: 2,
  });
});
