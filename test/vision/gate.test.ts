import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame } from "../../src/vision/frame.ts";
import { createGate, type Gate } from "../../src/vision/gate.ts";

const WIDTH = 256;
const HEIGHT = 160;
const FPS = 8;

/** A room with edges in it, under some light, through a noisy sensor; deterministic by its seed. */
function createRoom(seed: number, deviation: number) {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // Three uniform numbers are near enough to a bell.
  const noise = (): number => (uniform() + uniform() + uniform() - 1.5) * 2 * deviation;
  return (light: number, person?: { x: number; y: number; step: number }): Frame => {
    const rgb = new Uint8Array(WIDTH * HEIGHT * 3);
    for (let y = 0; y < HEIGHT; y += 1)
      for (let x = 0; x < WIDTH; x += 1) {
        const wall = 60 + 60 * ((Math.floor(x / 40) + Math.floor(y / 30)) % 2);
        const inside = person !== undefined && Math.abs(x - person.x) < 12 && Math.abs(y - person.y) < 30;
        const value = Math.min(255, Math.max(0, (wall + (inside ? person.step : 0)) * light + noise()));
        rgb.fill(value, (y * WIDTH + x) * 3, (y * WIDTH + x + 1) * 3);
      }
    return { width: WIDTH, height: HEIGHT, rgb };
  };
}

/** Lets a gate see so many seconds of a scene in which nobody is ever found. @returns times of looks, milliseconds */
function watch(gate: Gate, seconds: number, frameAt: (atMs: number) => Frame, fromMs = 0): number[] {
  const looks: number[] = [];
  for (let i = 0; i < seconds * FPS; i += 1) {
    const atMs = fromMs + (i * 1_000) / FPS;
    if (!gate.wants(frameAt(atMs), atMs)) continue;
    looks.push(atMs);
    gate.looked(false);
  }
  return looks;
}

const countFrom = (looks: readonly number[], fromMs: number): number => looks.filter((atMs) => atMs >= fromMs).length;

describe("the motion gate", () => {
  it("rests at two looks a second in a still room, however noisy the sensor", () => {
    for (const deviation of [0, 3, 8]) {
      const room = createRoom(1, deviation);
      const looks = watch(createGate(), 20, () => room(1));
      expect(looks.slice(0, 2 * FPS), `deviation ${deviation}`).toHaveLength(2 * FPS);
      expect(countFrom(looks, 10_000), `deviation ${deviation}`).toBe(20);
    }
  });

  it("sleeps through daylight that comes and goes, and through lamps that flicker", () => {
    const room = createRoom(2, 3);
    const cloudy = watch(createGate(), 40, (atMs) => room(1 + 0.4 * Math.sin((2 * Math.PI * atMs) / 120_000)));
    expect(countFrom(cloudy, 10_000)).toBeLessThanOrEqual(64);
    const lamps = watch(createGate(), 30, (atMs) => room(1 + 0.03 * Math.sin(atMs * 2.1)));
    expect(countFrom(lamps, 10_000)).toBeLessThanOrEqual(44);
  });

  it("wakes for a lamp that is switched on, once", () => {
    const room = createRoom(3, 3);
    const looks = watch(createGate(), 30, (atMs) => room(atMs < 10_000 ? 0.6 : 1.3));
    expect(looks).toContain(10_000);
    expect(countFrom(looks, 10_000) - countFrom(looks, 12_000)).toBe(2 * FPS);
    expect(countFrom(looks, 20_000)).toBe(20);
  });

  it("wakes at the very frame in which somebody comes in, from any side, lighter or darker than the wall", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 12, max: WIDTH - 12 }),
        fc.integer({ min: 30, max: HEIGHT - 30 }),
        fc.integer({ min: 20, max: 80 }),
        fc.boolean(),
        (seed, x, y, contrast, darker) => {
          const room = createRoom(seed, 4);
          const gate = createGate();
          watch(gate, 6, () => room(1));
          const looks = watch(gate, 1, () => room(1, { x, y, step: darker ? -contrast : contrast }), 6_000);
          expect(looks[0]).toBe(6_000);
          expect(looks).toHaveLength(FPS);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("looks at every frame while somebody is seen, however still, and for two seconds more", () => {
    const room = createRoom(4, 3);
    const gate = createGate();
    const looks: number[] = [];
    for (let i = 0; i < 40 * FPS; i += 1) {
      const atMs = (i * 1_000) / FPS;
      if (!gate.wants(room(1), atMs)) continue;
      looks.push(atMs);
      gate.looked(atMs >= 10_000 && atMs < 25_000);
    }
    // It had been at rest: what no glance shows is found by the next look, half a second later at most.
    const first = looks.find((atMs) => atMs >= 10_000) ?? Number.NaN;
    expect(first).toBeLessThanOrEqual(10_500);
    const every = looks.filter((atMs) => atMs >= first && atMs < 26_500);
    expect(every).toHaveLength(((26_500 - first) / 1_000) * FPS);
    expect(countFrom(looks, 30_000)).toBe(20);
  });

  it("knows nothing after a gap: the camera may look elsewhere", () => {
    const room = createRoom(5, 3);
    const gate = createGate();
    watch(gate, 10, () => room(1));
    expect(watch(gate, 2, () => room(1), 60_000)).toHaveLength(2 * FPS);
  });
});
