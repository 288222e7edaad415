// The commands `alert.ack` and `alert.resolve`: somebody at the central server saw to an alert.
import { commandOf } from "./command-of.ts";
import type { Command, Outcome } from "./commanding.ts";

/** What such a command says. */
export interface AlertWord {
  readonly action: "acknowledge" | "resolve";
  readonly key?: string;
  readonly touchpoint?: string;
  readonly by: string;
  readonly cause?: string;
}

/** @param seeTo does it and says, once that is on disk, of which alert; this room knows no touchpoint */
export function alertCommands(
  seeTo: (word: AlertWord) => Promise<Outcome>,
): Record<"alert.ack" | "alert.resolve", Command> {
  const command = (name: "alert.ack" | "alert.resolve", action: AlertWord["action"]): Command =>
    // Late or not, an alert that is open was seen to.
    commandOf(name, { needsClock: false }, async ({ by, key, touchpoint, cause }) =>
      seeTo({
        action,
        by,
        ...(key === undefined ? {} : { key }),
        ...(touchpoint === undefined ? {} : { touchpoint }),
        ...(cause === undefined ? {} : { cause }),
      }),
    );
  return { "alert.ack": command("alert.ack", "acknowledge"), "alert.resolve": command("alert.resolve", "resolve") };
}
