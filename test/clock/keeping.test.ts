import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reading } from "../../src/clock/clock.ts";
import { readClocks } from "../../src/clock/clock.ts";
import {
  beginKeeping,
  Keeping,
  loseSource,
  monoOf,
  observe,
  type Repair,
  STEP_MS,
  timeOf,
  vouch,
} from "../../src/clock/keeping.ts";

const DAY_MS = 86_400_000;
/** UTC of the moment this machine started, in truth. */
const BOOT_MS = Date.UTC(2026, 10, 22, 9, 0, 0);

function at(ms: number, unixMs: number): Reading {
  return { ms, unixMs, sharp: true };
}

/** What a server makes of an event: the last repair that means it, added to its own time. */
function repaired(event: { mono: number; unixMs: number; clock: string }, repairs: readonly Repair[]) {
  const means = ({ fromMono, toMono }: Repair): boolean => event.mono >= fromMono && event.mono <= toMono;
  const repair = event.clock === "unsynced" ? repairs.findLast(means) : undefined;
  return { unixMs: event.unixMs + (repair?.offsetMs ?? 0), repair };
}

describe("a boot without a clock", () => {
  it("counts on from whatever the machine says, marked, and gets one repair for all of it when time comes", () => {
    let keeping = beginKeeping("b1", at(20_000, 20_000));
    expect(timeOf(keeping, 15_000)).toEqual({ unixMs: 15_000, clock: "unsynced" });
    keeping = observe(keeping, at(60_000, 60_001)).keeping;
    const stepped = observe(keeping, at(61_000, BOOT_MS + 61_000));
    expect(stepped.steppedMs).toBeGreaterThan(50 * 365 * DAY_MS);
    const { keeping: synced, repairs } = vouch(keeping, at(61_000, BOOT_MS + 61_000));
    expect(repairs).toEqual([
      { boot: "b1", fromMono: 0, toMono: 61_000.05, offsetMs: BOOT_MS, uncertaintyMs: 127, reason: "boot" },
    ]);
    // What happened before, and is told only now, needs no repair.
    expect(timeOf(synced, 15_000)).toEqual({ unixMs: BOOT_MS + 15_000, clock: "synced" });
  });

  it("has a repair of its own for each part where the clock was set by hand meanwhile", () => {
    const byHandMs = BOOT_MS - 7 * 60_000;
    let keeping = beginKeeping("b1", at(1_000, 1_000));
    keeping = observe(keeping, at(50_000, byHandMs + 50_000)).keeping;
    expect(timeOf(keeping, 49_000).unixMs).toBe(49_000);
    expect(timeOf(keeping, 51_000)).toEqual({ unixMs: byHandMs + 51_000, clock: "unsynced" });
    const { repairs } = vouch(keeping, at(90_000, BOOT_MS + 90_000));
    expect(repairs.map(({ fromMono, toMono, offsetMs }) => [fromMono, toMono, offsetMs])).toEqual([
      [0, 50_000.05, BOOT_MS],
      [50_000.05, 90_000.05, 7 * 60_000],
    ]);
  });

  it("is not believed where it says a time before this program existed, whoever vouches", () => {
    const keeping = beginKeeping("b1", at(1_000, 1_000));
    expect(vouch(keeping, at(2_000, 2_000))).toEqual({ keeping, repairs: [] });
  });

  it("says so, without a shift, where the clock chip was right all along", () => {
    const keeping = beginKeeping("b1", at(1_000, BOOT_MS + 1_000));
    const { repairs } = vouch(keeping, at(30_000, BOOT_MS + 30_000));
    expect(repairs.map(({ offsetMs }) => offsetMs)).toEqual([0]);
  });
});

describe("a step of a synced clock", () => {
  const synced = vouch(beginKeeping("b1", at(0, BOOT_MS)), at(10_000, BOOT_MS + 10_000)).keeping;

  it.each([
    ["ten years ahead", 3_652 * DAY_MS],
    ["one day back", -DAY_MS],
    ["one leap second", -1_000],
  ])("%s: time is held until it is confirmed, and events from then on are marked", (_, byMs) => {
    const { keeping, steppedMs } = observe(synced, at(20_000, BOOT_MS + 20_000 + byMs));
    expect(steppedMs).toBe(byMs);
    expect(timeOf(keeping, 21_000)).toEqual({ unixMs: BOOT_MS + 21_000, clock: "unsynced" });
    expect(timeOf(keeping, 19_000)).toEqual({ unixMs: BOOT_MS + 19_000, clock: "synced" });

    // The time client sets it right: nothing moves, and the doubt is over.
    const undone = vouch(keeping, at(30_000, BOOT_MS + 30_000));
    expect(undone.repairs).toMatchObject([{ fromMono: 20_000.05, toMono: 30_000.05, offsetMs: 0, reason: "step" }]);
    // Or the step was the time client's own: what came in between moves with it.
    const confirmed = vouch(keeping, at(30_000, BOOT_MS + 30_000 + byMs));
    expect(confirmed.repairs).toMatchObject([{ offsetMs: byMs, reason: "step" }]);
    expect(timeOf(confirmed.keeping, 31_000)).toEqual({ unixMs: BOOT_MS + 31_000 + byMs, clock: "synced" });
  });

  it("slewing is none, however long it goes on", () => {
    let keeping = synced;
    // chrony at its fastest: 83 ms in a second, on a machine whose boottime is not slewed along.
    for (let s = 1; s <= 600; s += 1) {
      const seen = observe(keeping, at(10_000 + s * 1_000, BOOT_MS + 10_000 + s * 1_083));
      expect(seen.steppedMs).toBe(0);
      keeping = seen.keeping;
    }
    expect(timeOf(keeping, 610_000)).toEqual({ unixMs: BOOT_MS + 10_000 + 600 * 1_083, clock: "synced" });
  });

  it("a reading in which the process was held up says nothing", () => {
    const held = { ms: 20_000, unixMs: BOOT_MS + 25_000, sharp: false };
    expect(observe(synced, held)).toEqual({ keeping: synced, steppedMs: 0 });
    const times = [0, 5_000, 6_000, 6_001];
    const reading = readClocks(
      () => times.shift() ?? 0,
      () => BOOT_MS,
    );
    expect(reading).toEqual({ ms: 6_001, unixMs: BOOT_MS, sharp: true });
  });

  it("a source that was lost for hours puts the clock in doubt without moving it", () => {
    const lost = loseSource(synced, at(40_000, BOOT_MS + 40_000));
    expect(timeOf(lost, 41_000)).toEqual({ unixMs: BOOT_MS + 41_000, clock: "unsynced" });
    expect(loseSource(lost, at(50_000, BOOT_MS + 50_000))).toBe(lost);
    expect(vouch(lost, at(60_000, BOOT_MS + 63_000)).repairs).toMatchObject([
      { offsetMs: 3_000, reason: "source-lost" },
    ]);
  });

  it("is kept on disk whole", () => {
    const { keeping } = observe(synced, at(20_000, BOOT_MS));
    expect(Keeping.parse(JSON.parse(JSON.stringify(keeping)))).toEqual(keeping);
  });
});

/** Daylight saving begins and ends; each moment is UTC. */
const TRANSITIONS: [string, string][] = [
  ["Europe/Vilnius", "2026-03-29T01:00:00.000Z"],
  ["Europe/Vilnius", "2026-10-25T01:00:00.000Z"],
  ["Australia/Sydney", "2026-04-04T16:00:00.000Z"],
  ["Australia/Sydney", "2026-10-03T16:00:00.000Z"],
];

describe("daylight saving", () => {
  it.each(TRANSITIONS)("%s at %s: no step, no doubt, and time goes on in UTC", (zone, moment) => {
    const hourAt = (unixMs: number): number =>
      Number(
        new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }).format(
          new Date(unixMs),
        ),
      );
    const changeMs = Date.parse(moment);
    // The people's clock does jump here, or the test shows nothing.
    expect((hourAt(changeMs) - hourAt(changeMs - 1_000) + 24) % 24).not.toBe(1);
    let keeping = vouch(beginKeeping("b1", at(0, changeMs - 60_000)), at(1, changeMs - 59_999)).keeping;
    let before = 0;
    for (let ms = 1_000; ms <= 120_000; ms += 1_000) {
      const seen = observe(keeping, at(ms, changeMs - 60_000 + ms));
      expect(seen.steppedMs).toBe(0);
      keeping = seen.keeping;
      const { unixMs, clock } = timeOf(keeping, ms);
      expect([clock, unixMs > before]).toEqual(["synced", true]);
      before = unixMs;
    }
  });
});

type Happening =
  | { kind: "press"; ageMs: number }
  | { kind: "set"; byMs: number }
  | { kind: "source"; word: "synced" | "lost" }
  | { kind: "restart" };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("press" as const), ageMs: fc.constantFrom(0, 3, 900, 40_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      byMs: fc.oneof(fc.integer({ min: 1_000, max: 4e11 }), fc.integer({ min: -4e11, max: -1_000 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("source" as const),
      word: fc.constantFrom("synced" as const, "lost" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
);

describe("whatever happens to the clock", () => {
  it("every event, repaired, is within its uncertainty of the truth, and a synced one is right by itself", () => {
    const days = fc.array(fc.tuple(fc.integer({ min: 1, max: 600_000 }), happening), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(days, fc.constantFrom(0, BOOT_MS - 400 * DAY_MS, BOOT_MS), (day, startsAt) => {
        let ms = 5_000;
        let wallMs = startsAt + ms;
        let keeping = beginKeeping("b1", at(ms, wallMs));
        const repairs: Repair[] = [];
        const events: { mono: number; atMs: number; unixMs: number; clock: string }[] = [];
        const setByNtp = (): void => {
          wallMs = BOOT_MS + ms;
          keeping = observe(keeping, at(ms, wallMs)).keeping;
          const vouched = vouch(keeping, at(ms, wallMs));
          keeping = vouched.keeping;
          repairs.push(...vouched.repairs);
        };
        for (const [laterMs, what] of day) {
          ms += laterMs;
          wallMs += laterMs;
          if (what.kind === "set") wallMs += what.byMs;
          keeping = observe(keeping, at(ms, wallMs)).keeping;
          if (what.kind === "restart") keeping = Keeping.parse(JSON.parse(JSON.stringify(keeping)));
          if (what.kind === "source" && what.word === "synced") setByNtp();
          if (what.kind === "source" && what.word === "lost") keeping = loseSource(keeping, at(ms, wallMs));
          if (what.kind !== "press") continue;
          const atMs = Math.max(0, ms - what.ageMs);
          events.push({ mono: monoOf(atMs), atMs, ...timeOf(keeping, atMs) });
        }
        ms += 1_000;
        setByNtp();
        for (const event of events) {
          const { unixMs, repair } = repaired(event, repairs);
          expect(event.clock === "synced" || repair !== undefined).toBe(true);
          const error = Math.abs(unixMs - (BOOT_MS + event.atMs));
          expect(error).toBeLessThanOrEqual(repair?.uncertaintyMs ?? STEP_MS);
        }
      }),
      { numRuns: 300 },
    );
  });
});
