// What is known around a press: who is on shift, the newest sale, the customer's card, the campaign, opening hours.
import { z } from "zod";
import type { TouchpointConfig } from "../config/schema.ts";
import { Fault } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import { type Circumstances as CircumstancesSchema, CustomerKey } from "../words/feedback.ts";
import type { Input, ScanInput, TransactionInput } from "../words/inputs.ts";
import { At, at, sinceMs } from "./at.ts";
import { both, type Decision, type Moment, NOTHING } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { openSince } from "./opening-hours.ts";
import { classify } from "./scans.ts";
import { endShift, Shift, startShift, stepSchedule } from "./shifts.ts";

export type { CustomerHash } from "./scans.ts";
export type Circumstances = z.infer<typeof CircumstancesSchema>;

/** A press may arrive after the sale that followed it, so that more than the newest is remembered. */
const MOST_SALES = 8;

const Surroundings = z.object({
  shift: Shift.optional(),
  /** The slot of the schedule that was acted on last: a shift somebody ended is not started again. */
  slot: z.string().optional(),
  /** In the order of their ends. */
  sales: z.array(z.object({ transaction: z.string(), at: At })).max(MOST_SALES),
  customer: z.object({ customer: CustomerKey, at: At }).optional(),
});
export type Surroundings = z.infer<typeof Surroundings>;

/** By touchpoint id. */
export type ContextState = Readonly<Record<string, Surroundings>>;

const PREFIX = "context:";
export const NO_SURROUNDINGS: Surroundings = { sales: [] };

/** What the journal kept; what cannot be read is left out: a press then says less, and none is lost. */
export function startContext(kept: Readonly<Record<string, unknown>>): ContextState {
  return Object.fromEntries(
    Object.entries(kept).flatMap(([key, value]) => {
      if (!key.startsWith(PREFIX)) return [];
      const known = Surroundings.safeParse(value);
      return known.success ? [[key.slice(PREFIX.length), known.data] as const] : [];
    }),
  );
}

/**
 * What is known at boottime `atMs`. Attribution windows: a sale counts from its end to `transactionBeforeS` after it,
 * both included, the newest first; a card likewise with `customerBeforeS`; a shift from its start on.
 */
export function circumstancesAt(
  state: ContextState,
  touchpoint: TouchpointConfig,
  atMs: number,
  moment: Moment,
): Circumstances {
  const { shift, sales, customer } = state[touchpoint.id] ?? NO_SURROUNDINGS;
  const { context } = touchpoint;
  const covers = (from: At, forS: number): boolean => {
    const since = sinceMs(from, moment, atMs);
    return since >= 0 && since <= forS * 1000;
  };
  const sale = sales.findLast((one) => covers(one.at, context.transactionBeforeS));
  const unixMs = at(moment, atMs).unixMs;
  const campaign = context.campaigns.find(({ from, to }) => Date.parse(from) <= unixMs && unixMs < Date.parse(to));
  return {
    ...(shift === undefined || sinceMs(shift.at, moment, atMs) < 0 ? {} : { staff: shift.staff, shift: shift.shift }),
    ...(sale === undefined ? {} : { transaction: sale.transaction }),
    ...(customer === undefined || !covers(customer.at, context.customerBeforeS) ? {} : { customer: customer.customer }),
    ...(campaign === undefined ? {} : { campaign: campaign.label }),
  };
}

/**
 * One step: what comes from till, readers and schedule becomes events; what was decided of a press learns of it.
 * @param taken whether a badge read at a touchpoint is meant for something else than a shift
 */
export function stepContext(
  settings: EngineSettings,
  state: ContextState,
  input: Input,
  decision: Decision,
  taken: (touchpoint: string, staff: string) => boolean,
  moment: Moment,
): { state: ContextState; decision: Decision } {
  const told = { ...decision, facts: decision.facts.map((fact) => tell(settings, state, fact, moment)) };
  const change = (id: string, step: { now: Surroundings; decision: Decision }) => {
    const same = step.now === (state[id] ?? NO_SURROUNDINGS);
    const kept = same ? NOTHING : { ...NOTHING, keep: { [PREFIX + id]: step.now } };
    return { state: same ? state : { ...state, [id]: step.now }, decision: both(both(told, step.decision), kept) };
  };
  switch (input.kind) {
    case "transaction":
    case "shift": {
      const touchpoint = settings.touchpoints.find(({ id }) => id === input.touchpoint);
      if (touchpoint === undefined) return { state, decision: both(told, unknownTouchpoint(input.touchpoint)) };
      const before = state[touchpoint.id] ?? NO_SURROUNDINGS;
      if (input.kind === "transaction") return change(touchpoint.id, sell(state, touchpoint, before, input, moment));
      if (input.action === "start") return change(touchpoint.id, startShift(touchpoint.id, before, input, moment));
      if (before.shift?.staff === input.staff)
        return change(touchpoint.id, endShift(touchpoint.id, before, "said", at(moment, input.atMs), moment));
      const fault = new Fault("SHIFT_UNKNOWN", "that person is not on shift", { touchpoint: touchpoint.id });
      return { state, decision: both(told, { ...NOTHING, dropped: [fault] }) };
    }
    case "scan": {
      const touchpoint = settings.touchpoints.find(
        ({ pads, readers }) => readers.includes(input.pad) || pads.includes(input.pad),
      );
      if (touchpoint === undefined) {
        const fault = new Fault("PAD_UNKNOWN", `reader ${input.pad} serves no touchpoint`, { pad: input.pad });
        return { state, decision: both(told, { ...NOTHING, dropped: [fault] }) };
      }
      const before = state[touchpoint.id] ?? NO_SURROUNDINGS;
      return change(touchpoint.id, scan(settings, touchpoint, before, input, taken, moment));
    }
    case "tick": {
      let next: { state: ContextState; decision: Decision } = { state, decision: told };
      for (const touchpoint of settings.touchpoints) {
        const before = state[touchpoint.id] ?? NO_SURROUNDINGS;
        const step = stepSchedule(touchpoint, before, settings.timezone ?? "UTC", moment);
        if (step.now === before) continue;
        const keep = { [PREFIX + touchpoint.id]: step.now };
        next = {
          state: { ...next.state, [touchpoint.id]: step.now },
          decision: both(next.decision, { ...step.decision, keep }),
        };
      }
      return next;
    }
    default:
      return { state, decision: told };
  }
}

export function unknownTouchpoint(id: string): Decision {
  return {
    ...NOTHING,
    dropped: [new Fault("TOUCHPOINT_UNKNOWN", `there is no touchpoint "${id}"`, { touchpoint: id })],
  };
}

/** A press, answer or questionnaire with what is known of its moment; what it says itself stands. */
function tell(settings: EngineSettings, state: ContextState, fact: Fact, moment: Moment): Fact {
  if (fact.type !== "press" && fact.type !== "answer" && fact.type !== "survey") return fact;
  const touchpoint = settings.touchpoints.find(({ id }) => id === fact.touchpoint);
  if (touchpoint === undefined) return fact;
  const known = circumstancesAt(state, touchpoint, fact.atMs, moment);
  if (fact.type === "answer") return { ...fact, data: { ...known, ...fact.data } };
  if (fact.type === "survey") return { ...fact, data: { ...known, ...fact.data } };
  const hours = touchpoint.openingHours ?? settings.openingHours ?? [];
  const closed = openSince(hours, settings.timezone ?? "UTC", at(moment, fact.atMs).unixMs) === undefined;
  const flags = closed ? [...fact.data.flags, "closed"] : fact.data.flags;
  return { ...fact, data: { ...known, ...fact.data, flags } };
}

/** The same number again corrects what was sold, and leaves when it was sold. */
function sell(
  state: ContextState,
  touchpoint: TouchpointConfig,
  before: Surroundings,
  input: TransactionInput,
  moment: Moment,
): { now: Surroundings; decision: Decision } {
  const { transaction: _former, ...known } = circumstancesAt(state, touchpoint, input.atMs, moment);
  const { kind: _kind, touchpoint: _touchpoint, atMs, ...said } = input;
  const fact: Fact = {
    type: "transaction",
    id: moment.newId(at(moment, atMs).unixMs),
    touchpoint: touchpoint.id,
    atMs,
    data: { ...(said.staff === undefined || said.staff === known.staff ? known : withoutShift(known)), ...said },
  };
  return {
    now: remember(before, input.transaction, at(moment, atMs), moment),
    decision: { ...NOTHING, facts: [fact] },
  };
}

/** Who sold it is not who is on shift: then the shift is not theirs. */
function withoutShift({ staff: _staff, shift: _shift, ...others }: Circumstances): Circumstances {
  return others;
}

function remember(before: Surroundings, transaction: string, when: At, moment: Moment): Surroundings {
  if (before.sales.some((sale) => sale.transaction === transaction)) return before;
  const age = (sale: { at: At }): number => sinceMs(sale.at, moment, moment.ms);
  const sales = [...before.sales, { transaction, at: when }].sort((a, b) => age(b) - age(a)).slice(-MOST_SALES);
  return { ...before, sales };
}

function scan(
  settings: EngineSettings,
  touchpoint: TouchpointConfig,
  before: Surroundings,
  input: ScanInput,
  taken: (touchpoint: string, staff: string) => boolean,
  moment: Moment,
): { now: Surroundings; decision: Decision } {
  const when = at(moment, input.atMs);
  const scanned = classify(input.code, touchpoint.context, settings.hash);
  const { id } = touchpoint;
  const data = { pad: input.pad, ...scanned };
  const fact: Fact = { type: "scan", id: moment.newId(when.unixMs), touchpoint: id, atMs: input.atMs, data };
  const said = { ...NOTHING, facts: [fact] };
  if (scanned.kind === "transaction")
    return { now: remember(before, scanned.transaction, when, moment), decision: said };
  if (scanned.kind === "customer" && scanned.customer !== undefined)
    return { now: { ...before, customer: { customer: scanned.customer, at: when } }, decision: said };
  if (scanned.kind !== "badge" || scanned.staff === undefined) return { now: before, decision: said };
  if (taken(id, scanned.staff)) return { now: before, decision: said };
  // The badge of who is on shift ends it; any other begins one.
  const step =
    before.shift?.staff === scanned.staff
      ? endShift(id, before, "said", when, moment)
      : startShift(id, before, { staff: scanned.staff, source: "badge", atMs: input.atMs }, moment);
  return { now: step.now, decision: both(said, step.decision) };
}
