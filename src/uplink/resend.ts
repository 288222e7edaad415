// The command `resend`: the server lost rows that were sent long ago and asks for them again.
import type { Journal } from "../journal/journal.ts";
import { commandOf } from "./command-of.ts";
import type { Command } from "./commanding.ts";

/** Most rows that one command may ask for: their place in the journal is changed in one transaction. */
export const MAX_ROWS = 100_000;

/**
 * Puts rows that were sent and are still kept back among those that wait, after all others.
 * @param queued called when some wait again
 */
export function resendCommand(journal: Pick<Journal, "head" | "resend">, queued: () => void): Command {
  // To send a row twice does no harm, whenever it is done.
  return commandOf("resend", { needsClock: false }, async ({ from, to, stream: meant }) => {
    if (to < from) return { ok: false, reason: "invalid", message: "`to` lies before `from`" };
    if (to - from >= MAX_ROWS)
      return { ok: false, reason: "invalid", message: `at most ${MAX_ROWS} rows at once; ask for the others later` };
    const { stream } = await journal.head();
    if (meant !== undefined && meant !== stream)
      return { ok: false, reason: "invalid", message: `the present stream is ${stream}` };
    const result = await journal.resend(from, to);
    if (result.queued > 0) queued();
    return { ok: true, stream, queued: result.queued };
  });
}
