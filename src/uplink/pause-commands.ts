// The commands `camera.pause` and `camera.resume`: somebody at the central server has cameras closed, or opened again.
import { z } from "zod";
import { COMMANDS } from "../words/commands.ts";
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
  const command = (action: PauseWord["action"], needsClock: boolean): Command => ({
    needsClock,
    // The touchpoint's step tells it, with what became of it.
    audited: true,
    async run(body) {
      const asked = COMMANDS["camera.pause"].body.safeParse(body);
      if (!asked.success) return { ok: false, reason: "invalid", message: z.prettifyError(asked.error) };
      const { by, camera, minutes } = asked.data;
      return pause({
        action,
        by,
        ...(camera === undefined ? {} : { camera }),
        ...(minutes === undefined ? {} : { minutes }),
      });
    },
  });
  // To close a camera late does no harm. To open one late may: somebody may have had it closed meanwhile.
  return { "camera.pause": command("pause", false), "camera.resume": command("resume", true) };
}
