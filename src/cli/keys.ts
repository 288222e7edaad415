// Single keys from a terminal as they are pressed, or from a pipe as they come.

/** Ctrl-C in a terminal that hands out single keys. */
const INTERRUPT = "\u0003";
/** Ctrl-D. */
const END = "\u0004";

/**
 * Calls `key` for each key until aborted, interrupted, or standard input ends. The terminal is as before afterwards.
 * Rejects with whatever `key` throws.
 */
export async function readKeys(signal: AbortSignal, key: (key: string) => void): Promise<void> {
  const { stdin } = process;
  const terminal = stdin.isTTY === true;
  if (terminal) stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  let end = (): void => undefined;
  let hear = (_typed: string): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      end = resolve;
      hear = (typed) => {
        try {
          for (const one of typed) {
            if (terminal && (one === INTERRUPT || one === END)) end();
            else key(one.toLowerCase());
            if (signal.aborted) break;
          }
        } catch (thrown) {
          reject(thrown);
        }
      };
      signal.addEventListener("abort", end, { once: true });
      process.on("SIGINT", end).on("SIGTERM", end);
      stdin.on("end", end).on("data", hear);
    });
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
    stdin.off("end", end).off("data", hear);
    if (terminal) stdin.setRawMode(false);
    stdin.pause();
  }
}
