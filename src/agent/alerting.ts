// Between a command and the engine: somebody saw to an alert, and is answered when that is on disk.
import type { AlertWord } from "../uplink/alert-commands.ts";
import type { Outcome } from "../uplink/commanding.ts";
import type { Deciding } from "./deciding.ts";

/** @param nowMs boottime milliseconds */
export async function seeTo(engine: Pick<Deciding, "decided">, word: AlertWord, nowMs: number): Promise<Outcome> {
  // What never reached the disk is said by whoever runs the command.
  const { facts, dropped } = await engine.decided({ kind: "alert", via: "mqtt", atMs: nowMs, ...word });
  const [fault] = dropped;
  if (fault !== undefined) return { ok: false, reason: "invalid", message: fault.message };
  for (const fact of facts) {
    if (fact.type !== "alert") continue;
    const { key, rev, state } = fact.data;
    return { ok: true, key, rev, state };
  }
  return { ok: false, reason: "failed", message: "no alerts are configured" };
}
