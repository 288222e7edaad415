// Which pads and cameras are plugged in, by names that stay the same after the next start.
import { readdirSync } from "node:fs";
import { join } from "node:path";

export interface FoundDevices {
  readonly serialPorts: readonly string[];
  readonly cameras: readonly string[];
}

/** Looks below `dev` (normally /dev); a folder that is not there means nothing of the kind is plugged in. */
export function findDevices(dev: string): FoundDevices {
  return {
    serialPorts: list(join(dev, "serial", "by-id")),
    // A camera shows several nodes; index 0 is the one that gives pictures.
    cameras: list(join(dev, "v4l", "by-id")).filter((path) => path.endsWith("-video-index0")),
  };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
