// Who may close a camera and open it again, for how long, over restarts, clocks that jump and clocks that nobody vouches for.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/touchpoint/decision.ts";
import { keptPause } from "../../src/touchpoint/pauses.ts";
import type { PauseInput } from "../../src/words/inputs.ts";
import { CHECKOUT, createDay, face } from "./day.ts";

const CAMERAS = [{ id: "door", pause: { pad: "p1", button: "off" } }, { id: "yard" }];
const MINUTE = 60_000;
type Clock = Parameters<typeof createDay>[3];

function createShop(kept: Record<string, unknown> = {}, clock: Clock = {}, cameras = CAMERAS) {
  const day = createDay([CHECKOUT], undefined, kept, clock, { cameras });
  const say = (input: Omit<PauseInput, "kind" | "atMs">) => day.decide({ kind: "pause", atMs: day.nowMs(), ...input });
  return {
    ...day,
    mqtt: (action: "pause" | "resume", more: Partial<PauseInput> = {}) =>
      say({ action, by: "ops", via: "mqtt", ...more }),
    http: (action: "pause" | "resume", more: Partial<PauseInput> = {}) =>
      say({ action, by: "till", via: "http", ...more }),
    /** Every audit so far, in a few words. */
    audits: () =>
      day.of("audit").map(({ data: { action, target, by, via, paused } }) => {
        return `${action.slice(7)} ${target.slice(7)} ${by} ${via}${paused ? "" : " open"}`;
      }),
    paused: () => Object.keys(day.keep).flatMap((key) => (key.startsWith("pause:") ? [key.slice(6)] : [])),
  };
}

const pauses = (effects: readonly Effect[]) => effects.flatMap((one) => (one.kind === "pause" ? [one] : []));

describe("a pause", () => {
  it("closes at once, opens only after the commit, and each is an audit", () => {
    const shop = createShop();
    const closed = shop.mqtt("pause", { cameras: ["door"], minutes: 30 });
    expect(pauses(closed.atOnce)).toEqual([
      { kind: "pause", camera: "door", paused: "paused by ops (mqtt) at 2026-11-22T09:16:40.000Z for 30 min" },
    ]);
    expect(shop.of("audit")[0]?.data).toEqual({
      action: "camera.pause",
      target: "camera:door",
      by: "ops",
      via: "mqtt",
      minutes: 30,
      paused: true,
    });
    const opened = shop.mqtt("resume");
    expect(pauses(opened.atOnce)).toEqual([]);
    expect(pauses(opened.afterCommit)).toEqual([{ kind: "pause", camera: "door" }]);
    expect(shop.audits()).toEqual(["pause door ops mqtt", "resume door ops mqtt open"]);
    expect(shop.paused()).toEqual([]);
  });

  it("said twice changes nothing, nor does resuming what is open; an unknown camera is refused", () => {
    const shop = createShop();
    shop.mqtt("pause");
    expect(shop.mqtt("pause").facts).toEqual([]);
    shop.mqtt("resume");
    expect(shop.mqtt("resume").facts).toEqual([]);
    expect(shop.mqtt("pause", { cameras: ["door", "attic"] }).dropped[0]?.code).toBe("CAMERA_UNKNOWN");
    expect(shop.audits()).toHaveLength(4);
    expect(createShop({}, {}, []).mqtt("pause").dropped[0]?.code).toBe("CAMERA_UNKNOWN");
  });

  it("of one door is not lifted by another; the button lifts all", () => {
    const shop = createShop();
    shop.http("pause", { cameras: ["yard"] });
    expect(shop.mqtt("resume", { cameras: ["yard"] }).dropped[0]).toMatchObject({
      code: "PAUSE_HELD",
      message: "camera yard is paused by till (http) at 2026-11-22T09:16:40.000Z",
    });
    // Both hold: each lifts its own.
    shop.mqtt("pause", { cameras: ["yard"] });
    expect(pauses(shop.http("resume").afterCommit)).toEqual([]);
    expect(shop.paused()).toEqual(["yard"]);
    shop.mqtt("resume");
    expect(shop.audits().slice(-2)).toEqual(["resume yard till http", "resume yard ops mqtt open"]);
    shop.mqtt("pause", { cameras: ["door"] });
    shop.http("pause", { cameras: ["door"] });
    shop.press("off", 1);
    expect(shop.paused()).toEqual([]);
    expect(shop.audits().at(-1)).toBe("resume door p1/off button open");
  });

  it("by the button is lifted by nothing but the button, whatever doors say", () => {
    const shop = createShop();
    shop.press("off", 1);
    for (const refused of [shop.mqtt("resume"), shop.http("resume", { cameras: ["door"] })])
      expect([refused.facts.length, refused.dropped[0]?.code]).toEqual([0, "PAUSE_HELD"]);
    // A door may name any pad and button: that is no hand on it.
    const said = shop.decide({ kind: "press", pad: "p1", button: "off", software: true, atMs: shop.nowMs() });
    expect([said.facts.length, said.dropped[0]?.code]).toEqual([0, "PAUSE_HELD"]);
    expect(shop.mqtt("pause", { minutes: 1 }).facts).toHaveLength(2);
    shop.pass(2 * MINUTE);
    expect(shop.paused()).toEqual(["door"]);
    shop.press("off", 2);
    expect(shop.paused()).toEqual([]);
  });

  it("by the button is felt, thanked and acknowledged, once for each press, and is no rating", () => {
    const shop = createShop();
    const pressed = shop.press("off", 7);
    expect(pressed.atOnce.map((effect) => effect.kind)).toEqual(["pause", "indicate"]);
    expect(pressed.afterCommit.map((effect) => effect.kind)).toEqual(["acknowledge", "indicate"]);
    expect(shop.press("off", 7).facts).toEqual([]);
    expect(shop.paused()).toEqual(["door"]);
    expect(shop.of("press")).toEqual([]);
    shop.press("4", 8);
    expect(shop.of("press")).toHaveLength(1);
    expect(shop.of("gap")).toEqual([]);
  });

  it("by a button that pauses several cameras: all, where any is open; else none", () => {
    const both = CAMERAS.map(({ id }) => ({ id, pause: { pad: "p9", button: "off" } }));
    const shop = createShop({}, {}, both);
    shop.mqtt("pause", { cameras: ["yard"] });
    shop.press("off", 1, "s1", "p9");
    expect(shop.paused()).toEqual(["yard", "door"]);
    shop.press("off", 2, "s1", "p9");
    expect(shop.paused()).toEqual([]);
  });

  it("cuts the episode that is open, with its cause", () => {
    const shop = createShop();
    shop.watch(3_000, [face()]);
    shop.decide({ kind: "camera", camera: "door", live: false, cause: "paused", atMs: shop.nowMs() });
    expect(shop.of("contact").map(({ data }) => [data.outcome, data.cause])).toEqual([["cut", "paused"]]);
  });
});

describe("after a restart", () => {
  it("it holds before anything else, with who and since when", () => {
    const shop = createShop();
    shop.press("off", 1);
    const after = createShop(shop.keep, { boot: "b2" });
    expect(pauses(after.decisions.flatMap(({ atOnce }) => atOnce))).toMatchObject([
      { camera: "door", paused: "paused by p1/off (button) at 2026-11-22T09:16:40.000Z" },
    ]);
    expect(after.mqtt("resume").dropped[0]?.code).toBe("PAUSE_HELD");
    expect(after.audits()).toEqual([]);
  });

  it("a camera that is gone is forgotten; a button that was taken out leaves its pause to the doors", () => {
    const shop = createShop();
    shop.press("off", 1);
    shop.mqtt("pause", { cameras: ["yard"] });
    const after = createShop(shop.keep, {}, [{ id: "door" }] as typeof CAMERAS);
    expect(after.paused()).toEqual(["door"]);
    after.http("resume");
    expect(after.paused()).toEqual([]);
  });

  it("what cannot be read is a pause that a hand lifts", () => {
    const after = createShop({ "pause:door": { nonsense: true } });
    expect(after.mqtt("resume").dropped[0]?.code).toBe("PAUSE_HELD");
    after.press("off", 1);
    expect(after.paused()).toEqual([]);
    expect(keptPause([])).toBe("paused, by whom cannot be read");
  });
});

describe("a pause with minutes", () => {
  const SYNCED = Date.UTC(2026, 10, 22, 9);
  const paused = (clock: Clock = {}) => {
    const shop = createShop({}, clock);
    shop.mqtt("pause", { cameras: ["door"], minutes: 30 });
    return shop;
  };

  it("ends by itself, told as such", () => {
    const shop = paused();
    shop.pass(30 * MINUTE - 1_000);
    expect(shop.paused()).toEqual(["door"]);
    shop.pass(2_000);
    expect(shop.audits().at(-1)).toBe("resume door ops timer open");
  });

  it("begins anew when it is said again, and lasts when it is said without", () => {
    const shop = paused();
    shop.pass(20 * MINUTE);
    shop.mqtt("pause", { cameras: ["door"], minutes: 30 });
    shop.pass(20 * MINUTE);
    expect(shop.paused()).toEqual(["door"]);
    shop.mqtt("pause", { cameras: ["door"] });
    shop.pass(60 * MINUTE);
    expect(shop.paused()).toEqual(["door"]);
  });

  // UTC of the next boot's start, by its own clock: `ms` begins at 1,000,000 in each.
  const cases: [string, Clock, Clock, boolean][] = [
    [
      "same boot, too early by boottime though the clock leapt a year ahead",
      {},
      { startsMs: SYNCED + 365 * 86_400_000 },
      true,
    ],
    ["another boot, half of its time later", {}, { boot: "b2", startsMs: SYNCED + 15 * MINUTE }, true],
    ["another boot, its time over", {}, { boot: "b2", startsMs: SYNCED + 31 * MINUTE }, false],
    ["another boot, nobody vouches now", {}, { boot: "b2", startsMs: SYNCED + 31 * MINUTE, clock: "unsynced" }, true],
    ["another boot, nobody vouched then", { clock: "unsynced" }, { boot: "b2", startsMs: SYNCED + 31 * MINUTE }, true],
    ["another boot, the clock fell back", {}, { boot: "b2", startsMs: SYNCED - 86_400_000 }, true],
  ];
  it.each(cases)("%s", (_, before, after, stays) => {
    const shop = createShop(paused(before).keep, after);
    shop.pass(1_000);
    expect(shop.paused()).toEqual(stays ? ["door"] : []);
  });

  it("is placed in UTC as soon as somebody vouches within its boot, so that the next boot can end it", () => {
    const unsynced = paused({ clock: "unsynced", startsMs: 0 });
    const vouched = createShop(unsynced.keep, { startsMs: SYNCED });
    vouched.pass(1_000);
    const next = createShop(vouched.keep, { boot: "b2", startsMs: SYNCED + 31 * MINUTE });
    next.pass(1_000);
    expect(next.audits()).toEqual(["resume door ops timer open"]);
  });
});

it("property: no sequence of words by doors opens what a hand closed, over any restarts", () => {
  const word = fc.record({
    action: fc.constantFrom("pause", "resume", "pause", "resume", "restart", "software", "pass"),
    via: fc.constantFrom("mqtt", "http"),
    minutes: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    all: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      let shop = createShop();
      shop.press("off", 1);
      let boot = 1;
      for (const { action, via, minutes, all } of words) {
        const more = {
          via,
          ...(all ? {} : { cameras: ["door"] }),
          ...(minutes === undefined ? {} : { minutes }),
        } as const;
        if (action === "restart") {
          boot += 1;
          shop = createShop(shop.keep, { boot: `b${boot}`, startsMs: Date.UTC(2026, 10, 22 + boot) });
        } else if (action === "software")
          shop.decide({ kind: "press", pad: "p1", button: "off", software: true, atMs: shop.nowMs() });
        else if (action === "pass") shop.pass(4 * MINUTE);
        else shop.mqtt(action as "pause" | "resume", more);
        expect(shop.paused()).toContain("door");
      }
      shop.press("off", 2);
      expect(shop.paused()).not.toContain("door");
    }),
    { numRuns: 60 },
  );
});
