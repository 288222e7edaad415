// The command `ping`: is the device there, what is it, how far has delivery come.
import type { Journal } from "../journal/journal.ts";
import type { StatusMessage } from "../words/topics.ts";
import { commandOf } from "./command-of.ts";
import type { Command } from "./commanding.ts";

/** @param about what `status` would say of the device now */
export function pingCommand(journal: Pick<Journal, "head">, about: () => Omit<StatusMessage, "state">): Command {
  return commandOf("ping", { needsClock: false }, async () => {
    const { stream, head, done } = await journal.head();
    return { ok: true, ...about(), stream, head, done };
  });
}
