import { expect, it } from "vitest";
import { ageOf } from "../../src/clock/age.ts";
import { stamped } from "../fakes/events.ts";

const now = { unixMs: Date.UTC(2026, 10, 22, 9, 10), ms: 700_000, boot: "b2" };
const event = { ...stamped("press", 100_000), time: "2026-11-22T09:00:00.000Z" };

it("is told by boottime in the same boot, even where the wall clock is years off", () => {
  expect(ageOf({ ...event, boot: "b2", clock: "unsynced", time: "1970-01-01T00:01:40.000Z" }, now)).toBe(600_000);
  expect(ageOf({ ...event, boot: "b2", clock: "synced", time: "2036-11-22T09:00:00.000Z" }, now)).toBe(600_000);
});

it("is told by the wall clock for an earlier boot that had time, and not at all for one that had none", () => {
  expect(ageOf({ ...event, boot: "b1" }, now)).toBe(600_000);
  expect(ageOf({ ...event, boot: "b1", clock: "unsynced" }, now)).toBeUndefined();
});
