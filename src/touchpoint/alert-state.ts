// What is remembered of alerts, in memory and in the journal, and how it comes back after a restart.
import { z } from "zod";
import type { Moment } from "./decision.ts";
import { retold, Said } from "./kept-time.ts";

/** One rule at one touchpoint: its alert that is open, or the last one that was. Times are boottime milliseconds. */
const AlertRecord = z.object({
  key: z.string(),
  rule: z.string(),
  touchpoint: z.string(),
  rev: z.int().min(1),
  state: z.enum(["raised", "acknowledged", "resolved", "escalated"]),
  reason: z.string(),
  count: z.int().min(1),
  raisedMs: z.number(),
  resolvedMs: z.number().optional(),
  acknowledged: z.boolean(),
  /** Time limits that were missed and said. */
  missed: z.array(z.enum(["react", "resolve"])),
  /** What it rests on, where that ends by itself: buttons that are stuck. */
  about: z.array(z.string()),
  by: z.string().optional(),
  via: z.enum(["mqtt", "http", "badge", "button", "rule"]).optional(),
  cause: z.string().optional(),
  press: z.string().optional(),
  /** When the last change of state was said. */
  changedMs: z.number(),
});
export type AlertRecord = z.infer<typeof AlertRecord>;

const Rating = z.object({ id: z.string(), touchpoint: z.string(), atMs: z.number(), value: z.number() });
export type Rating = z.infer<typeof Rating>;
const Since = z.object({ atMs: z.number() });

export interface AlertState {
  /** By `rule/touchpoint`. */
  readonly alerts: Readonly<Record<string, AlertRecord>>;
  /** By touchpoint: ratings that a rule may still look back at, in order of time. */
  readonly ratings: Readonly<Record<string, readonly Rating[]>>;
  /** By touchpoint: the last press, or when waiting for one began. */
  readonly pressedMs: Readonly<Record<string, number>>;
  /** By camera: since when it is away; absent while it is live. */
  readonly awayMs: Readonly<Record<string, number>>;
  /** `pad/button` of buttons that are not well now. */
  readonly unwell: readonly string[];
}

export const NO_ALERTS: AlertState = { alerts: {}, ratings: {}, pressedMs: {}, awayMs: {}, unwell: [] };

/** Most ratings that are remembered at one touchpoint; beyond it the oldest go. */
export const MOST_RATINGS = 2_000;

export const KEYS = { alert: "alert:", rating: "alert-rating:", pressed: "alert-pressed:", camera: "alert-camera:" };

/** What the journal kept; what cannot be read is named in `broken`, to be deleted. */
export function restoreAlerts(
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { state: AlertState; broken: string[] } {
  const alerts: Record<string, AlertRecord> = {};
  const ratings: Record<string, Rating[]> = {};
  const pressedMs: Record<string, number> = {};
  const awayMs: Record<string, number> = {};
  const broken: string[] = [];
  for (const [key, value] of Object.entries(kept)) {
    const kind = Object.values(KEYS).find((prefix) => key.startsWith(prefix));
    if (kind === undefined) continue;
    const name = key.slice(kind.length);
    const said = z.object({ said: Said }).safeParse(value).data?.said;
    const told = (atMs: number): number => (said === undefined ? atMs : retold(atMs, said, moment));
    const [alert, rating, since] = [AlertRecord.safeParse(value), Rating.safeParse(value), Since.safeParse(value)];
    if (said === undefined) broken.push(key);
    else if (kind === KEYS.alert && alert.success) {
      const { raisedMs, changedMs, resolvedMs } = alert.data;
      alerts[name] = {
        ...alert.data,
        raisedMs: told(raisedMs),
        changedMs: told(changedMs),
        ...(resolvedMs === undefined ? {} : { resolvedMs: told(resolvedMs) }),
      };
    } else if (kind === KEYS.rating && rating.success) {
      const { touchpoint } = rating.data;
      ratings[touchpoint] = inOrder([...(ratings[touchpoint] ?? []), { ...rating.data, atMs: told(rating.data.atMs) }]);
    } else if (kind === KEYS.pressed && since.success) {
      // While the machine was off nobody could press.
      pressedMs[name] = said.boot === moment.boot ? since.data.atMs : moment.ms;
    } else if (kind === KEYS.camera && since.success) {
      awayMs[name] = said.boot === moment.boot ? since.data.atMs : moment.ms;
    } else broken.push(key);
  }
  return { state: { ...NO_ALERTS, alerts, ratings, pressedMs, awayMs }, broken };
}

export function inOrder(ratings: Rating[]): Rating[] {
  return ratings.sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
}
