// Single keys from a terminal as they are pressed, or from a pipe as they come.

/** Ctrl-C in a terminal that hands out single keys. */
const INTERRUPT = "\u0003";
/** Ctrl-D. */
const END = "\u0004";

/** Calls `key` for each key until aborted, interrupted, or standard input ends. The terminal is as before afterwards. */
export async function readKeys(signal: AbortSignal, key: (key: string) => void): Promise<void> {
  const { stdin } = process;
  const terminal = stdin.isTTY === true;
  if (terminal) stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  try {
    await new Promise<void>((resolve, reject) => {
      const end = (): void => resolve();
      signal.addEventListener("abort", end, { once: true });
      process.once("SIGINT", end).once("SIGTERM", end);
      stdin.once("end", end);
      stdin.on("data", (typed: string) => {
        try {
          for (const one of typed) {
            if (terminal && (one === INTERRUPT || one === END)) end();
            else key(one.toLowerCase());
            if (signal.aborted) break;
          }
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
  } finally {
    if (terminal) stdin.setRawMode(false);
    stdin.pause();
    stdin.removeAllListeners("data");
  }
}
