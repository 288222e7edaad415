import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEconomy } from "../../src/vision/economy.ts";
import {
  createPacer,
  FULL_RATE,
  JUDGE_MS,
  looksPerSecond,
  nextRate,
  type RateState,
  STEPS,
  type Strain,
} from "../../src/vision/rate.ts";
import { readStrain } from "../../src/vision/strain.ts";

const CALM: Strain = { celsius: 50, throttled: false, loadPerProcessor: 0.2, demand: 0.3 };
const HOT_C = 80;

/** The rate after so many seconds of the same strain. */
function live(strain: Strain, seconds: number, from: RateState = FULL_RATE): RateState {
  let state = from;
  for (let atMs = 0; atMs <= seconds * 1_000; atMs += JUDGE_MS) state = nextRate(state, strain, HOT_C, atMs);
  return state;
}

describe("the rate", () => {
  it("goes down a step each ten seconds while it is too hot, throttled or loaded, and to one look a second at last", () => {
    for (const strain of [{ celsius: 81 }, { throttled: true }, { loadPerProcessor: 2 }]) {
      expect(live({ ...CALM, ...strain }, 5).step).toBe(0);
      expect(live({ ...CALM, ...strain }, 10).step).toBe(1);
      const last = live({ ...CALM, ...strain }, 600);
      expect(last.step).toBe(STEPS.length - 1);
      expect(looksPerSecond(8, last)).toBe(1);
      expect(looksPerSecond(0.5, last)).toBe(0.5);
      expect(looksPerSecond(30, last)).toBe(3.75);
    }
  });

  it("settles at the highest step that the models can keep up with", () => {
    expect(STEPS[live({ ...CALM, demand: 0.9 }, 600).step]).toBe(1);
    expect(STEPS[live({ ...CALM, demand: 1.2 }, 600).step]).toBe(0.75);
    expect(STEPS[live({ ...CALM, demand: 1.6 }, 600).step]).toBe(0.5);
    expect(STEPS[live({ ...CALM, demand: 3 }, 600).step]).toBe(0.25);
  });

  it("comes back one step a minute, and not before it is eight degrees cooler", () => {
    const slow: RateState = { step: 4, since: undefined };
    expect(live({ ...CALM, celsius: 75 }, 600, slow).step).toBe(4);
    expect(live({ ...CALM, celsius: 72 }, 55, slow).step).toBe(4);
    expect(live({ ...CALM, celsius: 72 }, 60, slow).step).toBe(3);
    expect(live(CALM, 300, slow).step).toBe(0);
  });

  it("does not swing: under one and the same strain it moves in one direction only and comes to rest", () => {
    fc.assert(
      fc.property(
        fc.record({
          celsius: fc.option(fc.double({ min: 20, max: 100, noNaN: true }), { nil: undefined }),
          throttled: fc.boolean(),
          loadPerProcessor: fc.double({ min: 0, max: 4, noNaN: true }),
          demand: fc.double({ min: 0, max: 10, noNaN: true }),
        }),
        fc.nat({ max: STEPS.length - 1 }),
        (strain, step) => {
          let state: RateState = { step, since: undefined };
          const steps: number[] = [];
          for (let atMs = 0; atMs < 900_000; atMs += JUDGE_MS) {
            state = nextRate(state, strain, HOT_C, atMs);
            steps.push(state.step);
          }
          const moves = new Set(steps.slice(1).map((to, i) => Math.sign(to - (steps[i] ?? to))));
          expect(moves.has(1) && moves.has(-1)).toBe(false);
          expect(new Set(steps.slice(-60)).size).toBe(1);
        },
      ),
    );
  });

  it("spreads looks evenly over frames of any rate", () => {
    for (const [fps, perSecond] of [
      [8, 6],
      [8, 4],
      [8, 1],
      [15, 7.5],
      [30, 3.75],
    ] as const) {
      const pacer = createPacer();
      const looks: number[] = [];
      for (let i = 0; i < 60 * fps; i += 1) if (pacer.due(perSecond, (i * 1_000) / fps)) looks.push((i * 1_000) / fps);
      expect(looks.length / 60, `${fps} ${perSecond}`).toBeCloseTo(perSecond, 0);
      const gaps = looks.slice(1).map((atMs, i) => atMs - (looks[i] ?? 0));
      expect(Math.max(...gaps), `${fps} ${perSecond}`).toBeLessThanOrEqual(1_000 / perSecond + 1_000 / fps);
    }
  });
});

describe("what the kernel tells", () => {
  let sys = "";
  beforeEach(() => {
    sys = mkdtempSync(join(tmpdir(), "sys-"));
  });
  afterEach(() => rmSync(sys, { recursive: true }));

  const put = (path: string, text: string): void => {
    mkdirSync(join(sys, path, ".."), { recursive: true });
    writeFileSync(join(sys, path), text);
  };

  it("is the hottest zone and whether the processor slowed itself down", () => {
    put("class/thermal/thermal_zone0/temp", "48312\n");
    put("class/thermal/thermal_zone1/temp", "81500\n");
    put("class/thermal/thermal_zone2/temp", "-274000\n");
    put("class/thermal/cooling_device0/temp", "99000\n");
    put("devices/platform/soc/soc:firmware/get_throttled", "50000\n");
    expect(readStrain(sys)).toMatchObject({ celsius: 81.5, throttled: false });
    put("devices/platform/soc/soc:firmware/get_throttled", "50004\n");
    expect(readStrain(sys).throttled).toBe(true);
  });

  it("is nothing where the machine shows nothing, or nonsense", () => {
    expect(readStrain(join(sys, "absent"))).toMatchObject({ celsius: undefined, throttled: false });
    put("class/thermal/thermal_zone0/temp", "warm");
    put("devices/platform/soc/soc:firmware/get_throttled", "");
    expect(readStrain(sys)).toMatchObject({ celsius: undefined, throttled: false });
  });

  it("slows the looks of a machine that gets hot, and says so", () => {
    put("class/thermal/thermal_zone0/temp", "85000");
    const told: (readonly number[])[] = [];
    const economy = createEconomy({
      fps: [8],
      economy: { rest: false, slowDown: true, hotC: HOT_C },
      // This machine's own load is no matter here.
      strain: () => ({ ...readStrain(sys), loadPerProcessor: 0 }),
      rates: (perSecond) => told.push(perSecond),
    });
    const frame = { width: 2, height: 2, rgb: new Uint8Array(12) };
    const looksIn = (fromMs: number, toMs: number): number => {
      let looks = 0;
      for (let atMs = fromMs; atMs < toMs; atMs += 125) {
        if (!economy.wants(0, frame, atMs)) continue;
        looks += 1;
        economy.looked(0, { faces: [], persons: [] }, 5);
      }
      return looks;
    };
    expect(looksIn(0, 10_000)).toBe(80);
    looksIn(10_000, 90_000);
    expect(looksIn(90_000, 100_000)).toBeCloseTo(10, -1);
    expect(told.map(([rate]) => rate)).toEqual([8, 6, 4, 3, 2, 1]);
    put("class/thermal/thermal_zone0/temp", "60000");
    looksIn(100_000, 500_000);
    expect(looksIn(500_000, 510_000)).toBe(80);
  });
});
