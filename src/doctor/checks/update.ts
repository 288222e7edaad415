// Updates: whose signature is believed, and whether a package waits for an installer that does not come.
import { existsSync } from "node:fs";
import { incomingFolder, signerKeys } from "../../update/take.ts";
import { type Check, failedBy, ok, skipped, warn } from "../finding.ts";

const NAME = "update";

export const updateCheck: Check = {
  name: NAME,
  run: ({ config }) => {
    const { update, dataDir } = config.local;
    if (update === undefined) return [skipped(NAME, "local.update is not set: no package is believed")];
    try {
      const keys = signerKeys(update);
      const incoming = incomingFolder(dataDir);
      return [
        existsSync(incoming)
          ? warn(NAME, `a package waits in ${incoming}`, "Look whether the installer is there and what it says.")
          : ok(NAME, `packages signed by ${keys.length === 1 ? "one key" : `${keys.length} keys`} are believed`),
      ];
    } catch (thrown) {
      return [failedBy(NAME, thrown)];
    }
  },
};
