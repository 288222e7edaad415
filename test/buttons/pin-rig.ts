// A pad under test: what it said, what it dropped, and a wait for a condition instead of a time.
import type { PadPort, RunPad } from "../../src/buttons/pad.ts";
import type { Fault } from "../../src/words/errors.ts";
import type { PadInput } from "../../src/words/inputs.ts";

export interface PadUnderTest {
  readonly inputs: PadInput[];
  readonly dropped: Fault[];
  readonly port: () => PadPort | undefined;
  readonly presses: () => string[];
  readonly ended: Promise<Fault | undefined>;
  stop(): Promise<void>;
}

/** Runs a pad once; `ended` resolves with the fault it rejected with, or undefined when it was stopped. */
export function runPad(run: RunPad): PadUnderTest {
  const stop = new AbortController();
  const inputs: PadInput[] = [];
  const dropped: Fault[] = [];
  let port: PadPort | undefined;
  const ended = run({
    signal: stop.signal,
    nowMs: () => performance.now() + 1e6,
    input: (input) => inputs.push(input),
    opened: (open) => {
      port = open;
    },
    dropped: (fault) => dropped.push(fault),
  }).then(
    () => undefined,
    (fault: Fault) => fault,
  );
  return {
    inputs,
    dropped,
    port: () => port,
    presses: () => inputs.flatMap((input) => (input.kind === "press" ? [input.button] : [])),
    ended,
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

/** Resolves once the condition holds. @throws when it does not within `timeoutMs` */
export async function until(condition: () => boolean, what: string, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
