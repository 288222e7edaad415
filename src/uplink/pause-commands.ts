// The commands `camera.pause` and `camera.resume`: somebody at the central server has cameras closed, or opened again.
import { commandOf } from "./command-of.ts";
import type { Command, Outcome } from "./commanding.ts";

/** What such a command says. */
export interface PauseWord {
  readonly action: "pause" | "resume";
  readonly by: string;
  readonly camera?: string;
  readonly minutes?: number;
}

/** @param pause does it and says, once that is on disk, which cameras are paused; this room knows no touchpoint */
export function pauseCommands(
  pause: (word: PauseWord) => Promise<Outcome>,
): Record<"camera.pause" | "camera.resume", Command> {
  return {
    // To close a camera late does no harm. The touchpoint's step audits both, with what became of them.
    "camera.pause": commandOf("camera.pause", { needsClock: false, audited: true }, async ({ by, camera, minutes }) =>
      pause({ action: "pause", by, ...named(camera), ...(minutes === undefined ? {} : { minutes }) }),
    ),
    // To open one late may: somebody may have had it closed meanwhile.
    "camera.resume": commandOf("camera.resume", { needsClock: true, audited: true }, async ({ by, camera }) =>
      pause({ action: "resume", by, ...named(camera) }),
    ),
  };
}

function named(camera: string | undefined): Pick<PauseWord, "camera"> {
  return camera === undefined ? {} : { camera };
}
