// The command `update`: a package that was laid on the device is verified and handed over to the installer.
import { z } from "zod";
import { COMMANDS } from "../words/commands.ts";
import { Fault } from "../words/errors.ts";
import type { Command, Outcome } from "./commanding.ts";

/**
 * @param begin verifies what can be verified at once and says the version; the copy goes on after it
 */
export function updateCommand(begin: (name: string, downgrade: boolean) => Promise<{ version: string }>): Command {
  return {
    // An old command sent again would bring an old version.
    needsClock: true,
    async run(body): Promise<Outcome> {
      const asked = COMMANDS.update.body.safeParse(body);
      if (!asked.success) return { ok: false, reason: "invalid", message: z.prettifyError(asked.error) };
      try {
        const { version } = await begin(asked.data.package, asked.data.downgrade === true);
        return { ok: true, version };
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        const busy = thrown.code === "UPDATE_WAITING";
        return { ok: false, reason: busy ? "busy" : "invalid", message: `${thrown.code}: ${thrown.message}` };
      }
    },
  };
}
