import { describe, expect, it } from "vitest";
import { createCounter } from "./surroundings.ts";

const told = (day: ReturnType<typeof createCounter>) =>
  day.of("activity").map(({ data }) => [data.outcome, data.durationMs, data.flags]);

describe("a seller's attempts", () => {
  it("begin and end by buttons, which rate nothing and are on disk before they are thanked", () => {
    const day = createCounter();
    day.shift("start", "anna");
    const decision = day.press("go", 1);
    expect(decision.atOnce).toEqual([{ kind: "indicate", pad: "p1", pattern: "felt" }]);
    expect(decision.afterCommit.map(({ kind }) => kind)).toEqual(["acknowledge", "indicate"]);
    expect(Object.keys(decision.keep)).toContain("activity:counter");
    day.pass(60_000);
    day.press("go", 1);
    day.press("sold", 2);
    day.press("sold", 2);
    expect(day.of("press")).toEqual([]);
    expect(told(day)).toEqual([["sale", 60_000, []]]);
    expect(day.of("activity")[0]?.data).toMatchObject({ staff: "anna" });
  });

  it("begin and end by a caller", () => {
    const day = createCounter();
    day.activity("start");
    day.pass(1_000);
    day.activity("end", "no-sale");
    expect(told(day)).toEqual([["no-sale", 1_000, []]]);
    expect(day.activity("end").dropped.map(({ code }) => code)).toEqual(["ACTIVITY_UNKNOWN"]);
  });

  it("a forgotten end is said by the limit, or by the next start, and flagged", () => {
    const day = createCounter();
    day.press("go");
    day.pass(599_800);
    expect(told(day)).toEqual([]);
    day.pass(200);
    day.press("go");
    day.pass(5_000);
    day.press("go");
    expect(told(day)).toEqual([
      ["unknown", 600_000, ["forgotten"]],
      ["unknown", 5_000, ["forgotten"]],
    ]);
  });

  it("goes on over a restart, and says so", () => {
    const day = createCounter();
    day.press("go");
    const startsMs = Date.UTC(2026, 10, 22, 9) + 30_000;
    const after = createCounter({}, day.keep, { boot: "b2", startsMs });
    after.press("left");
    expect(told(after)).toEqual([["no-sale", 30_000, ["restart"]]]);
    expect(Object.keys(after.keep)).not.toContain("activity:counter");
  });

  it("an unknown button is still refused", () => {
    const day = createCounter();
    expect(day.press("nothing").dropped.map(({ code }) => code)).toEqual(["BUTTON_UNKNOWN"]);
  });
});
