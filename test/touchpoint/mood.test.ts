// The emotional background: whose faces are read, how they weigh, and when nothing is told of them.
import { describe, expect, it } from "vitest";
import type { FaceSeen } from "../../src/words/inputs.ts";
import { CHECKOUT, createDay, face } from "./day.ts";

type Day = ReturnType<typeof createDay>;
const SETTINGS = { intervalMs: 60_000, k: 2 };
const moodOf = (day: Day) => day.of("mood")[0]?.data;

/** Watches, and fills the minute up with nobody. */
function minuteOf(day: Day, ...parts: [forMs: number, faces: FaceSeen[]][]) {
  const endMs = day.nowMs() + SETTINGS.intervalMs + 100;
  for (const [forMs, faces] of parts) day.watch(forMs, faces);
  day.watch(endMs - day.nowMs(), []);
  return moodOf(day);
}

describe("figures", () => {
  it("gives shares, valence and smile index of an interval, and how long it was covered", () => {
    const told = minuteOf(createDay([CHECKOUT], SETTINGS), [4_000, [face(0.75, 0.1), face(0.25, 0.6)]]);
    expect(told).toMatchObject({ people: 2, k: 2, suppressed: false, smile: 0.5, valence: 0.4, coveredMs: 60_000 });
    expect(told?.expressions).toMatchObject({ happiness: 0.5, neutral: 0.5 });
    expect(told).not.toHaveProperty("unread");
  });

  it("weighs people alike, however long they were read", () => {
    const told = minuteOf(
      createDay([CHECKOUT], SETTINGS),
      [2_000, [face(1, 0.1), face(0, 0.6)]],
      [30_000, [face(0, 0.6)]],
    );
    expect(told).toMatchObject({ people: 2, smile: 0.5 });
  });

  it("weighs the readings of one person by their time", () => {
    const half = (smile: number): [number, FaceSeen[]] => [5_000, [face(smile, 0.1), face(0, 0.6)]];
    const told = minuteOf(createDay([CHECKOUT], SETTINGS), half(1), half(0));
    expect(told?.smile).toBeCloseTo(0.25, 1);
  });

  it("says nothing about expressions below k people", () => {
    const told = minuteOf(createDay([CHECKOUT], SETTINGS), [20_000, [face()]]);
    expect(told).toMatchObject({ people: 1, suppressed: true });
    for (const key of ["smile", "valence", "expressions"]) expect(told).not.toHaveProperty(key);
  });

  describe("age and sex", () => {
    /** @param female share; `18-29` likewise */
    const visitor = (female: number, x: number, more: Partial<FaceSeen> = {}): FaceSeen => ({
      box: [x, 0.4, 0.1, 0.1],
      score: 0.9,
      ages: { "18-29": female, "60+": 1 - female },
      sexes: { female, male: 1 - female },
      ...more,
    });

    it("weigh as expressions do: by time for one person, then all people alike", () => {
      const day = createDay([CHECKOUT], SETTINGS);
      const half = (female: number): [number, FaceSeen[]] => [5_000, [visitor(female, 0.1), visitor(0.9, 0.6)]];
      const told = minuteOf(day, half(1), half(0), [20_000, [visitor(0.9, 0.6)]]);
      // A track is believed from its third frame on: 48 frames of 98. (48/98 + 0.9) / 2
      expect(told).toMatchObject({ people: 2, suppressed: false });
      for (const shares of [told?.ages, told?.sexes])
        expect(Object.values<number>(shares ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3);
      expect(told?.sexes?.female).toBeCloseTo(0.6949, 3);
      expect(told?.ages?.["18-29"]).toBeCloseTo(0.6949, 3);
      expect(told?.ages?.["60+"]).toBeCloseTo(0.3051, 3);
    });

    it("alone they bring no expression; beside expressions both are told, and without them neither has a field", () => {
      const bothOf = (more: Partial<FaceSeen>) =>
        minuteOf(createDay([CHECKOUT], SETTINGS), [4_000, [visitor(1, 0.1, more), visitor(0, 0.6, more)]]);
      const alone = bothOf({});
      for (const key of ["expressions", "valence", "smile"]) expect(alone).not.toHaveProperty(key);
      expect(bothOf({ expression: { happiness: 1 } })).toMatchObject({ smile: 1, sexes: { female: 0.5, male: 0.5 } });
      const off = minuteOf(createDay([CHECKOUT], SETTINGS), [4_000, [face(1, 0.1), face(0, 0.6)]]);
      for (const key of ["ages", "sexes"]) expect(off).not.toHaveProperty(key);
    });

    it("are not told below k people, and never of staff", () => {
      const few = minuteOf(createDay([CHECKOUT], SETTINGS), [20_000, [visitor(1, 0.1)]]);
      expect(few).toMatchObject({ people: 1, suppressed: true });
      for (const key of ["ages", "sexes"]) expect(few).not.toHaveProperty(key);
      const everywhere = {
        camera: "door",
        polygon: [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 1],
        ] as [number, number][],
      };
      const staffed = createDay([{ ...CHECKOUT, staffZones: [everywhere] }], SETTINGS);
      expect(minuteOf(staffed, [4_000, [visitor(1, 0.1), visitor(0, 0.6)]])).toMatchObject({ observations: 0 });
    });

    it("never reach the disk", () => {
      const day = createDay([CHECKOUT], SETTINGS);
      day.watch(4_000, [visitor(1, 0.4)]);
      day.press("4");
      day.watch(8_000, []);
      expect(JSON.stringify([day.keep, day.of("contact"), day.of("press")])).not.toMatch(/male|ages|18-29/);
    });
  });

  it("tells how many faces were not read, and why", () => {
    const { box, score } = face();
    const told = minuteOf(createDay([CHECKOUT], SETTINGS), [1_000, [{ box, score, unread: "blurred" }]]);
    expect(told).toMatchObject({ people: 0, observations: 0, suppressed: true, unread: { blurred: 10 } });
  });

  it("is off where emotion is not allowed, and of nobody where no camera looks", () => {
    const off = createDay();
    off.watch(70_000, [face()]);
    expect(off.of("mood")).toEqual([]);
    const day = createDay([CHECKOUT], SETTINGS);
    day.watch(10_000, [face()]);
    day.decide({ kind: "camera", camera: "door", live: false, atMs: day.nowMs() });
    day.pass(40_000);
    day.watch(1_000, [face()]);
    day.decide({ kind: "camera", camera: "door", live: false, atMs: day.nowMs() });
    day.pass(20_000);
    expect(moodOf(day)).toMatchObject({ people: 1, coveredMs: 10_800 });
  });
});

describe("people are a lower bound", () => {
  it("the fragments of one person's track are one person", () => {
    const day = createDay([CHECKOUT], SETTINGS);
    // Seen here, not seen for longer than a track lives, seen there: ten tracks.
    const parts = Array.from({ length: 10 }, (_, i): [number, FaceSeen[]][] => [
      [2_000, [face(0.9, i % 2 === 0 ? 0.1 : 0.7)]],
      [3_000, []],
    ]);
    expect(minuteOf(day, ...parts.flat())).toMatchObject({ people: 1, suppressed: true });
  });

  it("a lost camera makes nobody a second person", () => {
    const day = createDay([CHECKOUT], SETTINGS);
    for (let n = 0; n < 5; n += 1) {
      day.watch(3_000, [face()]);
      day.decide({ kind: "camera", camera: "door", live: false, atMs: day.nowMs() });
      day.pass(8_000);
    }
    day.watch(6_000, []);
    expect(moodOf(day)).toMatchObject({ people: 1, suppressed: true });
  });

  it("a glimpse is nobody: a detector's ghosts do not reach k", () => {
    const day = createDay([CHECKOUT], SETTINGS);
    const ghost: [number, FaceSeen[]][] = [
      [700, [face(0.9, 0.1), face(0.9, 0.6)]],
      [6_000, [face(0.9, 0.1)]],
    ];
    expect(minuteOf(day, ...ghost, ...ghost, ...ghost)).toMatchObject({ people: 1, suppressed: true });
  });

  it("one after another, with nobody in between, are several; closely behind one another they are told apart by nothing", () => {
    const apart: [number, FaceSeen[]][] = [
      [3_000, [face(1)]],
      [6_000, []],
    ];
    expect(minuteOf(createDay([CHECKOUT], SETTINGS), ...apart, ...apart, ...apart)).toMatchObject({ people: 3 });
  });

  it("who is next in the queue is somebody else, though the zone is never empty", () => {
    const day = createDay([CHECKOUT], SETTINGS);
    const [front, back] = [face(1, 0.1), face(0, 0.6)];
    const told = minuteOf(day, [5_000, [front, back]], [7_000, [back]], [5_000, [front, back]]);
    expect(told).toMatchObject({ people: 3 });
  });
});

describe("whose faces are not read", () => {
  const staffZone = {
    camera: "door",
    polygon: [
      [0, 0],
      [0.3, 0],
      [0.3, 1],
      [0, 1],
    ] as [number, number][],
  };

  it("a face in a place of staff, and from then on the same face beside it", () => {
    const day = createDay([{ ...CHECKOUT, staffZones: [{ ...staffZone, dwellMs: 1_000 }] }], { ...SETTINGS, k: 1 });
    const walk = Array.from({ length: 60 }, (_, i): [number, FaceSeen[]] => [100, [face(0.9, 0.1 + 0.005 * i)]]);
    const told = minuteOf(day, [2_000, [face(0.9, 0.1)]], ...walk, [5_000, [face(0.9, 0.4)]]);
    expect(told).toMatchObject({ people: 0, observations: 0, suppressed: true });
  });

  it("a face in a place of staff of the touchpoint beside it", () => {
    const bench = { id: "bench", staffZones: [{ ...staffZone, dwellMs: 60_000 }] };
    const day = createDay([CHECKOUT, bench], { ...SETTINGS, k: 1 });
    expect(minuteOf(day, [5_000, [face(0.9, 0.1)]])).toMatchObject({ people: 0, observations: 0 });
  });

  it("a face on somebody who is known as staff by the lines and queues", () => {
    const queue = {
      camera: "door",
      polygon: [
        [0.3, 0],
        [1, 0],
        [1, 1],
        [0.3, 1],
      ] as [number, number][],
    };
    const touchpoint = { ...CHECKOUT, queue, staffZones: [{ ...staffZone, dwellMs: 1_000 }] };
    const day = createDay([touchpoint], { ...SETTINGS, k: 1 });
    const see = (x: number, faces: FaceSeen[]): void => {
      day.setMs(day.nowMs() + 100);
      const persons = [{ box: [x, 0.3, 0.2, 0.6] as [number, number, number, number], score: 0.9 }];
      day.decide({ kind: "seen", camera: "door", atMs: day.nowMs(), faces, persons });
    };
    // Known by their back in the place of staff; the face shows only at the customers' side.
    for (let i = 0; i < 20; i += 1) see(0.05, []);
    for (let i = 0; i < 60; i += 1) see(0.05 + 0.005 * i, []);
    for (let i = 0; i < 30; i += 1) see(0.35, [face(0.9, 0.4)]);
    expect(minuteOf(day)).toMatchObject({ people: 0, observations: 0 });
  });

  it("a face in two zones counts in the first: two moods that differ by one person would tell of that one", () => {
    const second = { id: "bench", zone: { ...CHECKOUT.zone, camera: "door" } };
    const day = createDay([CHECKOUT, second], SETTINGS);
    day.watch(61_000, [face(0.75, 0.1), face(0.25, 0.6)]);
    expect(day.of("mood").map(({ touchpoint, data }) => [touchpoint, data.people])).toEqual([
      ["checkout", 2],
      ["bench", 0],
    ]);
  });
});

describe("what is kept", () => {
  it("nothing of it is on the disk, and a contact carries no expression", () => {
    const day = createDay([CHECKOUT], SETTINGS);
    day.watch(4_000, [face()]);
    day.watch(8_000, []);
    expect(JSON.stringify([day.keep, day.of("contact")])).not.toMatch(/happiness|smile|valence/);
  });

  it("an interval that a restart cuts is lost; at an orderly stop it is told as far as it went", () => {
    const first = createDay([CHECKOUT], SETTINGS);
    first.watch(30_000, [face(0.75, 0.1), face(0.25, 0.6)]);
    const second = createDay([CHECKOUT], SETTINGS, first.keep);
    second.watch(61_000, [face()]);
    expect(moodOf(second)).toMatchObject({ people: 1, suppressed: true });
    first.stop();
    expect(moodOf(first)).toMatchObject({ people: 2, suppressed: false, coveredMs: 29_900 });
  });
});
