// The clock trials of the chaos suite in their quick form, and proof that their judge can say no.
import { describe, expect, test } from "vitest";
import { daylightSaving, noClock, notYetValid, oneDayBack, tenYearsAhead } from "../../scripts/chaos/clock-trials.ts";
import { judgeTimes } from "../../scripts/chaos/event-times.ts";
import { fakeClockLacks } from "../../scripts/chaos/fake-clock.ts";
import { runTrial, type Trial } from "../../scripts/chaos/trial.ts";
import type { Envelope } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram } from "../fakes/mosquitto.ts";
import { CABLES } from "../fakes/pty.ts";

const RUNS: Record<string, Trial["run"]> = {
  "clock-none": noClock,
  "clock-ahead": tenYearsAhead,
  "clock-back": oneDayBack,
  "clock-daylight": daylightSaving,
  "clock-certificate": notYetValid,
};

const here = CABLES && mosquittoProgram() !== undefined && fakeClockLacks() === undefined;
describe.skipIf(!here)(`clocks that lie (else: no socat, no libfaketime, or ${MOSQUITTO_ABSENT})`, () => {
  test.each(Object.entries(RUNS))("%s", { timeout: 240_000 }, async (name, run) => {
    const trial = { name, lacks: () => undefined, run };
    const row = await runTrial(trial, { seed: 5, quick: true, share: 1, progress: () => undefined });
    expect(row).toMatchObject({ outcome: { wrong: [] } });
  });
});

describe("the judge of times", () => {
  const BOOT_MS = Date.UTC(2026, 10, 22, 9);
  const event = (
    n: number,
    offMs: number,
    clock: Envelope["clock"],
    type: "press" | "clock" = "press",
    data?: object,
  ) =>
    ({
      ...stamped(type, n, { ...data }),
      stream: "5b0f0000-0000-4000-8000-000000000000",
      seq: n,
      clock,
      time: new Date(BOOT_MS + n + offMs).toISOString(),
    }) as Envelope;
  const repair = (fromMono: number, toMono: number, offsetMs: number): Envelope =>
    event(900, 0, "synced", "clock", {
      boot: "6f1c9a2e",
      fromMono,
      toMono,
      offsetMs,
      uncertaintyMs: 130,
      reason: "boot",
    });

  test("says how far each time is off, repaired or not", () => {
    const events = [
      event(1, -5_000, "unsynced"),
      event(2, 20, "synced"),
      event(3, 0, "corrected"),
      repair(0, 1.05, 5_000),
    ];
    expect(judgeTimes(events, BOOT_MS, [1, 2, 3])).toEqual({
      synced: 2,
      corrected: 1,
      repaired: 1,
      unsynced: 0,
      "clock events": 1,
      "worst ms": 20,
      "wrong times": 0,
      "wrong before repair": 1,
      disordered: 0,
    });
  });

  test.each([
    ["a synced time that is off", [event(1, 500, "synced")], { "wrong times": 1 }],
    ["a repair that does not mend", [event(1, -5_000, "unsynced"), repair(0, 1.05, 4_000)], { "wrong times": 1 }],
    ["an event that no repair means", [event(2, -5_000, "unsynced"), repair(0, 1.05, 5_000)], { unsynced: 1 }],
  ])("notices %s", (_, events, found) => {
    expect(judgeTimes(events, BOOT_MS, [])).toMatchObject(found);
  });

  test("notices presses out of order", () => {
    expect(judgeTimes([], BOOT_MS, [1, 5_000, 3_000, 4_900, 6_000])).toMatchObject({ disordered: 1 });
  });
});
