import { describe, expect, it } from "vitest";
import { FairPlaySettings } from "../../src/config/fair-play.ts";
import { judge } from "../../src/touchpoint/fair-play.ts";
import { EVENT_DATA } from "../../src/words/events.ts";
import { createShift, type Shift } from "./shift.ts";

const verdicts = (shift: Shift): [string, number][] =>
  shift.of("judgement").map(({ data }) => [data.verdict, data.presses.length]);
/** What a colleague's program reads back from the journal. */
const journaled = (shift: Shift) =>
  shift.timeline.map(({ atMs, fact }) => ({
    id: fact.id,
    type: fact.type,
    time: new Date(atMs).toISOString(),
    ...(fact.touchpoint === undefined ? {} : { touchpoint: fact.touchpoint }),
    data: fact.data as Record<string, unknown>,
  }));

describe("fair play", () => {
  it("judges the same button within the time a repeat, and keeps the press as it came", () => {
    const shift = createShift({ fairPlay: { name: "house", version: 3 }, zone: false });
    shift.press("4");
    shift.pass(1_999, 1_999);
    shift.press("4");
    shift.pass(2_000);
    shift.press("4");
    expect(shift.of("press").map(({ data }) => data.flags)).toEqual([[], [], []]);
    const [judged, ...others] = shift.of("judgement");
    expect(others).toEqual([]);
    expect(EVENT_DATA.judgement.parse(judged?.data)).toEqual({
      policy: "house/3",
      verdict: "repeat",
      presses: [shift.of("press")[1]?.id],
      reason: "button 4 again within 2000 ms",
    });
    expect(judged?.touchpoint).toBe("checkout");
  });

  it("sees a hand that sweeps over the pad, but not a rating with its reason", () => {
    const shift = createShift({ fairPlay: {}, zone: false });
    for (const button of ["1", "2", "3", "4"]) shift.press(button);
    expect(verdicts(shift)).toEqual([
      ["sweep", 3],
      ["sweep", 1],
    ]);
    const fair = createShift({ fairPlay: {}, zone: false });
    for (const button of ["2", "slow", "3"]) fair.press(button);
    expect(verdicts(fair)).toEqual([]);
  });

  it("sees more presses than there can be customers", () => {
    const shift = createShift({
      fairPlay: { repeatMs: 100, machineGun: { presses: 5, withinMs: 20_000 } },
      zone: false,
    });
    for (const button of ["1", "4", "1", "4", "1"]) {
      shift.press(button);
      shift.pass(3_000);
    }
    expect(verdicts(shift)).toEqual([]);
    shift.press("4");
    expect(verdicts(shift)).toEqual([["repeat", 6]]);
    expect(shift.of("judgement")[0]?.data.reason).toBe("6 presses of pad p1 within 20000 ms");
  });

  it("sees staff that pushes the green button at closing time, and not as many customers over an hour", () => {
    const shift = createShift({ fairPlay: {}, zone: false });
    for (let i = 0; i < 9; i += 1) {
      shift.press("4");
      shift.pass(5_000);
    }
    expect(verdicts(shift)).toEqual([
      ["repeat", 7],
      ["repeat", 1],
      ["repeat", 1],
    ]);
    expect(new Set(shift.of("judgement").flatMap(({ data }) => data.presses)).size).toBe(9);
    expect(shift.of("judgement")[0]?.data.reason).toBe("7 ratings of 4 on one pad within 60000 ms");
    const hour = createShift({ fairPlay: {}, zone: false });
    for (let i = 0; i < 40; i += 1) {
      hour.press("4");
      hour.pass(90_000, 10_000);
    }
    expect(verdicts(hour)).toEqual([]);
  });

  it("judges presses of a button that is held or bounces as `stuck`, one by one", () => {
    const shift = createShift({ fairPlay: {}, zone: false });
    shift.condition("4", "stuck");
    shift.press("4");
    shift.press("4");
    expect(verdicts(shift)).toEqual([
      ["stuck", 1],
      ["stuck", 1],
    ]);
  });

  it("remembers over a restart", () => {
    const shift = createShift({ fairPlay: {}, zone: false });
    shift.press("4");
    shift.restart();
    shift.press("4");
    expect(verdicts(shift)).toEqual([["repeat", 1]]);
  });
});

describe("nobody there", () => {
  // The zone: dwell 1 s, grace 1 s, 2 s before, 3 s after.
  it("judges a press while a live camera saw an empty zone, before and after", () => {
    const shift = createShift({ fairPlay: {} });
    shift.watch(3_000, 0);
    shift.press("4");
    expect(shift.of("press")[0]?.data.people).toBe(0);
    shift.watch(4_900, 0);
    expect(verdicts(shift)).toEqual([]);
    shift.watch(200, 0);
    expect(verdicts(shift)).toEqual([["unattended", 1]]);
  });

  it.each([
    ["somebody stood there", (shift: Shift) => shift.watch(3_000, 1), (shift: Shift) => shift.watch(9_000, 0)],
    ["somebody passed by just before", (shift: Shift) => shift.watch(500, 1), (shift: Shift) => shift.watch(9_000, 0)],
    [
      "somebody came right after, and stayed",
      (shift: Shift) => shift.watch(3_000, 0),
      (shift: Shift) => {
        shift.watch(1_500, 0);
        shift.watch(5_000, 1);
        shift.watch(9_000, 0);
      },
    ],
    ["no camera looked", (shift: Shift) => shift.pass(3_000), (shift: Shift) => shift.pass(9_000)],
    [
      "the camera went away before anybody could know",
      (shift: Shift) => shift.watch(3_000, 0),
      (shift: Shift) => {
        shift.watch(1_000, 0);
        shift.camera(false);
        shift.pass(9_000);
      },
    ],
    [
      "somebody had left only now",
      (shift: Shift) => {
        shift.watch(3_000, 1);
        shift.watch(5_000, 0);
      },
      (shift: Shift) => shift.watch(9_000, 0),
    ],
  ])("says nothing where %s", (_what, before, after) => {
    const shift = createShift({ fairPlay: {} });
    shift.watch(8_000, 0);
    before(shift);
    shift.press("4");
    after(shift);
    expect(verdicts(shift)).toEqual([]);
  });
});

describe("judged again from the journal", () => {
  const busy = (): Shift => {
    const shift = createShift({ fairPlay: {} });
    shift.watch(6_000, 0);
    shift.press("4");
    shift.watch(9_000, 0);
    shift.watch(4_000, 1);
    for (const button of ["1", "2", "3", "3"]) shift.press(button);
    shift.watch(3_000, 1);
    shift.watch(9_000, 0);
    for (let i = 0; i < 8; i += 1) {
      shift.press("4");
      shift.watch(2_500, 0);
    }
    shift.watch(20_000, 0);
    return shift;
  };

  it("gives with the same settings what was judged live", () => {
    const shift = busy();
    const again = judge(journaled(shift), FairPlaySettings.parse({}), shift.settings.touchpoints);
    expect(again).toEqual(shift.of("judgement").map(({ touchpoint, data }) => ({ touchpoint, ...data })));
    expect(new Set(again.map(({ verdict }) => verdict))).toEqual(new Set(["unattended", "sweep", "repeat"]));
  });

  it("gives with other settings what those say, over the same presses", () => {
    const shift = busy();
    const lenient = FairPlaySettings.parse({
      name: "lenient",
      repeatMs: 100,
      sweep: { buttons: 4 },
      burst: { presses: 60 },
      machineGun: { presses: 60 },
      unattended: false,
    });
    const again = judge(journaled(shift), lenient, shift.settings.touchpoints);
    expect(again.map(({ policy, verdict, presses }) => [policy, verdict, presses.length])).toEqual([
      ["lenient/1", "repeat", 1],
    ]);
  });

  it("a camera that went dark takes back what nobody claimed yet; one that was moved still looks", () => {
    const judged = (code: string) => {
      const press = { pad: "p1", button: "4", question: "visit", questionVersion: 2, value: 4, min: 1, max: 4 };
      const events = [
        {
          id: "a",
          type: "press",
          touchpoint: "checkout",
          time: "2026-11-23T12:00:00.000Z",
          data: { ...press, flags: [], people: 0 },
        },
        {
          id: "b",
          type: "health",
          time: "2026-11-23T12:00:01.000Z",
          data: { stage: "camera:door", state: "degraded", code },
        },
        { id: "c", type: "hologram", time: "2026-11-23T12:10:00.000Z", data: {} },
      ];
      return judge(events, FairPlaySettings.parse({}), createShift().settings.touchpoints).map(
        ({ verdict }) => verdict,
      );
    };
    expect([judged("CAMERA_DARK"), judged("CAMERA_MOVED")]).toEqual([[], ["unattended"]]);
  });

  it("is not put out by events that it cannot read", () => {
    const odd = [
      { id: "a", type: "press", time: "2026-11-23T12:00:00.000Z", touchpoint: "checkout", data: { value: "four" } },
      { id: "b", type: "hologram", time: "2026-11-23T12:00:00.000Z", data: {} },
      { id: "c", type: "health", time: "2026-11-23T12:00:00.000Z", data: { stage: 7 } },
    ];
    expect(judge(odd, FairPlaySettings.parse({}), createShift().settings.touchpoints)).toEqual([]);
  });
});
