import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AlertSettings } from "../../src/config/alerts.ts";
import type { Input } from "../../src/words/inputs.ts";
import { createCounter } from "./surroundings.ts";

describe("attribution windows", () => {
  it.each([
    [0, "4711"],
    [60_000, "4711"],
    [60_001, undefined],
  ])("a press %i ms after the sale belongs to %s", (afterMs, transaction) => {
    const day = createCounter();
    day.sell("4711");
    day.pass(afterMs);
    day.press("4");
    expect(day.presses()[0]?.transaction).toBe(transaction);
  });

  it("the newest sale counts, and a late press goes to the sale before it", () => {
    const day = createCounter();
    day.sell("1");
    day.pass(10_000);
    const atMs = day.nowMs();
    day.pass(5_000);
    day.sell("2");
    day.press("4");
    day.decide({ kind: "press", pad: "p1", button: "1", atMs });
    expect(day.presses().map(({ transaction }) => transaction)).toEqual(["2", "1"]);
  });

  it("a correction is told and does not move the sale", () => {
    const day = createCounter();
    day.sell("4711", 10);
    day.pass(59_000);
    day.sell("4711", 12);
    day.pass(2_000);
    day.press("4");
    expect(day.of("transaction").map(({ data }) => data.amount)).toEqual([10, 12]);
    expect(day.presses()[0]).not.toHaveProperty("transaction");
  });

  it.each([
    [120_000, true],
    [120_001, false],
  ])("a card read %i ms before the press says who: %s", (afterMs, known) => {
    const day = createCounter();
    day.scan("99123456");
    day.pass(afterMs);
    day.press("4");
    expect(day.presses()[0]?.customer !== undefined).toBe(known);
  });

  it("a campaign runs from its first moment to before its last", () => {
    const startsMs = Date.parse("2026-12-01T00:00:00Z") - 1_000_000;
    const campaigns = [{ label: "new", from: "2026-12-01T00:00:00Z", to: "2026-12-01T00:00:10Z" }];
    const day = createCounter({ context: { campaigns } }, {}, { startsMs });
    day.press("4");
    day.pass(9_999);
    day.press("4");
    day.pass(1);
    day.press("4");
    expect(day.presses().map(({ campaign }) => campaign)).toEqual(["new", "new", undefined]);
  });
});

describe("shifts", () => {
  it("a badge begins one, another ends it, the same again ends its own", () => {
    const day = createCounter();
    day.scan("S-1");
    day.press("4");
    day.scan("S-2");
    day.scan("S-2");
    day.press("4");
    expect(day.of("shift").map(({ data: { staff, state, reason } }) => [staff, state, reason])).toEqual([
      ["anna", "started", undefined],
      ["anna", "ended", "next"],
      ["jonas", "started", undefined],
      ["jonas", "ended", "said"],
    ]);
    expect(day.presses().map(({ staff }) => staff)).toEqual(["anna", undefined]);
  });

  it("somebody who is not on shift cannot end it", () => {
    const day = createCounter();
    day.shift("start", "anna");
    expect(day.shift("end", "jonas").dropped.map(({ code }) => code)).toEqual(["SHIFT_UNKNOWN"]);
  });

  it("one nobody ended is ended when the limit has passed", () => {
    const day = createCounter({ context: { shiftLimitH: 1 } });
    day.shift("start", "anna");
    day.pass(3_600_000);
    expect(day.of("shift")).toHaveLength(1);
    day.pass(200);
    expect(day.of("shift")[1]?.data.reason).toBe("forgotten");
  });

  it("the schedule goes by the shop's clock, over a restart, and leaves alone what somebody began", () => {
    // 22 November 2026 is a Sunday; Vilnius is two hours ahead of UTC.
    const startsMs = Date.parse("2026-11-22T05:59:00Z") - 1_000_000;
    const context = { schedule: [{ staff: "ruta", days: ["sun" as const], from: "08:00", to: "08:05" }] };
    const day = createCounter({ context }, {}, { startsMs });
    day.pass(59_800);
    expect(day.of("shift")).toEqual([]);
    day.pass(400);
    expect(day.of("shift").map(({ data }) => [data.staff, data.source])).toEqual([["ruta", "schedule"]]);
    const later = createCounter({ context }, day.keep, { startsMs: startsMs + 120_000, boot: "b2" });
    later.pass(1_000);
    expect(later.of("shift")).toEqual([]);
    later.pass(240_000);
    expect(later.of("shift").map(({ data }) => [data.state, data.reason])).toEqual([["ended", "schedule"]]);
  });

  it("a press outside the opening hours is flagged", () => {
    const startsMs = Date.parse("2026-11-22T15:59:59Z") - 1_000_000;
    const day = createCounter({ service: {}, openingHours: [{ from: "09:00", to: "18:00" }] }, {}, { startsMs });
    day.press("4");
    day.pass(1_000);
    day.press("4");
    expect(day.presses().map(({ flags }) => flags)).toEqual([[], ["closed"]]);
  });
});

describe("a badge where alerts are", () => {
  const tour = (badges: "acknowledge" | "acknowledge-resolve" | undefined) => {
    const rules = [{ id: "bad", kind: "rating" as const, atOrBelow: 1, cooldownS: 0 }];
    const settings = AlertSettings.parse({ rules, ...(badges === undefined ? {} : { badges }) });
    const day = createCounter({}, {}, {}, { alerts: { settings, timeZone: "UTC" } });
    const alerts = () => day.of("alert").map(({ data: { state, by, via } }) => [state, by, via].join(" ").trim());
    const shifts = () => day.of("shift").map(({ data: { state, staff } }) => `${state} ${staff}`);
    return { ...day, alerts, shifts };
  };
  const acknowledged = ["raised", "acknowledged anna badge"];

  it("is about shifts only, without the setting", () => {
    const day = tour(undefined);
    day.press("1");
    day.scan("S-1");
    expect([day.alerts(), day.shifts()]).toEqual([["raised"], ["started anna"]]);
  });

  it("acknowledges once, leaves the shift as it is, and is about the shift again after that", () => {
    const day = tour("acknowledge");
    day.scan("S-1");
    day.press("1");
    day.pass(4_000);
    day.scan("S-1");
    expect([day.alerts(), day.shifts()]).toEqual([acknowledged, ["started anna"]]);
    day.pass(3_000);
    day.scan("S-1");
    expect([day.alerts(), day.shifts()]).toEqual([acknowledged, ["started anna", "ended anna"]]);
    expect(day.of("scan")).toHaveLength(3);
  });

  it("takes no shift over for who only helps out", () => {
    const day = tour("acknowledge");
    day.scan("S-2");
    day.press("1");
    day.pass(4_000);
    day.scan("S-1");
    expect([day.alerts(), day.shifts()]).toEqual([acknowledged, ["started jonas"]]);
  });

  it("resolves what was acknowledged, the oldest first, where it may", () => {
    const day = tour("acknowledge-resolve");
    day.press("1");
    day.scan("S-1");
    day.pass(4_000);
    day.scan("S-2");
    expect([day.alerts(), day.shifts()]).toEqual([[...acknowledged, "resolved jonas badge"], []]);
    day.pass(4_000);
    day.scan("S-2");
    expect(day.shifts()).toEqual(["started jonas"]);
  });

  it("read twice in one go is one reading, of the alert and of the shift", () => {
    const day = tour("acknowledge-resolve");
    day.scan("S-1");
    day.press("1");
    day.pass(4_000);
    for (let i = 0; i < 3; i += 1) {
      day.scan("S-1");
      day.pass(900);
    }
    expect([day.alerts(), day.shifts()]).toEqual([acknowledged, ["started anna"]]);
  });

  it("acknowledges again what was escalated meanwhile", () => {
    const rules = [{ id: "bad", kind: "rating" as const, atOrBelow: 1, resolveWithinS: 10 }];
    const settings = AlertSettings.parse({ rules, badges: "acknowledge" });
    const more = { alerts: { settings, timeZone: "UTC" } };
    const day = createCounter({}, {}, {}, more);
    day.press("1");
    day.scan("S-1");
    day.pass(10_000);
    day.scan("S-1");
    expect(day.of("alert").map(({ data }) => data.state)).toEqual([
      "raised",
      "acknowledged",
      "escalated",
      "acknowledged",
    ]);
  });
});

describe("codes", () => {
  it("tells them apart, and never says one", () => {
    const day = createCounter();
    for (const code of ["99123456", "S-77", "T4711", "x99123456", "", "\u0000\uffff{}", "constructor"]) day.scan(code);
    expect(day.of("scan").map(({ data }) => data.kind)).toEqual([
      "customer",
      "badge",
      "transaction",
      "unknown",
      "unknown",
      "unknown",
      "unknown",
    ]);
    day.press("4");
    expect(day.presses()[0]).toMatchObject({ transaction: "4711", customer: { key: "k2" } });
    expect(day.of("scan")[0]?.data.formerly?.key).toBe("k1");
  });

  it("no customer's number is in any event or in what is kept (any number)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100_000, max: 999_999 }), (number) => {
        const day = createCounter();
        day.scan(`99${number}`);
        day.press("4");
        day.sell("1");
        day.scan(`99${number}x`);
        const said = JSON.stringify([day.facts, day.keep]);
        expect(said).toContain('"customer"');
        expect(said).not.toContain(`99${number}`);
      }),
      { numRuns: 50 },
    );
  });
});

const input: fc.Arbitrary<{ kind: "sell" | "scan" | "shift" | "press"; which: number; gapMs: number }> = fc.record({
  kind: fc.constantFrom("sell", "scan", "shift", "press"),
  which: fc.integer({ min: 0, max: 3 }),
  gapMs: fc.integer({ min: 0, max: 90_000 }),
});

describe("any prefix and a restart", () => {
  it("is no restart: the same presses, each once, with the same said of them", () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 25 }), fc.nat(25), (inputs, cut) => {
        const startsMs = Date.UTC(2026, 10, 22, 9);
        const run = (restartAt: number) => {
          let atMs = 1_000_000;
          let day = createCounter({}, {}, { startsMs });
          const said: unknown[] = [];
          const gather = (): void => void said.push(...day.facts.map(({ type, data }) => [type, nameless(data)]));
          inputs.forEach((one, i) => {
            if (i === restartAt) {
              gather();
              day = createCounter({}, day.keep, { startsMs });
              day.setMs(atMs);
            }
            atMs += one.gapMs;
            day.setMs(atMs);
            day.decide(made(one, atMs, inputs.slice(0, i).filter(({ kind }) => kind === "press").length));
          });
          gather();
          return said;
        };
        const whole = run(-1);
        expect(run(cut)).toEqual(whole);
        expect(whole.filter((one) => Array.isArray(one) && one[0] === "press")).toHaveLength(
          inputs.filter(({ kind }) => kind === "press").length,
        );
      }),
      { numRuns: 100 },
    );
  });
});

/** Ids are counted anew by each engine. */
function nameless(data: object): unknown {
  const { shift: _shift, ...rest } = data as { shift?: string };
  return rest;
}

function made(one: { kind: string; which: number }, atMs: number, i: number): Input {
  const touchpoint = "counter";
  if (one.kind === "sell")
    return { kind: "transaction", touchpoint, transaction: `t${one.which}`, amount: 1, items: 1, atMs };
  if (one.kind === "scan")
    return { kind: "scan", pad: "reader", code: ["99000001", "99000002", "S-1", "junk"][one.which] ?? "", atMs };
  if (one.kind === "shift")
    return { kind: "shift", touchpoint, action: "start", staff: `p${one.which}`, source: "api", atMs };
  const ref = { port: "/dev/pad", pad: "p1", session: "s", counter: i };
  return { kind: "press", pad: "p1", button: one.which > 1 ? "4" : "1", atMs, ref };
}
