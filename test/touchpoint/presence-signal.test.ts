// Presence: said at the frame that decides it, debounced both ways, renewed while frames come, taken back when none can.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/touchpoint/decision.ts";
import { RENEW_MS, VALID_MS } from "../../src/touchpoint/presence-signal.ts";
import { CHECKOUT, createDay, face } from "./day.ts";

type Told = Extract<Effect, { kind: "presence" }>;
type Debounce = { enterMs?: number; leaveMs?: number };

function screen(debounce: Debounce = {}, steadyMs = 0) {
  const zone = { camera: "door", steadyMs };
  const day = createDay([{ ...CHECKOUT, zone, presence: debounce }]);
  const told: Told[] = [];
  const note = (effects: readonly Effect[]): Told[] => {
    const now = effects.filter((effect) => effect.kind === "presence");
    told.push(...now);
    return now;
  };
  const frame = (people: number, afterMs = 100): Told[] => {
    const atMs = day.nowMs() + afterMs;
    day.setMs(atMs);
    const faces = Array.from({ length: people }, () => face());
    return note(day.decide({ kind: "seen", camera: "door", atMs, faces, persons: [] }).atOnce);
  };
  const camera = (live: boolean): Told[] =>
    note(day.decide({ kind: "camera", camera: "door", live, atMs: day.nowMs() }).atOnce);
  return { day, told, frame, camera, stop: () => note(day.stop().atOnce) };
}
const occupied = (told: readonly Told[]) => told.map(({ presence }) => presence.occupied);
const ms = (text: string): number => Date.parse(text);

describe("enter and leave", () => {
  it("without debounce the very frame says it, and nothing of it is kept or journaled", () => {
    const { day, frame } = screen({ enterMs: 0, leaveMs: 0 });
    expect(occupied(frame(0))).toEqual([false]);
    expect(occupied(frame(1))).toEqual([true]);
    expect(occupied(frame(1))).toEqual([]);
    expect(occupied(frame(0))).toEqual([false]);
    expect(day.facts).toEqual([]);
    expect(Object.keys(day.keep)).toEqual([]);
  });

  it("is said when somebody was there for enterMs, since the first frame that saw them", () => {
    const { frame, told } = screen({ enterMs: 300 });
    for (const people of [1, 1, 1]) expect(frame(people)).toEqual([]);
    const [word] = frame(1);
    expect(word?.presence.occupied).toBe(true);
    expect(word?.turned).toBe(true);
    expect(ms(word?.presence.time ?? "") - ms(word?.presence.since ?? "")).toBe(300);
    expect(told).toHaveLength(1);
  });

  it("a frame that misses somebody does not begin the wait again; a box seen now and then is nobody", () => {
    const { frame } = screen({ enterMs: 300, leaveMs: 60_000 });
    for (const people of [1, 1, 0]) expect(frame(people)).toEqual([]);
    expect(occupied(frame(1))).toEqual([true]);
    const empty = screen({ enterMs: 300, leaveMs: 60_000 });
    for (const people of [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]) expect(empty.frame(people)).toEqual([]);
  });

  it("absence is said after leaveMs in which no frame saw anybody, since the first of them", () => {
    const { frame } = screen({ leaveMs: 300 });
    frame(1);
    for (const people of [0, 0, 0, 1, 0, 0, 0]) expect(frame(people)).toEqual([]);
    const [word] = frame(0);
    expect(word?.presence).toMatchObject({ occupied: false, people: 0 });
    expect(ms(word?.presence.time ?? "") - ms(word?.presence.since ?? "")).toBe(300);
  });

  it("between two frames of a slow camera nobody has left: time alone says nothing", () => {
    const { day, frame, told } = screen({ leaveMs: 300 });
    frame(1);
    day.pass(5_000);
    expect(occupied(told)).toEqual([true]);
  });
});

describe("how many", () => {
  it("tells more people as no turn, flicker left out", () => {
    const { frame } = screen({}, 500);
    for (const people of [1, 1, 1]) frame(people);
    for (const people of [2, 1, 1, 2, 1, 1]) expect(frame(people)).toEqual([]);
    const more = [2, 2, 2, 2].flatMap((people) => frame(people));
    expect(more.map(({ presence, turned }) => [presence.people, turned])).toEqual([[2, false]]);
  });
});

describe("how long it holds", () => {
  it("is renewed while frames come, valid for a time after its own frame", () => {
    const { frame, told } = screen({});
    for (let n = 0; n < 250; n += 1) frame(1);
    expect(told.map(({ turned }) => turned)).toEqual([true, false, false]);
    for (const { presence } of told) expect(ms(presence.validUntil) - ms(presence.time)).toBe(VALID_MS);
    expect(new Set(told.map(({ presence }) => presence.since)).size).toBe(1);
  });

  it("where no frame comes any more it is not renewed, whatever time passes", () => {
    const { day, frame, told } = screen({});
    frame(1);
    day.pass(VALID_MS * 2);
    expect(told).toHaveLength(1);
  });

  it("a lost camera makes it unknown at once, and the next frame decides anew", () => {
    const { frame, camera } = screen({ leaveMs: 0 });
    frame(1);
    const [lost] = camera(false);
    expect(lost?.presence).toMatchObject({ occupied: null, people: null });
    expect(lost?.turned).toBe(true);
    expect(camera(false)).toEqual([]);
    expect(occupied(frame(0))).toEqual([false]);
  });

  it("a start takes back what an earlier run said, and a stop what this one did", () => {
    const touchpoints = [
      { ...CHECKOUT, presence: {} },
      { id: "other", zone: { camera: "door" } },
    ];
    const started: Effect[] = [];
    const day = createDay(touchpoints);
    started.push(...day.first.atOnce);
    expect(started).toMatchObject([{ kind: "presence", touchpoint: "checkout", presence: { occupied: null } }]);
    const { frame, stop } = screen({});
    frame(1);
    expect(stop().map(({ presence, turned }) => [presence.occupied, turned])).toEqual([[null, true]]);
  });
});

describe("always", () => {
  const scene = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 20, max: 2_000 })), {
    minLength: 1,
    maxLength: 80,
  });
  it("what is said of every frame agrees with what frames saw over the debounce times", () => {
    fc.assert(
      fc.property(scene, fc.nat(1_500), fc.nat(1_500), (frames, enterMs, leaveMs) => {
        const { day, frame } = screen({ enterMs, leaveMs });
        const seen: { atMs: number; people: number }[] = [];
        let now: boolean | null = null;
        let saidMs = day.nowMs();
        for (const [people, afterMs] of frames) {
          const said = frame(people, afterMs);
          seen.push({ atMs: day.nowMs(), people });
          for (const { presence, turned } of said) {
            expect(turned).toBe(presence.occupied !== now);
            const since = day.nowMs() - (ms(presence.time) - ms(presence.since));
            const during = seen.filter(({ atMs }) => atMs >= since);
            if (turned && presence.occupied === true) {
              expect(day.nowMs() - since).toBeGreaterThanOrEqual(enterMs);
              expect(during.filter((one) => one.people > 0).length * 2).toBeGreaterThanOrEqual(during.length);
            }
            if (turned && presence.occupied === false) {
              expect(day.nowMs() - since).toBeGreaterThanOrEqual(leaveMs);
              expect(during.every((one) => one.people === 0)).toBe(true);
            }
            now = presence.occupied;
            saidMs = day.nowMs();
          }
          expect(day.nowMs() - saidMs).toBeLessThan(RENEW_MS);
          if (enterMs === 0 && people > 0) expect(now).toBe(true);
          if (leaveMs === 0 && people === 0) expect(now).toBe(false);
        }
      }),
    );
  });
});
