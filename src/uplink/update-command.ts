// The command `update`: a package that was laid on the device is verified and handed over to the installer.
import { Fault } from "../words/errors.ts";
import { commandOf } from "./command-of.ts";
import type { Command } from "./commanding.ts";

/**
 * @param begin verifies what can be verified at once and says the version; the copy goes on after it
 */
export function updateCommand(begin: (name: string, downgrade: boolean) => Promise<{ version: string }>): Command {
  // An old command sent again would bring an old version.
  return commandOf("update", { needsClock: true }, async (asked) => {
    try {
      const { version } = await begin(asked.package, asked.downgrade === true);
      return { ok: true, version };
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      const busy = thrown.code === "UPDATE_WAITING";
      return { ok: false, reason: busy ? "busy" : "invalid", message: `${thrown.code}: ${thrown.message}` };
    }
  });
}
