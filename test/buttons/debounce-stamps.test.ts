// Kernel time stamps brought to boottime.
import { expect, test } from "vitest";
import { stampedMs } from "../../src/buttons/edges.ts";

test("an edge's age on the kernel's clock is taken off boottime", () => {
  // Suspended for an hour: boottime is ahead of the monotonic clock, the age is the same.
  const boottimeMs = 3_600_000 + 5_000;
  expect(stampedMs(boottimeMs, 5_000_000_000n, 4_987_500_000n)).toBe(boottimeMs - 12.5);
});

test("a stamp of another clock, or from the future, counts as now", () => {
  expect(stampedMs(1_000, 5_000_000_000n, 1_790_000_000_000_000_000n)).toBe(1_000);
  expect(stampedMs(1_000, 5_000_000_000n, 5_000_000_001n)).toBe(1_000);
  expect(stampedMs(1_000_000, 500_000_000_000n, 0n)).toBe(1_000_000);
});
