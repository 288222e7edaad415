// How long to wait and where to go after a fault: haste where it helps, patience where it would do harm.
import fc from "fast-check";
import { expect, test } from "vitest";
import { routeAfter } from "../../src/uplink/moved.ts";
import { DEFAULT_PATIENCE, Patience } from "../../src/uplink/patience.ts";
import { Fault } from "../../src/words/errors.ts";

const taken = new Fault("BROKER_TAKEN", "another device uses this name");
const busy = new Fault("BROKER_BUSY", "busy");
const lost = new Fault("BROKER_LOST", "lost");

test("waits after a take-over double from half a minute to ten, and begin anew after a long peace", () => {
  const patience = new Patience(DEFAULT_PATIENCE);
  const waits = Array.from({ length: 7 }, () => patience.waitMs(taken, 500, 1_000, 1) / 1_000);
  expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600]);
  expect(patience.waitMs(taken, 500, 600_000, 1)).toBe(30_000);
});

test("a busy broker is given time, and other faults the usual wait; never less than it", () => {
  const patience = new Patience(DEFAULT_PATIENCE);
  expect([patience.waitMs(busy, 300, 0, 0), patience.waitMs(busy, 300, 0, 1)]).toEqual([5_000, 10_000]);
  expect(patience.waitMs(lost, 300, 0, 0.5)).toBe(300);
  fc.assert(
    fc.property(
      fc.constantFrom(taken, busy, lost),
      fc.nat({ max: 40_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (fault, usualMs, random) => patience.waitMs(fault, usualMs, 0, random) >= usualMs,
    ),
  );
});

const moved = (reference: unknown, code = 0x9d): Fault => new Fault("BROKER_MOVED", "moved", { code, reference });
const broker = { url: "mqtts://old.example:8884/path?x=1", moveTo: ["new.example", "two.example:9000", "[fd00::2]"] };

test.each([
  ["new.example", "mqtts://new.example:8884/path?x=1"],
  ["NEW.example:1234", "mqtts://NEW.example:1234/path?x=1"],
  ["bad.example two.example:9000", "mqtts://two.example:9000/path?x=1"],
  ["[fd00::2]:8885", "mqtts://[fd00::2]:8885/path?x=1"],
])("a reference to %s leads to %s", (reference, url) => {
  expect(routeAfter(moved(reference), broker)).toEqual({ url, stays: "kept" });
  expect(routeAfter(moved(reference, 0x9c), broker)).toEqual({ url, stays: "once" });
});

test.each([
  "two.example",
  "two.example:9001",
  "mqtt://new.example",
  "new.example/x",
  "user@new.example",
  "",
  undefined,
])("a reference to %s leads nowhere", (reference) => {
  expect(routeAfter(moved(reference), broker)).toBeUndefined();
});

test("whatever a broker says, the scheme stays and the host is one that is allowed", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webAuthority()), (reference) => {
      const route = routeAfter(moved(`${reference} new.example`), broker);
      expect(new URL(route?.url ?? "").protocol).toBe("mqtts:");
      expect(["new.example", "two.example", "[fd00::2]"]).toContain(new URL(route?.url ?? "").hostname.toLowerCase());
    }),
    { numRuns: 1_000 },
  );
  expect(routeAfter(lost, broker)).toBeUndefined();
});
