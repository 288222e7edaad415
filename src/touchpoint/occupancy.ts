// How many are inside: visits in and out since the nightly reset, kept over restarts; what the reset found is reported.
import { z } from "zod";
import type { TouchpointConfig } from "../config/schema.ts";
import type { EventData, Fact } from "../words/events.ts";
import { At, at, utcOf } from "./at.ts";
import { type Decision, type Moment, NOTHING } from "./decision.ts";
import type { Direction } from "./line.ts";
import { localTime } from "./local-time.ts";

const Occupancy = z.object({
  /** Local date on which the period began. */
  day: z.string(),
  since: At,
  inside: z.int().min(0),
  in: z.int().min(0),
  out: z.int().min(0),
  unmet: z.int().min(0),
});
export type Occupancy = z.infer<typeof Occupancy>;

/** By touchpoint id. */
export type OccupancyState = Readonly<Record<string, Occupancy>>;
const PREFIX = "occupancy:";

/** What the journal kept; what cannot be read begins anew. */
export function restoreOccupancy(kept: Readonly<Record<string, unknown>>): OccupancyState {
  return Object.fromEntries(
    Object.entries(kept).flatMap(([key, value]) => {
      if (!key.startsWith(PREFIX)) return [];
      const known = Occupancy.safeParse(value);
      return known.success ? [[key.slice(PREFIX.length), known.data] as const] : [];
    }),
  );
}

/** Somebody crossed. Where nobody is inside, nobody can leave: an entry was missed, and occupancy stays at 0. */
export function countVisit(
  state: OccupancyState,
  touchpoint: TouchpointConfig,
  direction: Direction,
  timezone: string,
  moment: Moment,
): { state: OccupancyState; inside: number; decision: Decision } {
  const before = state[touchpoint.id] ?? newDay(touchpoint, timezone, moment);
  const isUnmet = direction === "out" && before.inside === 0;
  const inside = Math.max(0, before.inside + (direction === "in" ? 1 : -1));
  const after = {
    ...before,
    inside,
    [direction]: before[direction] + 1,
    unmet: before.unmet + (isUnmet ? 1 : 0),
  };
  return {
    state: { ...state, [touchpoint.id]: after },
    inside,
    decision: { ...NOTHING, keep: { [PREFIX + touchpoint.id]: after } },
  };
}

/** Time passed: at `resetAt` the shop is empty, whatever was counted. Also said when the agent was off at that time. */
export function resetOccupancy(
  state: OccupancyState,
  touchpoint: TouchpointConfig,
  timezone: string,
  moment: Moment,
): { state: OccupancyState; decision: Decision } {
  const before = state[touchpoint.id];
  const begun = (): ReturnType<typeof resetOccupancy> => {
    const after = newDay(touchpoint, timezone, moment);
    const keep = { [PREFIX + touchpoint.id]: after };
    return { state: { ...state, [touchpoint.id]: after }, decision: { ...NOTHING, keep } };
  };
  if (before === undefined) return begun();
  const day = shopDayOf(touchpoint, timezone, moment);
  // A clock nobody vouches for may be years back after a start without network: that is no new day.
  if (day === before.day || (moment.clock === "unsynced" && day < before.day)) return { state, decision: NOTHING };
  const data: EventData["occupancy"] = {
    start: utcOf(before.since, moment),
    end: utcOf(at(moment, moment.ms), moment),
    day: before.day,
    in: before.in,
    out: before.out,
    drift: before.in - before.out,
    unmet: before.unmet,
  };
  const { id } = touchpoint;
  const fact: Fact = { type: "occupancy", id: moment.newId(moment.unixMs), touchpoint: id, atMs: moment.ms, data };
  const next = begun();
  return { state: next.state, decision: { ...next.decision, facts: [fact] } };
}

function newDay(touchpoint: TouchpointConfig, timezone: string, moment: Moment): Occupancy {
  const day = shopDayOf(touchpoint, timezone, moment);
  return { day, since: at(moment, moment.ms), inside: 0, in: 0, out: 0, unmet: 0 };
}

/** Local date of the last reset: before `resetAt` the day before still goes on. */
function shopDayOf({ resetAt }: TouchpointConfig, timezone: string, moment: Moment): string {
  const { date, time } = localTime(moment.unixMs, timezone);
  if (time >= resetAt) return date;
  return new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}
