// Visits, occupancy and queues as the engine says them: restarts, nights, staff, lost cameras.
import { describe, expect, it } from "vitest";
import type { TouchpointConfig } from "../../src/config/schema.ts";
import { EVENT_DATA } from "../../src/words/events.ts";
import type { Box, PersonSeen } from "../../src/words/inputs.ts";
import { createDay } from "./day.ts";

type Input = Parameters<typeof createDay>[0] extends readonly (infer T)[] | undefined ? T : never;
type Way = readonly (readonly [x: number, y: number])[];

const left: TouchpointConfig["staffZones"][number]["polygon"] = [
  [0, 0],
  [0.3, 0],
  [0.3, 1],
  [0, 1],
];
const DOOR: Input = { id: "hall", lines: [{ id: "door", camera: "door", from: [0.5, 1], to: [0.5, 0] }] };
const boxAt = ([x, y]: readonly [number, number]): Box => [x - 0.05, y - 0.25, 0.1, 0.5];

function openDay(touchpoint: Input = DOOR, ...rest: [Record<string, unknown>?, Parameters<typeof createDay>[3]?]) {
  const [kept = {}, clock = {}] = rest;
  const day = createDay([touchpoint], undefined, kept, clock, { timezone: "Europe/Vilnius" });
  const look = (persons: readonly PersonSeen[], camera = "door"): void => {
    day.setMs(day.nowMs() + 100);
    day.decide({ kind: "seen", camera, atMs: day.nowMs(), faces: [], persons: [...persons] });
    day.decide({ kind: "tick", atMs: day.nowMs() });
  };
  return {
    ...day,
    /** Nobody is seen. */
    empty: (forMs: number) => {
      for (let ms = 0; ms < forMs; ms += 100) look([]);
    },
    /** People walk through their points together, a tenth of a second and 2 % of the picture a step. */
    walk: (...ways: Way[]) => {
      const paths = ways.map(stepsOf);
      for (let i = 0; i < Math.max(...paths.map(({ length }) => length)); i += 1)
        look(paths.flatMap((path) => (path[i] === undefined ? [] : [{ box: boxAt(path[i] ?? [0, 0]), score: 0.9 }])));
    },
    stay: (at: readonly [number, number], forMs: number) => {
      for (let ms = 0; ms < forMs; ms += 100) look([{ box: boxAt(at), score: 0.9 }]);
    },
    visits: () => day.of("visit").map(({ data }) => [data.direction, data.occupancy]),
  };
}

function stepsOf(way: Way): [number, number][] {
  return way.slice(1).flatMap(([toX, toY], i) => {
    const [x, y] = way[i] ?? [toX, toY];
    const steps = Math.max(1, Math.round(Math.hypot(toX - x, toY - y) / 0.02));
    return Array.from({ length: steps }, (_, s): [number, number] => [
      x + ((toX - x) * (s + 1)) / steps,
      y + ((toY - y) * (s + 1)) / steps,
    ]);
  });
}
const inwards: Way = [
  [0.9, 0.5],
  [0.1, 0.5],
];
const outwards: Way = [
  [0.1, 0.5],
  [0.9, 0.5],
];

describe("visits", () => {
  it("say line, direction and how many are inside after it, and nothing of who it was", () => {
    const day = openDay();
    day.walk(inwards);
    day.empty(2_000);
    day.walk(inwards, [
      [0.92, 0.3],
      [0.1, 0.3],
    ]);
    day.empty(2_000);
    day.walk(outwards);
    expect(day.visits()).toEqual([
      ["in", 1],
      ["in", 2],
      ["in", 3],
      ["out", 2],
    ]);
    for (const { type, data } of day.of("visit")) {
      expect(EVENT_DATA[type].strict().safeParse(data).success).toBe(true);
      expect(data).toMatchObject({ camera: "door", line: "door" });
    }
  });

  it("are counted by lines of their own camera and kind only", () => {
    const day = openDay({ ...DOOR, lines: [{ id: "door", camera: "other", from: [0.5, 1], to: [0.5, 0] }] });
    day.walk(inwards);
    expect(day.of("visit")).toEqual([]);
    const faces = openDay({
      ...DOOR,
      lines: [{ id: "door", camera: "door", from: [0.5, 1], to: [0.5, 0], by: "face" }],
    });
    faces.walk(inwards);
    expect(faces.of("visit")).toEqual([]);
  });

  it("are nobody's when the camera is away: who was in view is followed no longer, who is inside stays inside", () => {
    const day = openDay();
    day.walk(inwards);
    day.empty(2_000);
    day.walk([
      [0.9, 0.5],
      [0.6, 0.5],
    ]);
    day.decide({ kind: "camera", camera: "door", live: false, atMs: day.nowMs() });
    day.walk([
      [0.4, 0.5],
      [0.1, 0.5],
    ]);
    day.empty(2_000);
    day.walk(outwards);
    expect(day.visits()).toEqual([
      ["in", 1],
      ["out", 0],
    ]);
  });
});

describe("staff", () => {
  it("who stays in a place of staff crosses no line afterwards", () => {
    const day = openDay({ ...DOOR, staffZones: [{ camera: "door", polygon: left, dwellMs: 1_000 }] });
    day.stay([0.15, 0.5], 2_000);
    day.walk([
      [0.15, 0.5],
      [0.9, 0.5],
    ]);
    expect(day.of("visit")).toEqual([]);
    day.empty(3_000);
    day.walk([
      [0.1, 0.5],
      [0.9, 0.5],
    ]);
    // Only passing through it, 0.8 s: a customer.
    expect(day.visits()).toEqual([["out", 0]]);
  });

  it("a line of staff counts nobody, and marks who crossed it", () => {
    const office = { id: "office", camera: "door", from: [0.8, 1], to: [0.8, 0], staff: true } as const;
    const day = openDay({ ...DOOR, lines: [...(DOOR.lines ?? []), { ...office, from: [0.8, 1], to: [0.8, 0] }] });
    day.walk([
      [0.95, 0.5],
      [0.1, 0.5],
    ]);
    expect(day.of("visit")).toEqual([]);
    day.empty(2_000);
    day.walk([
      [0.75, 0.5],
      [0.1, 0.5],
    ]);
    expect(day.visits()).toEqual([["in", 1]]);
  });
});

describe("occupancy", () => {
  it("goes on over a restart, and over another boot", () => {
    const day = openDay();
    day.walk(inwards);
    const after = openDay(DOOR, day.keep, { boot: "b2", startsMs: Date.UTC(2026, 10, 22, 10) });
    after.walk(inwards);
    expect(after.visits()).toEqual([["in", 2]]);
  });

  it("begins anew at 04:00 of the shop, and the reset says what it found", () => {
    const day = openDay();
    day.walk(inwards);
    day.empty(2_000);
    day.walk(inwards);
    day.empty(2_000);
    day.walk(outwards);
    const afterMidnight = openDay(DOOR, day.keep, { startsMs: Date.UTC(2026, 10, 23, 1) });
    afterMidnight.pass(1_000);
    expect(afterMidnight.of("occupancy")).toEqual([]);
    // 04:16 in Vilnius; the agent may have been off at four.
    const morning = openDay(DOOR, afterMidnight.keep, { startsMs: Date.UTC(2026, 10, 23, 2) });
    morning.pass(1_000);
    expect(morning.of("occupancy").map(({ data }) => data)).toMatchObject([
      { day: "2026-11-22", in: 2, out: 1, drift: 1, unmet: 0 },
    ]);
    morning.walk(inwards);
    expect(morning.visits()).toEqual([["in", 1]]);
    const again = openDay(DOOR, morning.keep, { startsMs: Date.UTC(2026, 10, 23, 3) });
    again.pass(1_000);
    expect(again.of("occupancy")).toEqual([]);
  });

  it("is never below nobody: who leaves an empty shop had come in unseen, and that is said at night", () => {
    const day = openDay();
    day.walk(outwards);
    day.empty(2_000);
    day.walk(inwards);
    expect(day.visits()).toEqual([
      ["out", 0],
      ["in", 1],
    ]);
    const next = openDay(DOOR, day.keep, { startsMs: Date.UTC(2026, 10, 23, 9) });
    next.pass(200);
    expect(next.of("occupancy")[0]?.data).toMatchObject({ in: 1, out: 1, drift: 0, unmet: 1 });
  });

  it("is not reset by a clock that nobody vouches for and that is years back, nor broken by what cannot be read", () => {
    const day = openDay();
    day.walk(inwards);
    const lost = openDay(DOOR, day.keep, { boot: "b2", clock: "unsynced", startsMs: 0 });
    lost.pass(1_000);
    expect(lost.of("occupancy")).toEqual([]);
    lost.walk(inwards);
    expect(lost.visits()).toEqual([["in", 2]]);
    const broken = openDay(DOOR, { "occupancy:hall": { inside: -3 } });
    broken.walk(inwards);
    expect(broken.visits()).toEqual([["in", 1]]);
  });
});

describe("queues", () => {
  const service: TouchpointConfig["staffZones"][number]["polygon"] = [
    [0.7, 0],
    [1, 0],
    [1, 1],
    [0.7, 1],
  ];
  const queue = { camera: "door", polygon: left, intervalS: 60 };
  const TILL: Input = { id: "till", queue: { ...queue, service } };
  const told = (day: ReturnType<typeof openDay>) => day.of("queue").map(({ data }) => data);

  it("have a length over the time watched, and waits of those who went on to the service", () => {
    const day = openDay(TILL);
    day.stay([0.15, 0.5], 20_000);
    day.walk([
      [0.15, 0.5],
      [0.8, 0.5],
    ]);
    day.empty(40_000);
    const [figures] = told(day);
    expect(figures).toMatchObject({ camera: "door", zone: "till", maxLength: 1, waits: 1, gaveUp: 0, lost: 0 });
    expect(Math.abs((figures?.meanWaitMs ?? 0) - 20_800)).toBeLessThan(500);
    expect(Math.abs((figures?.meanLength ?? 0) - 20.8 / 60)).toBeLessThan(0.03);
    expect(figures?.watchedMs).toBeGreaterThan(59_000);
    expect(EVENT_DATA.queue.strict().safeParse(figures).success).toBe(true);
  });

  it("who leaves for elsewhere gave up, who is lost from view is no wait, who passes through is neither", () => {
    const day = openDay(TILL);
    day.stay([0.15, 0.3], 5_000);
    day.walk([
      [0.15, 0.3],
      [0.5, 0.3],
    ]);
    day.stay([0.5, 0.3], 6_000);
    day.empty(3_000);
    day.stay([0.15, 0.6], 5_000);
    day.empty(3_000);
    day.walk([
      [0.02, 0.5],
      [0.9, 0.5],
    ]);
    day.stop();
    expect(told(day)).toMatchObject([{ waits: 0, gaveUp: 1, lost: 1 }]);
    expect(told(day)[0]).not.toHaveProperty("meanWaitMs");
  });

  it("without a place of service everybody who leaves has waited; a step aside is no leaving", () => {
    const day = openDay({ id: "till", queue });
    day.stay([0.2, 0.5], 5_000);
    day.walk([
      [0.2, 0.5],
      [0.34, 0.5],
      [0.2, 0.5],
    ]);
    day.stay([0.2, 0.5], 5_000);
    day.walk([
      [0.2, 0.5],
      [0.9, 0.5],
    ]);
    day.empty(3_000);
    day.stop();
    expect(told(day)).toMatchObject([{ waits: 1, gaveUp: 0, lost: 0 }]);
    expect(told(day)[0]?.meanWaitMs).toBeGreaterThan(10_000);
  });

  it("say nothing of time in which nobody looked", () => {
    const day = openDay(TILL);
    day.stay([0.15, 0.5], 10_000);
    day.decide({ kind: "camera", camera: "door", live: false, atMs: day.nowMs() });
    day.pass(120_000);
    const [first, ...others] = told(day);
    expect(first).toMatchObject({ waits: 0, lost: 1, maxLength: 1, meanLength: 1 });
    expect(first?.watchedMs).toBeLessThan(10_100);
    expect(others).toEqual([]);
  });

  it("are not lengthened by staff", () => {
    const day = openDay({ ...TILL, staffZones: [{ camera: "door", polygon: left }] });
    day.stay([0.15, 0.5], 30_000);
    day.stop();
    expect(told(day)).toMatchObject([{ maxLength: 0, meanLength: 0, waits: 0, lost: 0 }]);
  });
});
