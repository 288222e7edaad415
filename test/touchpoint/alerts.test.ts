import { describe, expect, it } from "vitest";
import type { Decision } from "../../src/touchpoint/decision.ts";
import { EVENT_DATA, LANE } from "../../src/words/events.ts";
import { createShift } from "./shift.ts";

const BAD = { id: "bad", kind: "rating", atOrBelow: 1 } as const;
const notified = (decision: Decision): string[] =>
  decision.afterCommit.flatMap((effect) =>
    effect.kind === "notify" ? [`${effect.alert.data.state} ${effect.alert.data.rev}`] : [],
  );
const lamps = (decision: Decision): string[] =>
  decision.afterCommit.flatMap((effect) => (effect.kind === "indicate" ? [`${effect.pad} ${effect.pattern}`] : []));

describe("an alert", () => {
  it("is raised by the press, in the same step, and its event holds the contract", () => {
    const shift = createShift({ alerts: { rules: [BAD] } });
    const decision = shift.press("1", 1);
    expect(decision.facts.map(({ type }) => type)).toEqual(["press", "alert"]);
    const [alert] = shift.of("alert");
    expect(EVENT_DATA.alert.parse(alert?.data)).toMatchObject({
      rev: 1,
      state: "raised",
      rule: "bad",
      reason: "rated 1 on 1 to 4",
      count: 1,
      ageMs: 0,
      raisedAt: "2026-11-23T12:00:00.000Z",
      press: shift.of("press")[0]?.id,
    });
    expect(alert?.touchpoint).toBe("checkout");
    expect(LANE.alert).toBe(0);
  });

  it("goes from raised to acknowledged to resolved with who, by what, when and why", () => {
    const shift = createShift({ alerts: { rules: [BAD] } });
    shift.press("1");
    shift.pass(60_000);
    shift.say("acknowledge", { via: "http" });
    shift.pass(30_000);
    shift.say("resolve", { by: "bo", cause: "queue too long" });
    expect(shift.story()).toEqual(["raised 1 ×1", "acknowledged 2 ×1", "resolved 3 ×1"]);
    const [raised, acknowledged, resolved] = shift.of("alert").map(({ data }) => data);
    expect(acknowledged).toMatchObject({ key: raised?.key, ageMs: 60_000, by: "ana", via: "http" });
    expect(resolved).toMatchObject({ key: raised?.key, ageMs: 90_000, by: "bo", via: "mqtt", cause: "queue too long" });
    expect(new Set([raised, acknowledged, resolved].map((data) => data?.raisedAt)).size).toBe(1);
  });

  it("takes in what meets its rule while it is open, in whatever state", () => {
    const shift = createShift({ alerts: { rules: [BAD] } });
    shift.press("1");
    shift.press("1");
    shift.say("acknowledge");
    shift.press("1");
    expect(shift.story()).toEqual(["raised 1 ×1", "raised 2 ×2", "acknowledged 3 ×2", "acknowledged 4 ×3"]);
    expect(new Set(shift.of("alert").map(({ data }) => data.key)).size).toBe(1);
  });

  it("cools down after it was resolved, then is a new one", () => {
    const shift = createShift({ alerts: { rules: [{ ...BAD, cooldownS: 60 }] } });
    shift.press("1");
    shift.say("resolve");
    shift.pass(59_000);
    shift.press("1");
    expect(shift.story()).toHaveLength(2);
    shift.pass(1_000);
    shift.press("1");
    expect(shift.story()).toEqual(["raised 1 ×1", "resolved 2 ×1", "raised 1 ×1"]);
    const keys = shift.of("alert").map(({ data }) => data.key);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("is escalated once when nobody acknowledges it, and once when nobody resolves it", () => {
    const shift = createShift({ alerts: { rules: [{ ...BAD, escalateAfterS: 60, resolveWithinS: 300 }] } });
    shift.press("1");
    shift.pass(59_000);
    expect(shift.story()).toEqual(["raised 1 ×1"]);
    shift.pass(120_000);
    expect(shift.story()).toEqual(["raised 1 ×1", "escalated 2 ×1"]);
    expect(shift.of("alert")[1]?.data.reason).toMatch(/not acknowledged within 60 s$/);
    shift.say("acknowledge");
    shift.pass(600_000);
    expect(shift.story().slice(2)).toEqual(["acknowledged 3 ×1", "escalated 4 ×1"]);
    expect(shift.of("alert")[3]?.data.reason).toMatch(/not resolved within 300 s$/);
  });

  it("is not escalated when it was acknowledged in time", () => {
    const shift = createShift({ alerts: { rules: [{ ...BAD, escalateAfterS: 60 }] } });
    shift.press("1");
    shift.say("acknowledge");
    shift.pass(600_000);
    expect(shift.story()).toEqual(["raised 1 ×1", "acknowledged 2 ×1"]);
  });

  it("is found by its key, or is the oldest that is open; what nobody has is refused with a code", () => {
    const shift = createShift({ alerts: { rules: [BAD, { id: "slow", kind: "reason", buttons: ["slow"] }] } });
    expect(shift.say("resolve").dropped.map(({ code }) => code)).toEqual(["ALERT_UNKNOWN"]);
    shift.press("1");
    shift.pass(1_000);
    shift.press("slow");
    const [bad, slow] = shift.of("alert").map(({ data }) => data.key);
    shift.say("acknowledge");
    shift.say("acknowledge");
    expect(
      shift
        .of("alert")
        .slice(2)
        .map(({ data }) => data.key),
    ).toEqual([bad, slow]);
    expect(shift.say("acknowledge").dropped).toHaveLength(1);
    shift.say("resolve", { key: slow ?? "" });
    expect(shift.of("alert").at(-1)?.data).toMatchObject({ key: slow, state: "resolved" });
    expect(shift.say("resolve", { key: slow ?? "" }).dropped).toHaveLength(1);
    expect(shift.say("resolve", { touchpoint: "elsewhere" }).dropped).toHaveLength(1);
    shift.say("resolve", { touchpoint: "checkout" });
    expect(shift.of("alert").at(-1)?.data).toMatchObject({ key: bad, state: "resolved" });
  });
});

describe("rules over ratings", () => {
  it("knows a reason button", () => {
    const shift = createShift({ alerts: { rules: [{ id: "r", kind: "reason", buttons: ["slow"] }] } });
    shift.press("1");
    expect(shift.story()).toEqual([]);
    shift.press("slow");
    expect(shift.of("alert")[0]?.data.reason).toBe('"slow" was pressed');
  });

  it("counts n bad ratings within the time, and forgets older ones", () => {
    const shift = createShift({
      alerts: { rules: [{ id: "three", kind: "bad-count", atOrBelow: 2, n: 3, withinS: 600 }] },
    });
    shift.press("1");
    shift.press("4");
    shift.pass(599_000);
    shift.press("2");
    shift.pass(2_000);
    shift.press("2");
    expect(shift.story()).toEqual([]);
    shift.press("1");
    expect(shift.of("alert")[0]?.data.reason).toBe("3 ratings of 2 or less within 600 s");
  });

  it("does not hold against a place what was seen to", () => {
    const shift = createShift({
      alerts: { rules: [{ id: "two", kind: "bad-count", atOrBelow: 1, n: 2, withinS: 600, cooldownS: 0 }] },
    });
    shift.press("1");
    shift.press("1");
    shift.say("resolve");
    shift.pass(1_000);
    shift.press("1");
    expect(shift.story()).toEqual(["raised 1 ×1", "resolved 2 ×1"]);
    shift.press("1");
    expect(shift.story()).toHaveLength(3);
  });

  it("watches the mean from m ratings up", () => {
    const shift = createShift({ alerts: { rules: [{ id: "m", kind: "mean", below: 2.5, n: 4, withinS: 3600 }] } });
    for (const button of ["1", "1", "1"]) shift.press(button);
    expect(shift.story()).toEqual([]);
    // (1+1+1+4)/4 = 1.75
    shift.press("4");
    expect(shift.of("alert")[0]?.data.reason).toBe("mean rating 1.75 of 4 within 3600 s, below 2.5");
  });

  it("is content with a mean that is exactly the bound", () => {
    const shift = createShift({ alerts: { rules: [{ id: "m", kind: "mean", below: 2.5, n: 2, withinS: 3600 }] } });
    shift.press("1");
    shift.press("4");
    expect(shift.story()).toEqual([]);
  });

  it("watches the share of bad ratings", () => {
    const rule = { id: "s", kind: "bad-share", atOrBelow: 2, above: 0.5, n: 3, withinS: 3600 } as const;
    const shift = createShift({ alerts: { rules: [rule] } });
    for (const button of ["2", "4", "1", "4"]) shift.press(button);
    // 2 of 3 after the third press; the fourth brings it back to a half.
    expect(shift.story()).toEqual(["raised 1 ×1"]);
  });

  it("raises nothing for presses that were flagged stuck or chattering", () => {
    const shift = createShift({ alerts: { rules: [BAD] } });
    shift.condition("1", "chatter");
    shift.press("1");
    shift.condition("1", "stuck");
    shift.press("1");
    expect(shift.of("press").map(({ data }) => data.flags)).toEqual([["chatter"], ["stuck"]]);
    expect(shift.story()).toEqual([]);
    shift.condition("1", "ok");
    shift.press("1");
    expect(shift.story()).toEqual(["raised 1 ×1"]);
  });

  it("raises nothing for presses that fair play speaks against, and does not count them", () => {
    const shift = createShift({
      alerts: { rules: [{ id: "three", kind: "bad-count", atOrBelow: 1, n: 3, withinS: 600 }] },
      fairPlay: {},
    });
    for (let i = 0; i < 6; i += 1) {
      shift.press("1");
      shift.pass(500, 500);
    }
    expect(shift.of("press")).toHaveLength(6);
    expect(shift.story()).toEqual([]);
  });
});

describe("silence", () => {
  const silence = { id: "quiet", kind: "silence", afterS: 3600 } as const;
  const openingHours = [{ days: ["mon" as const, "tue" as const], from: "09:00", to: "18:00" }];

  it("is raised in opening hours only, begins anew with opening, and a press resolves it", () => {
    // Monday 14:00 in Vilnius.
    const shift = createShift({ alerts: { rules: [silence] }, openingHours });
    shift.press("4");
    shift.pass(3_599_000);
    expect(shift.story()).toEqual([]);
    shift.pass(1_000);
    expect(shift.story()).toEqual(["raised 1 ×1"]);
    shift.press("4");
    expect(shift.of("alert")[1]?.data).toMatchObject({ state: "resolved", via: "rule", cause: "a button was pressed" });
    // 17:30, closes at 18:00, opens at 09:00: raised at 10:00.
    shift.pass(2.5 * 3_600_000, 60_000);
    shift.press("4");
    shift.pass(16.4 * 3_600_000, 60_000);
    const before = shift.story().length;
    shift.pass(0.2 * 3_600_000, 60_000);
    expect(shift.story().slice(before)).toEqual(["raised 1 ×1"]);
    expect(shift.of("alert").at(-1)?.data.raisedAt).toBe("2026-11-24T08:00:00.000Z");
  });

  it("ends when the place closes", () => {
    const shift = createShift({ alerts: { rules: [silence] }, openingHours });
    shift.pass(5 * 3_600_000, 60_000);
    expect(shift.of("alert").map(({ data }) => data.cause)).toEqual([undefined, "the place has closed"]);
  });

  it("is not raised for the time in which the machine was off", () => {
    const shift = createShift({ alerts: { rules: [silence] }, openingHours });
    shift.restart({ offMs: 3 * 3_600_000 });
    shift.pass(3_000_000, 10_000);
    expect(shift.story()).toEqual([]);
  });
});

describe("devices", () => {
  it("a stuck button raises at once; its release, or a press that works, resolves it", () => {
    const shift = createShift({ alerts: { rules: [{ id: "stuck", kind: "stuck", cooldownS: 0 }] } });
    shift.condition("1", "stuck");
    shift.condition("2", "stuck");
    shift.condition("1", "ok");
    expect(shift.story()).toEqual(["raised 1 ×1", "raised 2 ×2"]);
    shift.condition("2", "ok");
    expect(shift.of("alert").at(-1)?.data).toMatchObject({ state: "resolved", via: "rule" });
    shift.condition("1", "stuck");
    // Its release was missed by an agent that was not running.
    shift.restart();
    shift.press("1");
    expect(shift.of("alert").at(-1)?.data).toMatchObject({ state: "resolved", cause: "the button works again" });
  });

  it("a camera that stays away raises after its time; a live one resolves", () => {
    const shift = createShift({ alerts: { rules: [{ id: "cam", kind: "camera", afterS: 30 }] } });
    shift.camera(true);
    shift.pass(60_000);
    shift.camera(false);
    shift.pass(20_000);
    shift.camera(true);
    shift.camera(false);
    shift.pass(29_000);
    expect(shift.story()).toEqual([]);
    shift.pass(1_000);
    shift.camera(true);
    expect(shift.of("alert").map(({ data }) => data.cause ?? data.reason)).toEqual([
      "camera door has shown nothing for 30 s",
      "the camera is back",
    ]);
  });

  it("a camera that is away while the place is closed raises when it has opened, not at night", () => {
    const shift = createShift({
      alerts: { rules: [{ id: "cam", kind: "camera", afterS: 60 }] },
      // Noon of UTC is 14:00 there.
      openingHours: [{ days: ["mon"], from: "14:10", to: "18:00" }],
    });
    shift.camera(true);
    shift.camera(false);
    shift.pass(10 * 60_000 + 50_000);
    expect(shift.of("alert")).toEqual([]);
    shift.pass(15_000);
    expect(shift.of("alert").map(({ data }) => data.state)).toEqual(["raised"]);
  });

  it("a camera that is paused raises nothing; one that does not come back after it does", () => {
    const shift = createShift({ alerts: { rules: [{ id: "cam", kind: "camera", afterS: 30 }] } });
    shift.camera(true);
    shift.camera(false, "paused");
    shift.pass(600_000);
    expect(shift.of("alert")).toEqual([]);
    shift.camera(false);
    shift.pass(31_000);
    expect(shift.of("alert").map(({ data }) => data.state)).toEqual(["raised"]);
    // Paused while it is open: only a picture shows that it works.
    shift.camera(false, "paused");
    shift.camera(false);
    expect(shift.of("alert")).toHaveLength(1);
    shift.camera(true);
    expect(shift.of("alert").map(({ data }) => data.state)).toEqual(["raised", "resolved"]);
  });

  it("a camera that never showed anything is away from the start", () => {
    const shift = createShift({ alerts: { rules: [{ id: "cam", kind: "camera", afterS: 30 }] } });
    shift.pass(30_000);
    expect(shift.story()).toEqual(["raised 1 ×1"]);
  });
});

describe("what is told beside the event", () => {
  it("notifies each change of state after the commit, and not each further press", () => {
    const shift = createShift({ alerts: { rules: [{ ...BAD, escalateAfterS: 60 }] } });
    expect(notified(shift.press("1"))).toEqual(["raised 1"]);
    expect(notified(shift.press("1"))).toEqual([]);
    shift.pass(60_000);
    expect(shift.decisions.flatMap(notified)).toEqual(["raised 1", "escalated 3"]);
    expect(notified(shift.say("acknowledge"))).toEqual(["acknowledged 4"]);
    expect(notified(shift.say("resolve"))).toEqual(["resolved 5"]);
  });

  it("lights the lamp while an alert is open, behind the thanks", () => {
    const shift = createShift({ pads: ["p1", "p2"], alerts: { rules: [BAD], lamps: ["p2"] } });
    const raised = shift.press("1", 1);
    expect(lamps(raised)).toEqual(["p2 attention", "p1 thanks"]);
    expect(lamps(shift.say("acknowledge"))).toEqual([]);
    const resolved = shift.say("resolve");
    expect(lamps(resolved)).toEqual(["p2 off"]);
  });

  it("keeps a pad at `error` while a button of it is not well", () => {
    const shift = createShift({ alerts: { rules: [BAD] } });
    shift.press("1");
    shift.condition("2", "stuck");
    expect(lamps(shift.say("resolve"))).toEqual(["p1 error"]);
    shift.condition("2", "ok");
    shift.pass(600_000, 60_000);
    shift.press("1");
    shift.condition("2", "stuck");
    expect(lamps(shift.condition("2", "ok"))).toEqual(["p1 attention"]);
  });

  it("tells again after a restart what may not have got out, with the same key and rev, and lights the lamp", () => {
    const shift = createShift({ alerts: { rules: [BAD] } });
    const [raised] = shift.press("1").afterCommit.filter(({ kind }) => kind === "notify");
    const again = shift.restart();
    const [told] = again.afterCommit.filter(({ kind }) => kind === "notify");
    if (raised?.kind !== "notify" || told?.kind !== "notify") throw new Error("nobody was told");
    expect([told.alert.data.key, told.alert.data.rev]).toEqual([raised.alert.data.key, raised.alert.data.rev]);
    expect(lamps(again)).toEqual(["p1 attention"]);
    expect(again.facts).toEqual([]);
    shift.say("resolve");
    expect(notified(shift.restart())).toEqual(["resolved 2"]);
    shift.pass(86_400_000, 3_600_000);
    expect(notified(shift.restart())).toEqual([]);
  });
});

describe("staff buttons", () => {
  const alerts = {
    rules: [BAD],
    staffButtons: [
      { pad: "p2", button: "1", action: "acknowledge" as const },
      { pad: "p2", button: "2", action: "resolve" as const, cause: "talked to" },
    ],
  };

  it("are no ratings, see to the oldest alert, and are counted once however often they are sent", () => {
    const shift = createShift({ pads: ["p1", "p2"], alerts });
    shift.press("1", 1);
    const seen = shift.press("1", 7, "p2");
    expect(seen.atOnce).toEqual([{ kind: "indicate", pad: "p2", pattern: "felt" }]);
    expect(seen.afterCommit.map(({ kind }) => kind)).toEqual(["acknowledge", "indicate", "notify"]);
    expect(Object.keys(seen.keep)).toContain("window:/dev/pad:p2");
    const again = shift.press("1", 7, "p2");
    expect(again.afterCommit.map(({ kind }) => kind)).toEqual(["acknowledge"]);
    shift.press("2", 8, "p2");
    expect(shift.story()).toEqual(["raised 1 ×1", "acknowledged 2 ×1", "resolved 3 ×1"]);
    expect(shift.of("alert").at(-1)?.data).toMatchObject({ by: "p2/2", via: "button", cause: "talked to" });
    expect(shift.of("press")).toHaveLength(1);
    // No counter of the pad is missing.
    shift.pass(120_000);
    expect(shift.of("gap")).toEqual([]);
  });

  it("are not thanked where nothing was open, but acknowledged to the pad", () => {
    const shift = createShift({ pads: ["p1", "p2"], alerts });
    const nothing = shift.press("2", 1, "p2");
    expect(nothing.afterCommit.map(({ kind }) => kind)).toEqual(["acknowledge"]);
    expect(nothing.dropped.map(({ code }) => code)).toEqual(["ALERT_UNKNOWN"]);
  });
});

describe("after a restart", () => {
  it("an alert goes on where it was, also by the boottime of another boot", () => {
    const shift = createShift({ alerts: { rules: [{ ...BAD, escalateAfterS: 600 }] } });
    shift.press("1");
    shift.pass(60_000);
    shift.restart({ offMs: 480_000 });
    shift.pass(59_000);
    expect(shift.story()).toEqual(["raised 1 ×1"]);
    shift.pass(1_000);
    expect(shift.of("alert").at(-1)?.data).toMatchObject({
      state: "escalated",
      rev: 2,
      ageMs: 600_000,
      raisedAt: "2026-11-23T12:00:00.000Z",
    });
  });

  it("an alert whose rule is gone is resolved by that, and what cannot be read is deleted", () => {
    const before = createShift({ alerts: { rules: [BAD] } });
    before.press("1");
    const after = createShift({ alerts: { rules: [] } });
    Object.assign(after.kept(), before.kept(), { "alert:x/y": { rev: "high" } });
    const { facts, keep } = after.restart();
    expect(facts.map(({ data }) => data)).toMatchObject([
      { state: "resolved", rev: 2, via: "rule", cause: "its rule was taken out of the configuration" },
    ]);
    expect(keep).toMatchObject({ "alert:bad/checkout": null, "alert:x/y": null });
  });
});
