import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/supervise/backoff.ts";
import { keepRunning } from "../../src/supervise/keep-running.ts";
import { Fault } from "../../src/words/errors.ts";
import { until } from "../fakes/until.ts";

const QUICK = { firstMs: 1, maxMs: 2, stableAfterMs: 10_000 };

describe("back-off", () => {
  it("grows to its bound and never leaves half to all of the step", () => {
    const settings = { firstMs: 500, maxMs: 30_000, stableAfterMs: 0 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const step = Math.min(30_000, 500 * 2 ** Math.min(failures - 1, 30));
          const delay = backoffMs(failures, settings, random);
          expect(delay).toBeGreaterThanOrEqual(step / 2);
          expect(delay).toBeLessThanOrEqual(step);
        },
      ),
    );
  });
});

describe("keep running", () => {
  const watch = () => {
    const reports: string[] = [];
    return {
      reports,
      report: (state: string, fault?: Fault) =>
        void reports.push(fault === undefined ? state : `${state} ${fault.code}`),
    };
  };

  it("retries for ever, whatever is thrown, and says each state", async () => {
    const { reports, report } = watch();
    const stop = new AbortController();
    let runs = 0;
    const ended = keepRunning({
      signal: stop.signal,
      report,
      fallback: "SERIAL_LOST",
      backoff: QUICK,
      run: async (signal, working) => {
        runs += 1;
        if (runs === 1) throw new Fault("SERIAL_OPEN", "absent");
        if (runs === 2) throw new TypeError("a bug in a driver");
        if (runs === 3) return;
        working();
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      },
    });
    await until(() => reports.includes("ok"), "fourth run works");
    stop.abort();
    await ended;
    expect(reports).toEqual([
      "starting",
      "degraded SERIAL_OPEN",
      "degraded SERIAL_LOST",
      "degraded SERIAL_LOST",
      "ok",
      "stopped",
    ]);
  });

  it("an abort ends the wait between two tries", async () => {
    const { report } = watch();
    const stop = new AbortController();
    const ended = keepRunning({
      signal: stop.signal,
      report: (state, fault) => {
        report(state, fault);
        if (state === "degraded") stop.abort();
      },
      fallback: "SERIAL_LOST",
      backoff: { firstMs: 3_600_000, maxMs: 3_600_000, stableAfterMs: 0 },
      run: () => Promise.reject(new Error("no")),
    });
    await ended;
    expect(stop.signal.aborted).toBe(true);
  });
});
