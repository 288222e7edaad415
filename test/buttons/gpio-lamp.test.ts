// The table of lamp and beeper patterns, and the player that follows it.
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { BEEPER, LAMP, levelAt, playPatterns } from "../../src/buttons/lamp.ts";
import { INDICATIONS } from "../../src/words/inputs.ts";

test("a level lasts exactly as long as it says, for every pattern", () => {
  const pattern = fc.constantFrom(...INDICATIONS.flatMap((name) => [LAMP[name], BEEPER[name]]));
  fc.assert(
    fc.property(pattern, fc.integer({ min: 0, max: 5_000 }), (of, at) => {
      const { on, forMs } = levelAt(of, at);
      if (forMs === undefined) {
        expect(on).toBe(false);
        expect(of.repeat).toBe(false);
        return;
      }
      expect(forMs).toBeGreaterThan(0);
      expect(levelAt(of, at + forMs - 1).on).toBe(on);
      const next = levelAt(of, at + forMs);
      expect(next.on).toBe(!on);
    }),
  );
});

test("felt is one flash of 120 ms, thanks blinks twice, a fault goes on after them, off ends all", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    const levels: string[] = [];
    const start = performance.now();
    const player = playPatterns(LAMP, (on) =>
      levels.push(`${on ? "on" : "off"} ${Math.round(performance.now() - start)}`),
    );
    player.show("felt");
    vi.advanceTimersByTime(1_000);
    expect(levels.splice(0)).toEqual(["on 0", "off 120"]);
    player.show("thanks");
    vi.advanceTimersByTime(2_000);
    expect(levels.splice(0)).toEqual(["on 1000", "off 1250", "on 1400", "off 2000"]);
    player.show("error");
    vi.advanceTimersByTime(450);
    expect(levels.splice(0)).toEqual(["on 3000", "off 3200"]);
    player.show("felt");
    vi.advanceTimersByTime(1_000);
    // The fault's blinking goes on when the flash is over.
    expect(levels.splice(0).slice(0, 3)).toEqual(["on 3450", "off 3700", "on 4000"]);
    player.show("off");
    levels.splice(0);
    vi.advanceTimersByTime(5_000);
    expect(levels).toEqual([]);
    player.show("error");
    player.close();
    player.show("attention");
    levels.splice(0);
    vi.advanceTimersByTime(5_000);
    expect(levels).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});
