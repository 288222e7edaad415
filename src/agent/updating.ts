// Updates by command: verified at once as far as it goes at once, copied beside everything else, told by the stage `update`.
import { join } from "node:path";
import type { StageReport } from "../supervise/keep-running.ts";
import { clearUpdateLeftovers, openPackage, takePackage, type UpdatePlace } from "../update/take.ts";
import { asFault, Fault } from "../words/errors.ts";

export interface Updating {
  /** @param name of a manifest in the folder where packages are laid @throws Fault, see `openPackage`; UPDATE_WAITING */
  begin(name: string, downgrade: boolean): Promise<{ version: string }>;
  /** Resolves when nothing is copied any more. */
  readonly ended: () => Promise<void>;
}

/** Clears away what a copy that was killed left. @throws what the file system says */
export function createUpdating(place: UpdatePlace, report: StageReport, signal: AbortSignal): Updating {
  let copying: Promise<void> | undefined;
  clearUpdateLeftovers(place.dataDir);
  return {
    async begin(name, downgrade) {
      if (copying !== undefined) throw new Fault("UPDATE_WAITING", "a package is being taken in");
      const signed = await openPackage(join(place.settings?.from ?? "", name), place, downgrade);
      report("starting");
      copying = takePackage(signed, place, signal)
        .then(
          () => report("ok"),
          (thrown: unknown) => {
            if (!signal.aborted) report("degraded", asFault(thrown, "UPDATE_WRITE"));
          },
        )
        .finally(() => {
          copying = undefined;
        });
      return { version: signed.manifest.version };
    },
    ended: async () => copying,
  };
}
