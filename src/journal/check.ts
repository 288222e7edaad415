// The full check of a file that was not closed: in a process of its own, with what time others leave, read-only.
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { endChild, startChild } from "../supervise/child.ts";

/** Least urgent of all. */
const NICE = 19;

/** What the process prints in the end. */
export interface CheckVerdict {
  /** The first thing that is wrong; null where all is well. */
  readonly finding: string | null;
}

/**
 * Checks the file once. A file that cannot be checked just now is left to the next time.
 * @param program the compiled check-file.js
 * @param found hears what is wrong
 * @returns ends the check
 */
export function watchOver(program: URL, file: string, found: (finding: string) => void): () => Promise<void> {
  const child = startChild(process.execPath, [fileURLToPath(program), file], { stdio: ["ignore", "pipe", "ignore"] });
  if (child.pid !== undefined) lower(child.pid);
  let printed = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    printed += chunk.toString("utf8");
  });
  // Not at `exit`: what it printed may still be on its way then.
  child.on("close", (code) => {
    const { finding } = code === 0 ? (JSON.parse(printed) as CheckVerdict) : { finding: null };
    if (finding !== null) found(finding);
  });
  child.on("error", () => undefined);
  return () => endChild(child);
}

function lower(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    // It is as urgent as the agent then, and over sooner.
  }
}
