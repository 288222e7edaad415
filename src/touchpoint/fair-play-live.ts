// Fair play on the engine: says how many people were there at a press, judges it, and remembers over a restart.
import { z } from "zod";
import type { FairPlaySettings } from "../config/fair-play.ts";
import type { TouchpointConfig } from "../config/schema.ts";
import type { Fact } from "../words/events.ts";
import { JUDGEMENTS } from "../words/feedback.ts";
import type { Input, Seen } from "../words/inputs.ts";
import type { Decision, Moment } from "./decision.ts";
import { NOTHING } from "./decision.ts";
import {
  elapse,
  type FairPlayState,
  type FairPlayStep,
  hear,
  type Judgement,
  NO_FAIR_PLAY,
  type Told,
} from "./fair-play.ts";
import { keepable, retold, Said } from "./kept-time.ts";
import { peopleIn } from "./zone.ts";

/** The part of the engine's settings that fair play rests on; without `fairPlay` nothing is judged. */
export interface FairPlayEngineSettings {
  readonly touchpoints: readonly TouchpointConfig[];
  readonly fairPlay?: FairPlaySettings | undefined;
}

export interface LiveFairPlay {
  readonly rules: FairPlayState;
  /** By touchpoint: people in its zone, frame by frame, of the last moments. */
  readonly frames: Readonly<Record<string, readonly { readonly atMs: number; readonly people: number }[]>>;
}

/** How long before a press people are looked for, milliseconds; said of `people` in the press event. */
const BEFORE_PRESS_MS = 2_000;
/** A press may reach the agent late: frames are remembered this long, milliseconds. */
const FRAMES_MS = 10_000;
const KEY = "fair-play:";
const Kept = z.object({
  said: Said,
  recent: z.array(
    z.object({
      id: z.string(),
      atMs: z.number(),
      button: z.string(),
      value: z.number().nullable(),
      verdicts: z.array(z.enum(JUDGEMENTS)),
    }),
  ),
});

/** State after a start. Presses that waited for an episode are given up: their camera has to come back first. */
export function startFairPlay(
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { state: LiveFairPlay; decision: Decision } {
  const keep: Record<string, unknown> = {};
  const pads: Record<string, FairPlayState["pads"][string]> = {};
  for (const [key, value] of Object.entries(kept)) {
    if (!key.startsWith(KEY)) continue;
    const known = Kept.safeParse(value);
    if (!known.success) keep[key] = null;
    else
      pads[key.slice(KEY.length)] = known.data.recent.map((press) => ({
        ...press,
        atMs: retold(press.atMs, known.data.said, moment),
      }));
  }
  const decision = Object.keys(keep).length === 0 ? NOTHING : { ...NOTHING, keep };
  return { state: { rules: { ...NO_FAIR_PLAY, pads }, frames: {} }, decision };
}

/** One step. @param decision what was decided of the input so far; press events in it are given their `people` */
export function stepFairPlay(
  settings: FairPlayEngineSettings,
  state: LiveFairPlay,
  input: Input,
  decision: Decision,
  moment: Moment,
): { state: LiveFairPlay; decision: Decision } {
  const policy = settings.fairPlay;
  if (policy === undefined) return { state, decision };
  let frames = state.frames;
  if (input.kind === "seen") frames = noted(settings, frames, input);
  if (input.kind === "camera" && !input.live) frames = without(settings, frames, input.camera);
  const known = decision.facts.map((fact) => withPeople(fact, frames));
  const judgements: Judgement[] = [];
  let rules = state.rules;
  const take = (step: FairPlayStep): void => {
    rules = step.state;
    judgements.push(...step.judgements);
  };
  take(elapse(policy, settings.touchpoints, rules, moment.ms));
  if (input.kind === "camera" && !input.live)
    take(hear(policy, settings.touchpoints, rules, { kind: "away", camera: input.camera }));
  for (const told of known.flatMap(toldBy)) take(hear(policy, settings.touchpoints, rules, told));
  if (rules === state.rules && judgements.length === 0)
    return { state: frames === state.frames ? state : { ...state, frames }, decision };
  const keep: Record<string, unknown> = {};
  for (const [pad, recent] of Object.entries(rules.pads))
    if (recent !== state.rules.pads[pad]) keep[KEY + pad] = keepable({ recent }, moment);
  const facts = judgements.map(
    ({ touchpoint, ...data }): Fact => ({
      type: "judgement",
      id: moment.newId(moment.unixMs),
      touchpoint,
      atMs: moment.ms,
      data,
    }),
  );
  return {
    state: { rules, frames },
    decision: { ...decision, facts: [...known, ...facts], keep: { ...decision.keep, ...keep } },
  };
}

function toldBy(fact: Fact): Told[] {
  const { touchpoint } = fact;
  if (touchpoint === undefined) return [];
  if (fact.type === "press") return [{ kind: "press", id: fact.id, touchpoint, atMs: fact.atMs, data: fact.data }];
  if (fact.type === "presence")
    return [{ kind: "presence", touchpoint, atMs: fact.atMs, occupied: fact.data.occupied }];
  return fact.type === "contact" ? [{ kind: "contact", touchpoint, data: fact.data }] : [];
}

function noted(settings: FairPlayEngineSettings, frames: LiveFairPlay["frames"], seen: Seen): LiveFairPlay["frames"] {
  let next = frames;
  for (const { id, zone } of settings.touchpoints) {
    if (zone?.camera !== seen.camera) continue;
    const before = (next[id] ?? []).filter(({ atMs }) => seen.atMs - atMs < FRAMES_MS);
    next = { ...next, [id]: [...before, { atMs: seen.atMs, people: peopleIn(zone, seen) }] };
  }
  return next;
}

function without(
  settings: FairPlayEngineSettings,
  frames: LiveFairPlay["frames"],
  camera: string,
): LiveFairPlay["frames"] {
  const blind = settings.touchpoints.filter(({ zone }) => zone?.camera === camera).map(({ id }) => id);
  return Object.fromEntries(Object.entries(frames).filter(([id]) => !blind.includes(id)));
}

function withPeople(fact: Fact, frames: LiveFairPlay["frames"]): Fact {
  if (fact.type !== "press" || fact.touchpoint === undefined) return fact;
  const around = (frames[fact.touchpoint] ?? []).filter(
    ({ atMs }) => atMs <= fact.atMs && fact.atMs - atMs <= BEFORE_PRESS_MS,
  );
  if (around.length === 0) return fact;
  return { ...fact, data: { ...fact.data, people: Math.max(...around.map(({ people }) => people)) } };
}
