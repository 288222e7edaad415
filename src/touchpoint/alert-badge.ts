// What a staff badge says of the alerts at its touchpoint: where it says something, it says nothing of a shift.
import type { AlertRecord, AlertState } from "./alert-state.ts";
import type { AlertEngineSettings } from "./alerts.ts";

/** A reader may read a badge twice in one go; within this time the second reading means nothing, milliseconds. */
export const SAME_SCAN_MS = 3_000;

/** `again`: the same reading once more. */
export type BadgeWord = "acknowledge" | "resolve" | "again";

/**
 * The meaning of a badge read now; undefined where no alert is meant, so that it begins or ends a shift.
 * @param staff label of the badge
 * @param nowMs boottime, milliseconds
 */
export function badgeSays(
  { alerts }: AlertEngineSettings,
  { alerts: records }: AlertState,
  touchpoint: string,
  staff: string,
  nowMs: number,
): BadgeWord | undefined {
  const badges = alerts?.settings.badges;
  if (badges === undefined) return undefined;
  const here = Object.values(records).filter((record) => record.touchpoint === touchpoint);
  if (here.some((one) => isSeenTo(one) && one.by === staff && nowMs - one.changedMs < SAME_SCAN_MS)) return "again";
  const open = here.filter(({ state }) => state !== "resolved");
  if (open.some(({ state }) => state !== "acknowledged")) return "acknowledge";
  return badges === "acknowledge-resolve" && open.length > 0 ? "resolve" : undefined;
}

/** What was escalated since keeps the name of who acknowledged it, and waits for somebody all the same. */
function isSeenTo({ state, via }: AlertRecord): boolean {
  return via === "badge" && (state === "acknowledged" || state === "resolved");
}
