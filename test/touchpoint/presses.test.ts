import { describe, expect, it } from "vitest";
import { CHECKOUT, createDay } from "./day.ts";

describe("presses", () => {
  it("is felt at once, promised after the commit, and says what the contract says", () => {
    const day = createDay();
    const decision = day.press("4", 7);
    expect(decision.atOnce).toEqual([{ kind: "indicate", pad: "p1", pattern: "felt" }]);
    expect(decision.afterCommit.map(({ kind }) => kind)).toEqual(["acknowledge", "indicate"]);
    expect(day.of("press")[0]).toMatchObject({
      touchpoint: "checkout",
      data: { pad: "p1", button: "4", question: "visit", questionVersion: 2, value: 4, min: 1, max: 4, flags: [] },
    });
  });

  it("takes a resent press for the same one and acknowledges it again, with no second event", () => {
    const day = createDay();
    day.press("4", 7);
    const again = day.press("4", 7);
    expect(day.of("press")).toHaveLength(1);
    expect(again.afterCommit).toMatchObject([{ kind: "acknowledge", ref: { counter: 7 } }]);
    expect(again.atOnce).toEqual([]);
  });

  it("knows a resent press after a restart", () => {
    const before = createDay();
    before.press("4", 7);
    before.press("3", 8);
    const after = createDay([CHECKOUT], undefined, before.keep);
    after.press("4", 7);
    after.press("3", 8);
    expect(after.of("press")).toHaveLength(0);
    after.press("2", 9);
    expect(after.of("press")).toHaveLength(1);
  });

  it("counts a press without a counter every time", () => {
    const day = createDay();
    day.press("4");
    day.press("4");
    expect(day.of("press")).toHaveLength(2);
  });

  it("counts a reason button with no value", () => {
    const day = createDay();
    day.press("slow");
    expect(day.of("press")[0]?.data.value).toBeNull();
  });

  it("drops unknown buttons and pads with a code, without acknowledging them", () => {
    const day = createDay();
    const unknown = day.press("99", 1);
    expect(unknown.dropped.map(({ code }) => code)).toEqual(["BUTTON_UNKNOWN"]);
    expect(unknown.afterCommit).toEqual([]);
    expect(day.press("4", 1, "s1", "nobody").dropped.map(({ code }) => code)).toEqual(["PAD_UNKNOWN"]);
    expect(day.press("constructor").dropped.map(({ code }) => code)).toEqual(["BUTTON_UNKNOWN"]);
    expect(day.facts).toEqual([]);
  });

  it("owns a jump in the pad's counter once the missing presses can no longer come", () => {
    const day = createDay();
    day.press("4", 1);
    day.press("4", 4);
    day.pass(30_000);
    day.press("3", 2);
    expect(day.of("gap")).toEqual([]);
    day.pass(31_000);
    expect(day.of("gap").map(({ data }) => data)).toEqual([
      { source: "pad", from: 3, to: 3, count: 1, pad: "p1", session: "s1", reason: "counter-jump" },
    ]);
    day.pass(120_000);
    expect(day.of("gap")).toHaveLength(1);
  });

  it("owns what an old session still owed when the pad starts a new one", () => {
    const day = createDay();
    day.press("4", 1);
    day.press("4", 3);
    day.press("4", 0, "s2");
    expect(day.of("gap").map(({ data }) => [data.session, data.from, data.to])).toEqual([["s1", 2, 2]]);
    expect(day.of("press")).toHaveLength(3);
  });

  it("flags presses of a button that is stuck, until it is well again", () => {
    const day = createDay();
    const condition = { kind: "condition", pad: "p1", button: "4", atMs: day.nowMs() } as const;
    day.decide({ ...condition, condition: "stuck" });
    day.press("4");
    day.decide({ ...condition, condition: "ok" });
    day.press("4");
    expect(day.of("press").map(({ data }) => data.flags)).toEqual([["stuck"], []]);
  });
});
