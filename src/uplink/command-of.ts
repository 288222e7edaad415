// Makes a command of its words: its own fields are checked first, and it is told where they are wrong.
import { z } from "zod";
import { COMMANDS, type CommandBody, type CommandName } from "../words/commands.ts";
import type { Command, Outcome } from "./commanding.ts";

/** Fields of a command's own, as its schema reads them. */
export type Asked<N extends CommandName> = z.infer<(typeof COMMANDS)[N]["body"]>;

/** @param run has the whole body too, which says who asks and why; it throws nothing it could say in its outcome */
export function commandOf<N extends CommandName>(
  name: N,
  traits: Omit<Command, "run">,
  run: (asked: Asked<N>, body: CommandBody) => Promise<Outcome>,
): Command {
  return {
    ...traits,
    async run(body) {
      const asked = COMMANDS[name].body.safeParse(body);
      if (!asked.success) return { ok: false, reason: "invalid", message: z.prettifyError(asked.error) };
      return await run(asked.data as Asked<N>, body);
    },
  };
}
