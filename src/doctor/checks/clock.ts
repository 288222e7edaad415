// The clock: set by a time source, and not years off.
import { askTimeSource, EARLIEST_MS } from "../../clock/time-source.ts";
import { type Check, type Finding, failed, ok, warn } from "../finding.ts";

export const clockCheck: Check = {
  name: "clock",
  run: async () => [judgeClock(Date.now(), (await askTimeSource()) === "synced")],
};

/** @param nowMs UTC, milliseconds since 1970 */
export function judgeClock(nowMs: number, synced: boolean): Finding {
  const shown = new Date(nowMs).toISOString();
  const hint = "Check `timedatectl`: network time must be on and reachable; a clock chip bridges power cuts.";
  if (nowMs < EARLIEST_MS) return failed("clock", `${shown} cannot be right`, hint);
  if (!synced) return warn("clock", `${shown}, not confirmed by a time source since the start`, hint);
  return ok("clock", `${shown}, set by a time source`);
}
