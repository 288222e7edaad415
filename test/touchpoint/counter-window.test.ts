import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrive, type CounterWindow, giveUp, WINDOW } from "../../src/touchpoint/counter-window.ts";

function feed(counters: readonly number[], session = "s"): { accepted: number[]; window: CounterWindow | undefined } {
  let window: CounterWindow | undefined;
  const accepted: number[] = [];
  for (const counter of counters) {
    const arrival = arrive(window, session, counter, 0);
    window = arrival.window;
    if (!arrival.duplicate) accepted.push(counter);
  }
  return { accepted, window };
}

describe("counter window", () => {
  it("counts each press once, however often and in whatever order a pad with 16 unacknowledged resends it", () => {
    fc.assert(
      fc.property(
        fc.nat(65_535),
        fc.integer({ min: 1, max: 400 }),
        fc.array(fc.tuple(fc.nat(15), fc.nat(15)), { maxLength: 800 }),
        (first, count, resends) => {
          // A pad sends press n only while the oldest it still holds is less than 16 behind.
          const sent: number[] = [];
          for (let n = 0; n < count; n += 1) {
            sent.push(n);
            const [back, times] = resends[n % Math.max(1, resends.length)] ?? [0, 0];
            for (let i = 0; i < times % 3; i += 1) sent.push(Math.max(0, n - back));
          }
          const wrapped = sent.map((n) => (first + n) % 65_536);
          const { accepted } = feed(wrapped);
          expect(accepted).toEqual(Array.from({ length: count }, (_, n) => (first + n) % 65_536));
        },
      ),
    );
  });

  it("accepts what was overtaken and forgets its hole", () => {
    const { accepted, window } = feed([1, 4, 2, 3]);
    expect(accepted).toEqual([1, 4, 2, 3]);
    expect(window?.holes).toEqual([]);
  });

  it("gives up a hole when the pad can no longer hold it, or when patience ends, and owns exactly the missing ones", () => {
    const { window } = feed([1, 4]);
    if (window === undefined) throw new Error("no window");
    expect(giveUp(window, 59_999, 60_000).losses).toEqual([]);
    expect(giveUp(window, 60_000, 60_000).losses).toEqual([{ from: 2, to: 3, count: 2 }]);
    const later = feed([1, 4, ...Array.from({ length: 15 }, (_, i) => 5 + i)]).window;
    if (later === undefined) throw new Error("no window");
    expect(giveUp(later, 0, 60_000).losses).toEqual([{ from: 2, to: 3, count: 2 }]);
  });

  it("every counter up to the newest is accepted, missing or given up", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200), { minLength: 2, maxLength: 150 }), (counters) => {
        const shuffledInReach = [...counters].sort((a, b) => Math.floor(a / 12) - Math.floor(b / 12));
        let window: CounterWindow | undefined;
        const seen = new Set<number>();
        for (const counter of shuffledInReach) {
          const arrival = arrive(window, "s", counter, 0);
          window = arrival.window;
          if (!arrival.duplicate) seen.add(counter);
        }
        const held =
          window?.holes.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i)) ?? [];
        const first = shuffledInReach[0] ?? 0;
        const newest = Math.max(...counters);
        for (let counter = first; counter <= newest; counter += 1)
          expect(seen.has(counter) !== held.includes(counter)).toBe(true);
      }),
    );
  });

  it("starts anew with a new session, and takes an echo older than the window for a duplicate", () => {
    const { window } = feed([10, 10 + WINDOW + 5]);
    expect(arrive(window, "s", 10, 0).duplicate).toBe(true);
    expect(arrive(window, "t", 10, 0).duplicate).toBe(false);
  });
});
