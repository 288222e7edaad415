// Presses: from a button to an event, each press of a pad once, each missing counter owned by a gap.
import type { TouchpointConfig } from "../config/schema.ts";
import { Fault } from "../words/errors.ts";
import type { EventData, Fact } from "../words/events.ts";
import type { PressInput, PressRef } from "../words/inputs.ts";
import { arrive, CounterWindow, giveUp } from "./counter-window.ts";
import { type Decision, type Moment, NOTHING } from "./decision.ts";

/** A pad resends with back-off; what did not come within this time is lost. Milliseconds. */
export const PATIENCE_MS = 60_000;

/** Counter windows by `port` and pad name on the wire. */
export interface PressState {
  readonly windows: Readonly<
    Record<string, { readonly pad: string; readonly ref: PressRef; readonly window: CounterWindow }>
  >;
  /** `pad/button` → what is odd about it now. */
  readonly conditions: Readonly<Record<string, "stuck" | "chatter">>;
}

export const NO_PRESSES: PressState = { windows: {}, conditions: {} };

/** Journal key of a pad's window. */
function windowKey(ref: PressRef): string {
  return `window:${ref.port}:${ref.pad}`;
}

/** The press state as the journal kept it; what cannot be read is left out, so its presses may count twice but none is lost. */
export function restorePresses(kept: Readonly<Record<string, unknown>>, moment: Moment): PressState {
  const windows: Record<string, { pad: string; ref: PressRef; window: CounterWindow }> = {};
  for (const [key, value] of Object.entries(kept)) {
    if (!key.startsWith("window:") || typeof value !== "object" || value === null) continue;
    const { pad, port, wire, ...rest } = value as Record<string, unknown>;
    const window = CounterWindow.safeParse(rest);
    if (!window.success || typeof pad !== "string" || typeof port !== "string" || typeof wire !== "string") continue;
    // While the agent was away nothing could come: the patience with a hole starts anew.
    const holes = window.data.holes.map((hole) => ({ ...hole, sinceMs: moment.ms }));
    const ref = { port, pad: wire, session: window.data.session, counter: window.data.newest };
    windows[key] = { pad, ref, window: { ...window.data, holes } };
  }
  return { windows, conditions: {} };
}

export interface PressStep {
  readonly state: PressState;
  readonly decision: Decision;
  /** The press event, where there is a new one. */
  readonly press?: { readonly id: string; readonly atMs: number };
}

/** A press at a touchpoint, or at none (`touchpoint` undefined: the pad serves nobody). */
export function stepPress(
  state: PressState,
  input: PressInput,
  touchpoint: TouchpointConfig | undefined,
  moment: Moment,
): PressStep {
  const question = touchpoint?.question;
  const activity = touchpoint?.activity;
  if (touchpoint === undefined || (question === undefined && activity === undefined))
    return refuse(state, new Fault("PAD_UNKNOWN", `pad ${input.pad} serves no touchpoint`, { pad: input.pad }));
  // Own keys only: a pad may call its button "constructor".
  const value =
    question !== undefined && Object.hasOwn(question.buttons, input.button)
      ? question.buttons[input.button]
      : undefined;
  // A seller's button is taken like any other, but rates nothing: see activity.ts.
  const sells = activity !== undefined && Object.hasOwn(activity.buttons, input.button);
  if (value === undefined && !sells)
    return refuse(
      state,
      new Fault(
        "BUTTON_UNKNOWN",
        `pad ${input.pad} has no button "${input.button}" in question ${question?.id ?? "none"}`,
        {
          pad: input.pad,
        },
      ),
      input.pad,
    );

  const taken = takeIn(state, input, touchpoint.id, moment);
  if (!taken.fresh || question === undefined || value === undefined) return taken;
  const condition = state.conditions[`${input.pad}/${input.button}`];
  const flags = [...(condition === undefined ? [] : [condition]), ...(taken.late ? ["late"] : [])];
  const id = moment.newId(moment.unixMs - (moment.ms - input.atMs));
  const data: EventData["press"] = {
    pad: input.pad,
    button: input.button,
    question: question.id,
    questionVersion: question.version,
    value,
    min: question.min,
    max: question.max,
    flags,
  };
  const fact: Fact = { type: "press", id, touchpoint: touchpoint.id, atMs: input.atMs, data };
  const { state: after, decision } = taken;
  return { state: after, decision: { ...decision, facts: [fact, ...decision.facts] }, press: { id, atMs: input.atMs } };
}

/** A press that was taken in: `fresh` where it is not one that was there already, `late` where others overtook it. */
interface Taken extends PressStep {
  readonly fresh: boolean;
  readonly late: boolean;
}

/**
 * Counts, acknowledges and thanks for a press, and makes no event of it: all that there is to a press that is no rating, such
 * as the staff's. One that was there already, or is being committed, is acknowledged again, behind the commit of the first.
 */
export function takeIn(state: PressState, input: PressInput, touchpoint: string | undefined, moment: Moment): Taken {
  const acknowledge = input.ref === undefined ? [] : [{ kind: "acknowledge", pad: input.pad, ref: input.ref } as const];
  const thanked: Decision = {
    ...NOTHING,
    atOnce: [{ kind: "indicate", pad: input.pad, pattern: "felt" }],
    afterCommit: [...acknowledge, { kind: "indicate", pad: input.pad, pattern: "thanks" }],
  };
  if (input.ref === undefined) return { state, decision: thanked, fresh: true, late: false };
  const key = windowKey(input.ref);
  const before = state.windows[key]?.window;
  const arrival = arrive(before, input.ref.session, input.ref.counter, moment.ms);
  if (arrival.duplicate)
    return { state, decision: { ...NOTHING, afterCommit: acknowledge }, fresh: false, late: false };
  const newSession = before !== undefined && before.session !== input.ref.session;
  const losses = newSession ? lossFacts(before, input.pad, Number.POSITIVE_INFINITY, moment, touchpoint).facts : [];
  const ripe = lossFacts(arrival.window, input.pad, moment.ms, moment, touchpoint);
  const windows = { ...state.windows, [key]: { pad: input.pad, ref: input.ref, window: ripe.window } };
  const keep = { [key]: { pad: input.pad, port: input.ref.port, wire: input.ref.pad, ...ripe.window } };
  return {
    state: { ...state, windows },
    decision: { ...thanked, facts: [...losses, ...ripe.facts], keep },
    fresh: true,
    late: arrival.late,
  };
}

/** Whether the press was taken as a new one: only such a press is felt; a repeated one is acknowledged again and no more. */
export function wasTaken({ atOnce }: Decision, pad: string): boolean {
  return atOnce.some((effect) => effect.kind === "indicate" && effect.pad === pad && effect.pattern === "felt");
}

/** Time passed: counters that will not come any more become gaps. */
export function stepPatience(
  state: PressState,
  touchpointOf: (pad: string) => string | undefined,
  moment: Moment,
): PressStep {
  let windows = state.windows;
  let decision = NOTHING;
  for (const [key, entry] of Object.entries(state.windows)) {
    if (entry.window.holes.length === 0) continue;
    const { facts, window } = lossFacts(entry.window, entry.pad, moment.ms, moment, touchpointOf(entry.pad));
    if (facts.length === 0) continue;
    windows = { ...windows, [key]: { ...entry, window } };
    const keep = { ...decision.keep, [key]: { pad: entry.pad, port: entry.ref.port, wire: entry.ref.pad, ...window } };
    decision = { ...decision, facts: [...decision.facts, ...facts], keep };
  }
  return { state: windows === state.windows ? state : { ...state, windows }, decision };
}

function lossFacts(
  window: CounterWindow,
  pad: string,
  nowMs: number,
  moment: Moment,
  touchpoint: string | undefined,
): { facts: Fact[]; window: CounterWindow } {
  const given = giveUp(window, nowMs, PATIENCE_MS);
  const facts = given.losses.map(({ from, to, count }): Fact => {
    const data = { source: "pad" as const, from, to, count, pad, session: window.session, reason: "counter-jump" };
    return {
      type: "gap",
      id: moment.newId(moment.unixMs),
      ...(touchpoint === undefined ? {} : { touchpoint }),
      atMs: moment.ms,
      data,
    };
  });
  return { facts, window: given.window };
}

function refuse(state: PressState, fault: Fault, pad?: string): PressStep {
  const atOnce = pad === undefined ? [] : ([{ kind: "indicate", pad, pattern: "error" }] as const);
  return { state, decision: { ...NOTHING, atOnce, dropped: [fault] } };
}
