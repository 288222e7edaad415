// Service windows of a queue or till system: the lamp asks while one is open, presses within it belong to it.
import { z } from "zod";
import type { TouchpointConfig } from "../config/schema.ts";
import { Fault } from "../words/errors.ts";
import type { EventData, Fact } from "../words/events.ts";
import type { Indication, Input, ServiceInput } from "../words/inputs.ts";
import { At, at, sinceMs, utcOf } from "./at.ts";
import { type Circumstances, unknownTouchpoint } from "./context.ts";
import { both, type Decision, type Moment, NOTHING } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";

/** A window names this many presses; more are bound to it and not named. */
const MOST_PRESSES = 1_000;

const Window = z.object({
  service: z.string(),
  ticket: z.string().optional(),
  staff: z.string().optional(),
  shift: z.string().optional(),
  transaction: z.string().optional(),
  at: At,
  presses: z.array(z.string()).max(MOST_PRESSES),
});
type Window = z.infer<typeof Window>;

/** The open window by touchpoint id. */
export type ServiceState = Readonly<Record<string, Window>>;
const PREFIX = "service:";

/** Windows that were open when the agent ended are closed: nobody knows what went on meanwhile. */
export function startService(
  settings: EngineSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { state: ServiceState; decision: Decision } {
  let decision = NOTHING;
  for (const [key, value] of Object.entries(kept)) {
    if (!key.startsWith(PREFIX)) continue;
    const id = key.slice(PREFIX.length);
    const window = Window.safeParse(value);
    const pads = settings.touchpoints.find((one) => one.id === id)?.pads ?? [];
    decision = both(
      decision,
      window.success ? close(id, pads, window.data, "restart", moment) : { ...NOTHING, keep: { [key]: null } },
    );
  }
  return { state: {}, decision };
}

/** @param known what is known of a moment at a touchpoint */
export function stepService(
  settings: EngineSettings,
  state: ServiceState,
  input: Input,
  decision: Decision,
  known: (touchpoint: TouchpointConfig, atMs: number) => Circumstances,
  moment: Moment,
): { state: ServiceState; decision: Decision } {
  switch (input.kind) {
    case "service": {
      const touchpoint = settings.touchpoints.find(({ id }) => id === input.touchpoint);
      if (touchpoint === undefined) return { state, decision: both(decision, unknownTouchpoint(input.touchpoint)) };
      const stepped = say(touchpoint, state, input, known(touchpoint, input.atMs), moment);
      return { state: stepped.state, decision: both(decision, stepped.decision) };
    }
    case "tick": {
      let next = { state, decision };
      for (const touchpoint of settings.touchpoints) {
        const window = next.state[touchpoint.id];
        if (window === undefined) continue;
        if (sinceMs(window.at, moment, moment.ms) < touchpoint.service.timeoutS * 1000) continue;
        const closed = close(touchpoint.id, touchpoint.pads, window, "timeout", moment);
        next = { state: without(next.state, touchpoint.id), decision: both(next.decision, closed) };
      }
      return next;
    }
    default:
      return bind(settings, state, decision, moment);
  }
}

function say(
  touchpoint: TouchpointConfig,
  state: ServiceState,
  input: ServiceInput,
  known: Circumstances,
  moment: Moment,
): { state: ServiceState; decision: Decision } {
  const { id, pads } = touchpoint;
  const open = state[id];
  if (input.action === "close") {
    if (open?.service !== input.service) {
      const fault = new Fault("SERVICE_UNKNOWN", "that service window is not open", { touchpoint: id });
      return { state, decision: { ...NOTHING, dropped: [fault] } };
    }
    // Till and queue system may say only at the end who served and what was sold.
    const { ticket, staff, transaction } = input;
    const learnt = {
      ...open,
      ...(ticket === undefined ? {} : { ticket }),
      ...(staff === undefined ? {} : { staff }),
      ...(transaction === undefined ? {} : { transaction }),
    };
    return { state: without(state, id), decision: close(id, pads, learnt, "said", moment, at(moment, input.atMs)) };
  }
  // The same window again: said twice, opened once.
  if (open?.service === input.service) return { state, decision: NOTHING };
  const former = open === undefined ? NOTHING : close(id, pads, open, "next", moment, at(moment, input.atMs));
  const onShift = input.staff === undefined || input.staff === known.staff;
  const staff = input.staff ?? known.staff;
  const window: Window = {
    service: input.service,
    ...(input.ticket === undefined ? {} : { ticket: input.ticket }),
    ...(staff === undefined ? {} : { staff }),
    ...(onShift && known.shift !== undefined ? { shift: known.shift } : {}),
    ...(input.transaction === undefined ? {} : { transaction: input.transaction }),
    at: at(moment, input.atMs),
    presses: [],
  };
  const opened: Decision = {
    ...NOTHING,
    facts: [serviceFact(id, window, moment)],
    keep: { [PREFIX + id]: window },
    afterCommit: lamps(pads, "attention"),
  };
  return { state: { ...state, [id]: window }, decision: both(former, opened) };
}

/** Presses, answers and sales of a touchpoint with an open window belong to it; a press outside is unattended. */
function bind(
  settings: EngineSettings,
  state: ServiceState,
  decision: Decision,
  moment: Moment,
): { state: ServiceState; decision: Decision } {
  let next = state;
  let keep: Record<string, unknown> = {};
  const facts = decision.facts.map((fact): Fact => {
    const touchpoint = settings.touchpoints.find(({ id }) => id === fact.touchpoint);
    if (touchpoint === undefined) return fact;
    const open = next[touchpoint.id];
    // A press that a pad sends late was made before the window, and is none of its.
    const window = open !== undefined && sinceMs(open.at, moment, fact.atMs) >= 0 ? open : undefined;
    const said =
      window === undefined
        ? {}
        : {
            service: window.service,
            ...(window.staff === undefined ? {} : { staff: window.staff }),
            ...(window.transaction === undefined ? {} : { transaction: window.transaction }),
          };
    switch (fact.type) {
      case "answer":
        return { ...fact, data: { ...fact.data, ...said } };
      case "survey":
        return { ...fact, data: { ...fact.data, ...said } };
      case "transaction":
        return window === undefined ? fact : { ...fact, data: { ...fact.data, service: window.service } };
      case "press": {
        if (window === undefined)
          return touchpoint.service.onDemand
            ? { ...fact, data: { ...fact.data, flags: [...fact.data.flags, "unattended"] } }
            : fact;
        const bound = { ...window, presses: [...window.presses, fact.id].slice(0, MOST_PRESSES) };
        next = { ...next, [touchpoint.id]: bound };
        keep = { ...keep, [PREFIX + touchpoint.id]: bound };
        const { shift, ...data } = fact.data;
        const theirs = window.staff === undefined ? shift : window.shift;
        return { ...fact, data: { ...data, ...said, ...(theirs === undefined ? {} : { shift: theirs }) } };
      }
      default:
        return fact;
    }
  });
  return { state: next, decision: { ...decision, facts, keep: { ...decision.keep, ...keep } } };
}

function close(
  id: string,
  pads: readonly string[],
  window: Window,
  reason: NonNullable<EventData["service"]["reason"]>,
  moment: Moment,
  end: At = at(moment, moment.ms),
): Decision {
  const fact = serviceFact(id, window, moment, { end: utcOf(end, moment), presses: window.presses, reason });
  // After a press the lamp has said thanks; an unanswered one still asks.
  const afterCommit = window.presses.length === 0 ? lamps(pads, "off") : [];
  return { ...NOTHING, facts: [fact], keep: { [PREFIX + id]: null }, afterCommit };
}

function serviceFact(
  touchpoint: string,
  { at: from, presses: _presses, ...window }: Window,
  moment: Moment,
  end: Partial<EventData["service"]> = {},
): Fact {
  const state = end.reason === undefined ? "opened" : "closed";
  const data: EventData["service"] = { ...window, state, start: utcOf(from, moment), ...end };
  return { type: "service", id: moment.newId(moment.unixMs), touchpoint, atMs: moment.ms, data };
}

function lamps(pads: readonly string[], pattern: Indication): Decision["afterCommit"] {
  return pads.map((pad) => ({ kind: "indicate", pad, pattern }));
}

function without(state: ServiceState, id: string): ServiceState {
  const { [id]: _closed, ...others } = state;
  return others;
}
