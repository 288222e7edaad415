// The seam of the rollups: a thread that keeps counts up with the journal, and says what is to be told of them.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { keepRunning, type StageReport } from "../supervise/keep-running.ts";
import { Fault } from "../words/errors.ts";
import { type RollupsData, type RollupsMessage, STOP } from "./messages.ts";
import type { Proposal } from "./publish.ts";

export type { Proposal, RollupSettings } from "./publish.ts";

/** How often counts are brought up to date, milliseconds. */
export const PASS_MS = 30_000;

export interface RollupsContext {
  /** `rollups/thread.js`, compiled. */
  readonly threadUrl: URL;
  readonly signal: AbortSignal;
  readonly report: StageReport;
  /** Rollups that are to be journaled. */
  readonly tell: (proposals: readonly Proposal[]) => void;
}

/** Runs until aborted; resolves when the thread is gone. A failure there stops nothing else. */
export function runRollups(data: RollupsData, context: RollupsContext): Promise<void> {
  return keepRunning({
    signal: context.signal,
    report: context.report,
    fallback: "ROLLUPS",
    run: async (signal, working) => {
      const thread = new Worker(context.threadUrl, {
        workerData: data,
        name: "rollups",
        execArgv: [],
        resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 },
      });
      const gone = once(thread, "exit");
      const stop = (): void => thread.postMessage(STOP);
      signal.addEventListener("abort", stop, { once: true });
      let failed: Error | undefined;
      thread.on("error", (error: Error) => {
        failed = error;
      });
      thread.on("message", (message: RollupsMessage) => {
        if (signal.aborted) return;
        if (message.kind === "fault") context.report("degraded", new Fault(message.code, message.message));
        else {
          working();
          context.tell(message.proposals);
        }
      });
      await gone;
      signal.removeEventListener("abort", stop);
      if (failed !== undefined) throw failed;
    },
  });
}
