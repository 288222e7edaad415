// The command `flush`: waits for another try end, and the answer says how far delivery came.
import type { Journal } from "../journal/journal.ts";
import { commandOf } from "./command-of.ts";
import type { Command } from "./commanding.ts";

/** Longest wait for everything to be at the broker, milliseconds. */
const WITHIN_MS = 10_000;

/** @param flush tries at once what waits; resolves when all is at the broker, or after so many milliseconds */
export function flushCommand(journal: Pick<Journal, "head">, flush: (ms: number) => Promise<void>): Command {
  return commandOf("flush", { needsClock: false, aside: true }, async () => {
    await flush(WITHIN_MS);
    const { stream, head, done } = await journal.head();
    return { ok: true, stream, head, done };
  });
}
