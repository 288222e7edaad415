import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bootId, boottimeOffset, createBoottime } from "../../src/clock/clock.ts";

describe("boottime", () => {
  it("comes within 10 ms of the truth, from below, however the readings fall", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 50 }), (moments) => {
        const trueOffset = 1234.56;
        let offset: number | undefined;
        for (const monotonic of moments) {
          const uptime = Math.floor((monotonic + trueOffset) / 10) * 10;
          offset = boottimeOffset(offset, uptime, monotonic);
        }
        expect(offset).toBeLessThanOrEqual(trueOffset);
        expect(offset).toBeGreaterThan(trueOffset - 10);
      }),
    );
  });

  it("follows the machine through a sleep", () => {
    let monotonic = 1000;
    let asleep = 0;
    const clock = createBoottime(
      () => monotonic + asleep,
      () => monotonic,
    );
    asleep = 60_000;
    monotonic = 2000;
    clock.refresh();
    expect(clock.nowMs()).toBe(62_000);
  });

  it("agrees with the kernel", () => {
    const clock = createBoottime();
    const uptimeMs = Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000;
    expect(Math.abs(clock.nowMs() - uptimeMs)).toBeLessThan(1000);
    expect(bootId()).toMatch(/^[0-9a-f]{16}$/);
  });
});
