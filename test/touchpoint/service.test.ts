import { describe, expect, it } from "vitest";
import { createCounter } from "./surroundings.ts";

const closed = (day: ReturnType<typeof createCounter>) =>
  day
    .of("service")
    .filter(({ data }) => data.state === "closed")
    .map(({ data }) => [data.service, data.reason, data.presses?.length]);

describe("service windows", () => {
  it("ask by lamp, bind the press, and name it when they close", () => {
    const day = createCounter();
    day.shift("start", "anna");
    expect(day.open("w1", { transaction: "4711" }).afterCommit).toEqual([
      { kind: "indicate", pad: "p1", pattern: "attention" },
    ]);
    day.press("4", 1);
    day.press("4", 1);
    day.close("w1");
    const [press] = day.of("press");
    expect(day.of("press")).toHaveLength(1);
    expect(press?.data).toMatchObject({ service: "w1", transaction: "4711", staff: "anna", flags: [] });
    expect(day.of("service")[1]?.data.presses).toEqual([press?.id]);
  });

  it("an unrated one closes with no press, and the lamp goes off", () => {
    const day = createCounter();
    day.open("w1");
    expect(day.close("w1").afterCommit).toEqual([{ kind: "indicate", pad: "p1", pattern: "off" }]);
    expect(closed(day)).toEqual([["w1", "said", 0]]);
  });

  it("a press outside, and one made before the window but sent late, is unattended", () => {
    const day = createCounter();
    const atMs = day.nowMs();
    day.press("4");
    day.pass(1_000);
    day.open("w1");
    day.decide({ kind: "press", pad: "p1", button: "1", atMs });
    day.press("4");
    expect(day.presses().map(({ flags, service }) => [flags, service])).toEqual([
      [["unattended"], undefined],
      [["unattended"], undefined],
      [[], "w1"],
    ]);
  });

  it("are closed by the next, by the time limit, and by a restart, each once", () => {
    const day = createCounter();
    day.open("w1");
    day.open("w1");
    day.open("w2");
    day.pass(299_800);
    expect(closed(day)).toEqual([["w1", "next", 0]]);
    day.pass(200);
    day.pass(1_000);
    day.open("w3");
    day.press("4");
    expect(closed(day)).toEqual([
      ["w1", "next", 0],
      ["w2", "timeout", 0],
    ]);
    const after = createCounter({}, day.keep, { boot: "b2" });
    expect(closed(after)).toEqual([["w3", "restart", 1]]);
    expect(closed(createCounter({}, after.keep))).toEqual([]);
    expect(after.close("w3").dropped.map(({ code }) => code)).toEqual(["SERVICE_UNKNOWN"]);
  });

  it("a window of somebody else than is on shift is not of that shift", () => {
    const day = createCounter();
    day.shift("start", "anna");
    day.open("w1", { staff: "jonas" });
    day.press("4");
    expect(day.presses()[0]).toMatchObject({ staff: "jonas" });
    expect(day.presses()[0]).not.toHaveProperty("shift");
  });
});
