// Shifts: one person at a touchpoint at a time, begun by badge, caller or schedule, ended by word, successor or time.
import { z } from "zod";
import type { TouchpointConfig } from "../config/schema.ts";
import type { EventData, Fact } from "../words/events.ts";
import { At, at, sinceMs, utcOf } from "./at.ts";
import type { Surroundings } from "./context.ts";
import { both, type Decision, type Moment, NOTHING } from "./decision.ts";
import { localTime, within } from "./local-time.ts";

export const Shift = z.object({
  shift: z.string(),
  staff: z.string(),
  source: z.enum(["badge", "api", "schedule"]),
  at: At,
});
export type Shift = z.infer<typeof Shift>;

type ShiftStep = { now: Surroundings; decision: Decision };

function shiftFact(touchpoint: string, one: Shift, moment: Moment, end?: { when: At; reason: Reason }): Fact {
  const data: EventData["shift"] = {
    shift: one.shift,
    staff: one.staff,
    state: end === undefined ? "started" : "ended",
    source: one.source,
    start: utcOf(one.at, moment),
    ...(end === undefined ? {} : { end: utcOf(end.when, moment), reason: end.reason }),
  };
  return { type: "shift", id: moment.newId(moment.unixMs), touchpoint, atMs: moment.ms, data };
}
type Reason = NonNullable<EventData["shift"]["reason"]>;

/** The same person again changes nothing: a till may say it with every login. */
export function startShift(
  touchpoint: string,
  before: Surroundings,
  said: { readonly staff: string; readonly source: Shift["source"]; readonly atMs: number },
  moment: Moment,
): ShiftStep {
  if (before.shift?.staff === said.staff) return { now: before, decision: NOTHING };
  const when = at(moment, said.atMs);
  const ended = before.shift === undefined ? undefined : endShift(touchpoint, before, "next", when, moment);
  const shift = { shift: moment.newId(when.unixMs), staff: said.staff, source: said.source, at: when };
  const begun = { ...NOTHING, facts: [shiftFact(touchpoint, shift, moment)] };
  return { now: { ...before, shift }, decision: both(ended?.decision ?? NOTHING, begun) };
}

export function endShift(
  touchpoint: string,
  before: Surroundings,
  reason: Reason,
  when: At,
  moment: Moment,
): ShiftStep {
  const { shift, ...rest } = before;
  if (shift === undefined) return { now: before, decision: NOTHING };
  return { now: rest, decision: { ...NOTHING, facts: [shiftFact(touchpoint, shift, moment, { when, reason })] } };
}

/** Time passed: a shift nobody ended is ended; the schedule begins and ends its own, and none that somebody began. */
export function stepSchedule(
  { id, context }: TouchpointConfig,
  before: Surroundings,
  timezone: string,
  moment: Moment,
): ShiftStep {
  const forgotten =
    before.shift !== undefined && sinceMs(before.shift.at, moment, moment.ms) > context.shiftLimitH * 3_600_000;
  let step: ShiftStep = forgotten
    ? endShift(id, before, "forgotten", at(moment, moment.ms), moment)
    : { now: before, decision: NOTHING };
  if (context.schedule.length === 0) return step;
  const local = localTime(moment.unixMs, timezone);
  const due = context.schedule.find((one) => within(one, local));
  const slot = due === undefined ? undefined : `${local.date}/${due.from}/${due.staff}`;
  if (slot === before.slot) return step;
  const { shift } = step.now;
  if (shift?.source === "schedule")
    step = then(step, endShift(id, step.now, "schedule", at(moment, moment.ms), moment));
  const { slot: _former, ...rest } = step.now;
  step = { ...step, now: slot === undefined ? rest : { ...rest, slot } };
  if (due === undefined || step.now.shift !== undefined) return step;
  return then(step, startShift(id, step.now, { staff: due.staff, source: "schedule", atMs: moment.ms }, moment));
}

function then(first: ShiftStep, second: ShiftStep): ShiftStep {
  return { now: second.now, decision: both(first.decision, second.decision) };
}
