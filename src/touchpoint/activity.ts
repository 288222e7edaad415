// A seller's attempts to sell: start and end by a button or a caller; an end nobody said is said by the time limit.
import { z } from "zod";
import type { TouchpointConfig } from "../config/schema.ts";
import { Fault } from "../words/errors.ts";
import type { EventData, Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";
import { At, at, sinceMs, utcOf } from "./at.ts";
import { type Circumstances, unknownTouchpoint } from "./context.ts";
import { both, type Decision, type Moment, NOTHING } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { wasTaken } from "./presses.ts";

const Attempt = z.object({
  activity: z.string(),
  staff: z.string().optional(),
  shift: z.string().optional(),
  at: At,
  /** The agent ended and started again while it was open. */
  restarted: z.boolean(),
});
type Attempt = z.infer<typeof Attempt>;

/** The open attempt by touchpoint id. */
export type ActivityState = Readonly<Record<string, Attempt>>;
const PREFIX = "activity:";
type Outcome = EventData["activity"]["outcome"];
type ActivityStep = { state: ActivityState; decision: Decision };

/** An attempt goes on over a restart: the seller does not know of it. */
export function startActivity(kept: Readonly<Record<string, unknown>>): ActivityState {
  return Object.fromEntries(
    Object.entries(kept).flatMap(([key, value]) => {
      if (!key.startsWith(PREFIX)) return [];
      const open = Attempt.safeParse(value);
      return open.success ? [[key.slice(PREFIX.length), { ...open.data, restarted: true }] as const] : [];
    }),
  );
}

/** @param known what is known of a moment at a touchpoint */
export function stepActivity(
  settings: EngineSettings,
  state: ActivityState,
  input: Input,
  decision: Decision,
  known: (touchpoint: TouchpointConfig, atMs: number) => Circumstances,
  moment: Moment,
): ActivityStep {
  switch (input.kind) {
    case "press": {
      const touchpoint = settings.touchpoints.find(({ pads }) => pads.includes(input.pad));
      const buttons = touchpoint?.activity?.buttons ?? {};
      const meant = Object.hasOwn(buttons, input.button) ? buttons[input.button] : undefined;
      if (touchpoint === undefined || meant === undefined || !wasTaken(decision, input.pad)) return { state, decision };
      const stepped =
        meant === "start"
          ? begin(touchpoint, state, known(touchpoint, input.atMs), input.atMs, moment)
          : end(touchpoint, state, OUTCOMES[meant], input.atMs, moment);
      return { state: stepped.state, decision: both(decision, stepped.decision) };
    }
    case "activity": {
      const touchpoint = settings.touchpoints.find(({ id }) => id === input.touchpoint);
      if (touchpoint === undefined) return { state, decision: both(decision, unknownTouchpoint(input.touchpoint)) };
      const around = known(touchpoint, input.atMs);
      const who = input.staff === undefined || input.staff === around.staff ? around : { staff: input.staff };
      const stepped =
        input.action === "start"
          ? begin(touchpoint, state, who, input.atMs, moment)
          : end(touchpoint, state, input.outcome ?? "unknown", input.atMs, moment);
      return { state: stepped.state, decision: both(decision, stepped.decision) };
    }
    case "tick": {
      let next = { state, decision };
      for (const touchpoint of settings.touchpoints) {
        const open = next.state[touchpoint.id];
        if (open === undefined || sinceMs(open.at, moment, moment.ms) < limitMs(touchpoint)) continue;
        next = forget(touchpoint, next, open, moment.ms, moment);
      }
      return next;
    }
    default:
      return { state, decision };
  }
}

const OUTCOMES = { "end:sale": "sale", "end:no-sale": "no-sale", "end:unknown": "unknown" } as const;

/** Where a touchpoint has no settings for it, but a caller says attempts, the default holds: half an hour. Milliseconds. */
function limitMs({ activity }: TouchpointConfig): number {
  return (activity?.limitS ?? 1_800) * 1000;
}

function begin(
  touchpoint: TouchpointConfig,
  state: ActivityState,
  { staff, shift }: Circumstances,
  atMs: number,
  moment: Moment,
): ActivityStep {
  const when = at(moment, atMs);
  const open = state[touchpoint.id];
  // A new start says that the end of the former was forgotten.
  const before = { state, decision: NOTHING };
  const former = open === undefined ? before : forget(touchpoint, before, open, atMs, moment);
  const attempt: Attempt = {
    activity: moment.newId(when.unixMs),
    ...(staff === undefined ? {} : { staff }),
    ...(shift === undefined ? {} : { shift }),
    at: when,
    restarted: false,
  };
  const keep = { ...NOTHING, keep: { [PREFIX + touchpoint.id]: attempt } };
  return { state: { ...former.state, [touchpoint.id]: attempt }, decision: both(former.decision, keep) };
}

function end(
  touchpoint: TouchpointConfig,
  state: ActivityState,
  outcome: Outcome,
  atMs: number,
  moment: Moment,
): ActivityStep {
  const open = state[touchpoint.id];
  if (open === undefined) {
    const fault = new Fault("ACTIVITY_UNKNOWN", "the end of an attempt nobody began", { touchpoint: touchpoint.id });
    return { state, decision: { ...NOTHING, dropped: [fault] } };
  }
  return over(touchpoint, { state, decision: NOTHING }, open, { outcome, atMs, forgotten: false }, moment);
}

/** The end that nobody said: no later than the limit. */
function forget(
  touchpoint: TouchpointConfig,
  step: ActivityStep,
  open: Attempt,
  atMs: number,
  moment: Moment,
): ActivityStep {
  const over_ = Math.max(0, sinceMs(open.at, moment, atMs) - limitMs(touchpoint));
  return over(touchpoint, step, open, { outcome: "unknown", atMs: atMs - over_, forgotten: true }, moment);
}

function over(
  { id }: TouchpointConfig,
  step: ActivityStep,
  open: Attempt,
  said: { readonly outcome: Outcome; readonly atMs: number; readonly forgotten: boolean },
  moment: Moment,
): ActivityStep {
  const { at: from, restarted, ...who } = open;
  const data: EventData["activity"] = {
    ...who,
    start: utcOf(from, moment),
    end: utcOf(at(moment, said.atMs), moment),
    durationMs: Math.max(0, Math.round(sinceMs(from, moment, said.atMs))),
    outcome: said.outcome,
    flags: [...(said.forgotten ? ["forgotten"] : []), ...(restarted ? ["restart"] : [])],
  };
  const fact: Fact = { type: "activity", id: moment.newId(moment.unixMs), touchpoint: id, atMs: moment.ms, data };
  const { [id]: _over, ...others } = step.state;
  return { state: others, decision: both(step.decision, { ...NOTHING, facts: [fact], keep: { [PREFIX + id]: null } }) };
}
