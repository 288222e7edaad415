// The full check of a file that was not closed: in a thread of its own, read-only, so that no commit waits for it.
import { Worker } from "node:worker_threads";

/** What the thread says in the end. */
export interface CheckVerdict {
  /** The first thing that is wrong; undefined where all is well. */
  readonly finding: string | undefined;
}

/**
 * Checks the file once. A file that cannot be checked just now is left to the next time.
 * @param threadUrl the compiled check-thread.js
 * @param found hears what is wrong
 * @returns ends the check
 */
export function watchOver(threadUrl: URL, file: string, found: (finding: string) => void): () => Promise<void> {
  const worker = new Worker(threadUrl, { workerData: { file }, name: "journal check", execArgv: [] });
  worker.unref();
  worker.on("message", ({ finding }: CheckVerdict) => {
    if (finding !== undefined) found(finding);
  });
  worker.on("error", () => undefined);
  return async () => void (await worker.terminate());
}
