// The audit of a counter: pairs worked by hand, the interval's coverage reckoned exactly, taps read from files.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auditLines, type Crossing } from "../../src/metrics/audit.ts";
import { countError, poissonMean } from "../../src/metrics/intervals.ts";
import { readTaps, watchOf } from "../../src/metrics/taps.ts";
import { Fault } from "../../src/words/errors.ts";
import { chanceOf, holds } from "./chance.ts";

const SETTINGS = { fromMs: 0, toMs: 60_000, toleranceMs: 2_000, lines: ["shop/door"] };
const crossings = (direction: "in" | "out", ...seconds: number[]): Crossing[] =>
  seconds.map((s) => ({ atMs: s * 1000, line: "shop/door", direction }));
const entries = (counted: number[], tapped: number[]) =>
  auditLines(crossings("in", ...counted), crossings("in", ...tapped), SETTINGS)[0];

describe("pairs", () => {
  it("counts and taps within the tolerance are one crossing; what is left was missed or extra", () => {
    expect(entries([10, 20, 41], [11.5, 22, 30])).toMatchObject({
      counted: 3,
      tapped: 3,
      matched: 2,
      missed: 1,
      extra: 1,
      error: 0,
      recall: { k: 2, n: 3 },
      precision: { k: 2, n: 3 },
    });
  });
  it("two close together are paired in order, so that none is left alone that need not be", () => {
    expect(entries([10, 11.5], [9, 13])).toMatchObject({ matched: 2, missed: 0, extra: 0 });
  });
  it("one count is not given to two taps", () => {
    expect(entries([10], [10, 10.5])).toMatchObject({ matched: 1, missed: 1, error: -0.5 });
  });
  it("the other direction is another row, and the wrong one is a miss here and an extra there", () => {
    const [into, out] = auditLines(crossings("out", 10), crossings("in", 10), SETTINGS);
    expect(into).toMatchObject({ direction: "in", missed: 1, error: -1 });
    expect(out).toMatchObject({ direction: "out", extra: 1, tapped: 0, error: null, interval: null });
  });
  it("a count just outside the time may be the partner of a tap inside, and is else nobody's mistake", () => {
    expect(entries([-1, 61], [0.5])).toMatchObject({ counted: 1, matched: 1, extra: 0 });
    expect(entries([-1, 1.2], [1])).toMatchObject({ matched: 1, extra: 0 });
  });
  it("nothing at all is no error", () => {
    expect(entries([], [])).toMatchObject({ counted: 0, tapped: 0, error: null, interval: null });
  });
  it("however they are paired, extra less missed is counted less tapped, and nothing is used twice", () => {
    const times = fc.array(fc.double({ min: 0, max: 60, noNaN: true }), { maxLength: 40 });
    fc.assert(
      fc.property(times, times, (counted, tapped) => {
        const one = entries(counted, tapped);
        if (one === undefined) throw new Error("no row");
        expect(one.counted).toBe(counted.length);
        expect(one.matched + one.missed).toBe(tapped.length);
        expect(one.extra - one.missed).toBe(counted.length - tapped.length);
        expect(one.matched).toBeLessThanOrEqual(Math.min(counted.length, tapped.length));
        if (one.error !== null && one.interval !== null) expect(holds(one.interval, one.error)).toBe(true);
      }),
    );
  });
});

describe("the error's interval", () => {
  it("a Poisson count of 10: 5.43 to 18.41, worked by hand", () => {
    // 10 + z²/2 ± z √(10 + z²/4) with z = 1.96: 11.9207 ± 6.4886.
    const [low, high] = poissonMean(10);
    expect(low).toBeCloseTo(5.432, 3);
    expect(high).toBeCloseTo(18.409, 3);
  });
  it("nobody crossed: none; nothing wrong in a hundred: within 4 % of 0", () => {
    expect(countError(0, 0, 0)).toBeNull();
    const [low, high] = countError(0, 0, 100) ?? [Number.NaN, Number.NaN];
    expect(low).toBeCloseTo(-0.037, 3);
    expect(high).toBeCloseTo(0.0384, 4);
  });
  it("covers the truth in at least 94 % of audits at every point of the grid, 96 to 98 % on average: reckoned, not drawn", () => {
    const covered: number[] = [];
    for (const n of [30, 60, 150])
      for (const missing of [0.005, 0.02, 0.1, 0.3])
        for (const extra of [0.005, 0.02, 0.1]) covered.push(exactCoverage(n, missing, extra));
    expect(Math.min(...covered)).toBeGreaterThanOrEqual(0.94);
    const mean = covered.reduce((sum, one) => sum + one, 0) / covered.length;
    expect(mean).toBeGreaterThan(0.96);
    expect(mean).toBeLessThan(0.98);
  });
  it("holds through the pairing too: visitors drawn, missed, invented and tapped late", () => {
    const chance = chanceOf(7);
    const [missing, inventing] = [0.08, 0.04];
    let held = 0;
    const audits = 400;
    for (let audit = 0; audit < audits; audit += 1) {
      const [counted, tapped]: [number[], number[]] = [[], []];
      const n = 60;
      for (let i = 0; i < n; i += 1) {
        const atS = chance.uniform() * 3_600;
        tapped.push(atS + Math.abs(chance.normal()) * 0.5);
        if (chance.uniform() >= missing) counted.push(atS);
      }
      for (let i = chance.poisson(inventing * n); i > 0; i -= 1) counted.push(chance.uniform() * 3_600);
      const [row] = auditLines(crossings("in", ...counted), crossings("in", ...tapped), {
        ...SETTINGS,
        toMs: 3_600_000,
      });
      if (holds(row?.interval ?? null, inventing - missing)) held += 1;
    }
    expect(held / audits).toBeGreaterThanOrEqual(0.93);
  });

  /** Chance that the interval holds the truth, summed over every outcome that may come. */
  function exactCoverage(n: number, missing: number, extra: number): number {
    let sum = 0;
    let binomial = (1 - missing) ** n;
    for (let k = 0; k <= n; k += 1) {
      let poisson = Math.exp(-extra * n);
      for (let x = 0; x <= 20 + 3 * extra * n; x += 1) {
        if (holds(countError(k, x, n), extra - missing)) sum += binomial * poisson;
        poisson *= (extra * n) / (x + 1);
      }
      binomial *= ((n - k) / (k + 1)) * (missing / (1 - missing));
    }
    return sum;
  }
});

describe("taps in a file", () => {
  const name = (line: string | undefined) => (line === undefined || line === "door" ? "shop/door" : undefined);
  it("CSV and JSON lines say the same; undo takes back the last that stands", () => {
    const csv =
      "time,tap,line\n2026-11-28T09:00:00Z,in,door\n2026-11-28T09:00:05.5+00:00,out,\n2026-11-28T09:00:06Z,undo,\n";
    const json = [
      { time: "2026-11-28T09:00:00Z", tap: "in", line: "door" },
      { time: "2026-11-28T09:00:05.500Z", tap: "out" },
      { time: "2026-11-28T09:00:06Z", tap: "undo" },
    ];
    const expected = {
      boot: undefined,
      fromMs: Date.parse("2026-11-28T09:00:00Z"),
      toMs: Date.parse("2026-11-28T09:00:06Z"),
      taps: [{ atMs: Date.parse("2026-11-28T09:00:00Z"), line: "shop/door", direction: "in" }],
    };
    expect(watchOf(readTaps(csv), name)).toEqual(expected);
    expect(watchOf(readTaps(json.map((one) => JSON.stringify(one)).join("\r\n")), name)).toEqual(expected);
  });
  it("boottime is used where every line has it of one boot, so that a clock that was set moves nothing", () => {
    const tap = (time: string, mono: number, boot = "b1") => JSON.stringify({ time, tap: "in", mono, boot });
    const same = [tap("2026-11-28T09:00:00Z", 1_000), tap("2020-01-01T00:00:00Z", 2_000)];
    expect(watchOf(readTaps(same.join("\n")), name)).toMatchObject({ boot: "b1", fromMs: 1_000, toMs: 2_000 });
    const two = [tap("2026-11-28T09:00:00Z", 1_000), tap("2026-11-28T09:01:00Z", 2_000, "b2")];
    expect(watchOf(readTaps(two.join("\n")), name).boot).toBeUndefined();
  });
  it.each([
    ["", "no taps"],
    ["time,tap\nyesterday,in", "line 2: time"],
    ["time,tap\n2026-11-28T09:00:00Z,sideways", "line 2: tap"],
    ['{"time":"2026-11-28T09:00:00Z","tap":"in"}\n{oops', "line 2 is no JSON"],
    ["tap\nin", "line 2: time"],
    ["time,tap,mono\n2026-11-28T09:00:00Z,in,soon", "line 2: mono"],
    ["time,tap,line\n2026-11-28T09:00:00Z,in,window", 'no line "window"'],
  ])("%j is refused, with its line", (text, says) => {
    const read = () => watchOf(readTaps(text), name);
    expect(read).toThrow(Fault);
    expect(read).toThrow(says);
  });
});
