// Runs one device or connection for ever: start, report, and after a failure start again with back-off.
import { asFault, type Fault, type FaultCode } from "../words/errors.ts";
import { type BackoffSettings, backoffMs, DEFAULT_BACKOFF, pause } from "./backoff.ts";

/** `paused`: closed because somebody wants it; the fault says who. */
export type StageState = "starting" | "ok" | "degraded" | "stopped" | "paused";

/** Where a stage reports its state; health implements it. Reporting the same state twice is one report. */
export type StageReport = (state: StageState, fault?: Fault) => void;

export interface KeepRunning {
  /** Works until the device is gone (rejects) or `signal` is aborted (resolves). Calls `working` once it works. */
  readonly run: (signal: AbortSignal, working: () => void) => Promise<void>;
  readonly report: StageReport;
  readonly signal: AbortSignal;
  /** Code for whatever is thrown without one. */
  readonly fallback: FaultCode;
  readonly backoff?: BackoffSettings;
  readonly random?: () => number;
  /** Waits before the next start, where the back-off's `ms` alone will not do; resolves at once when aborted. */
  readonly wait?: (ms: number, fault: Fault, signal: AbortSignal) => Promise<void>;
}

/**
 * Keeps `run` going until the signal is aborted. A bug in a driver is a failure of that device, not of the agent:
 * it is reported and retried like any other.
 */
export async function keepRunning(job: KeepRunning): Promise<void> {
  const settings = job.backoff ?? DEFAULT_BACKOFF;
  const random = job.random ?? Math.random;
  let failures = 0;
  job.report("starting");
  while (!job.signal.aborted) {
    let since: number | undefined;
    let fault: Fault;
    try {
      await job.run(job.signal, () => {
        since ??= performance.now();
        job.report("ok");
      });
      if (job.signal.aborted) break;
      fault = asFault(new Error("ended by itself"), job.fallback);
    } catch (thrown) {
      if (job.signal.aborted) break;
      fault = asFault(thrown, job.fallback);
    }
    if (since !== undefined && performance.now() - since >= settings.stableAfterMs) failures = 0;
    failures += 1;
    job.report("degraded", fault);
    const ms = backoffMs(failures, settings, random());
    await (job.wait === undefined ? pause(ms, job.signal) : job.wait(ms, fault, job.signal));
  }
  job.report("stopped");
}
