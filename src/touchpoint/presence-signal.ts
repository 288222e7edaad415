// Presence for advertising control: whether anybody is in the zone now, with debounce, decided at the frame. Pure.
import type { PresenceConfig } from "../config/presence.ts";
import type { TouchpointConfig, ZoneConfig } from "../config/schema.ts";
import type { Input } from "../words/inputs.ts";
import type { Presence } from "../words/presence.ts";
import { type Decision, type Effect, type Moment, NOTHING, utc } from "./decision.ts";
import { type Count, lately, remember, steady } from "./steady.ts";
import { peopleIn } from "./zone.ts";

/**
 * It shares with the episodes what a frame saw in the zone ({@link peopleIn}), and nothing else: a contact needs somebody
 * who stays, and its `presence` event is evidence that waits for dwell, grace and disk; a screen needs to know at once
 * and may be wrong for a moment. So it is a state without events: nothing of it is kept, counted or journaled.
 */
interface Watch {
  /** What is known; null: no frame has decided it. */
  readonly occupied: boolean | null;
  readonly people: number;
  readonly sinceMs: number;
  /** Moment of the last word. */
  readonly saidMs: number;
  /** Somebody came, but is not there for `enterMs` yet: first frame, frames since, and how many of them saw somebody. */
  readonly coming: { readonly sinceMs: number; readonly frames: number; readonly seen: number } | undefined;
  /** First frame without anybody, where the last ones saw nobody. */
  readonly absentSinceMs: number | undefined;
  /** What the last frames saw, for the number of people. */
  readonly counts: readonly Count[];
}

/** By touchpoint id; only those that have `presence`. */
export type PresenceSignals = Readonly<Record<string, Watch>>;

/** How long a word holds after its frame, milliseconds. */
export const VALID_MS = 30_000;
/** A word that still holds is said again after this long, milliseconds: two may get lost before it is stale. */
export const RENEW_MS = 10_000;

interface Watched {
  readonly id: string;
  readonly zone: ZoneConfig;
  readonly presence: PresenceConfig;
}

/** At the start nobody can say: what the broker or a screen remembers of an earlier run is taken back at once. */
export function startPresence(
  touchpoints: readonly TouchpointConfig[],
  moment: Moment,
): { state: PresenceSignals; decision: Decision } {
  const all = watched(touchpoints).map(({ id }) => ({ id, watch: unknown(moment.ms) }));
  const atOnce = all.map(({ id, watch }) => word(id, watch, true, moment));
  const state = Object.fromEntries(all.map(({ id, watch }) => [id, watch]));
  return { state, decision: all.length === 0 ? NOTHING : { ...NOTHING, atOnce } };
}

/** One input: a frame decides, a lost camera makes it unknown. Time alone decides nothing: see {@link VALID_MS}. */
export function stepPresence(
  touchpoints: readonly TouchpointConfig[],
  state: PresenceSignals,
  input: Input,
  decision: Decision,
  moment: Moment,
): { state: PresenceSignals; decision: Decision } {
  if (input.kind !== "seen" && (input.kind !== "camera" || input.live)) return { state, decision };
  let next = state;
  const said: Effect[] = [];
  for (const { id, zone, presence } of watched(touchpoints)) {
    if (zone.camera !== input.camera) continue;
    const before = state[id] ?? unknown(input.atMs);
    const { now, says } =
      input.kind === "seen" ? see(before, zone, presence, peopleIn(zone, input), input.atMs) : lose(before, input.atMs);
    if (says) said.push(word(id, now, now.occupied !== before.occupied, moment));
    if (now !== before) next = { ...next, [id]: now };
  }
  return {
    state: next,
    decision: said.length === 0 ? decision : { ...decision, atOnce: [...decision.atOnce, ...said] },
  };
}

/** For an orderly stop: from here on nobody looks. */
export function endPresence(state: PresenceSignals, moment: Moment): Effect[] {
  return Object.entries(state).map(([id, { occupied }]) => word(id, unknown(moment.ms), occupied !== null, moment));
}

function watched(touchpoints: readonly TouchpointConfig[]): Watched[] {
  return touchpoints.flatMap(({ id, zone, presence }) =>
    zone === undefined || presence === undefined ? [] : [{ id, zone, presence }],
  );
}

function unknown(atMs: number): Watch {
  return {
    occupied: null,
    people: 0,
    sinceMs: atMs,
    saidMs: atMs,
    coming: undefined,
    absentSinceMs: undefined,
    counts: [],
  };
}

/** `says`: a word goes out. */
type WatchStep = { readonly now: Watch; readonly says: boolean };

function lose(before: Watch, atMs: number): WatchStep {
  return before.occupied === null
    ? { now: { ...unknown(before.sinceMs), saidMs: before.saidMs }, says: false }
    : { now: unknown(atMs), says: true };
}

/** One frame with so many people in the zone. */
function see(
  before: Watch,
  { steadyMs }: ZoneConfig,
  debounce: PresenceConfig,
  people: number,
  atMs: number,
): WatchStep {
  const coming = before.occupied === true ? undefined : come(before.coming, people > 0, atMs);
  const absentSinceMs = people > 0 ? undefined : (before.absentSinceMs ?? atMs);
  const counts =
    before.occupied === true || coming !== undefined
      ? remember(before.counts, { atMs, people }, Math.max(1, steadyMs))
      : [];
  const now = { ...before, coming, absentSinceMs, counts };
  if (people > 0 && coming !== undefined && atMs - coming.sinceMs >= debounce.enterMs)
    return {
      now: {
        ...now,
        occupied: true,
        people: number(counts, atMs, steadyMs),
        sinceMs: coming.sinceMs,
        saidMs: atMs,
        coming: undefined,
      },
      says: true,
    };
  if (before.occupied !== false && absentSinceMs !== undefined && atMs - absentSinceMs >= debounce.leaveMs)
    return {
      now: { ...now, occupied: false, people: 0, sinceMs: absentSinceMs, saidMs: atMs, counts: [] },
      says: true,
    };
  const many = before.occupied === true ? number(counts, atMs, steadyMs) : before.people;
  const says = many !== before.people || atMs - before.saidMs >= RENEW_MS;
  return { now: { ...now, people: many, saidMs: says ? atMs : before.saidMs }, says };
}

/** Somebody who is seen in less than half of the frames since they came is no visitor but flicker. */
function come(before: Watch["coming"], seen: boolean, atMs: number): Watch["coming"] {
  if (before === undefined) return seen ? { sinceMs: atMs, frames: 1, seen: 1 } : undefined;
  const now = { ...before, frames: before.frames + 1, seen: before.seen + (seen ? 1 : 0) };
  return now.seen * 2 < now.frames ? undefined : now;
}

/** People of most of the last frames; somebody is there, or it would not be asked. */
function number(counts: readonly Count[], atMs: number, steadyMs: number): number {
  return Math.max(1, steady(lately(counts, atMs, Math.max(1, steadyMs))));
}

function word(touchpoint: string, watch: Watch, turned: boolean, moment: Moment): Effect {
  const { occupied, people, sinceMs, saidMs } = watch;
  const presence: Presence = {
    occupied,
    people: occupied === null ? null : people,
    since: utc(moment, sinceMs),
    time: utc(moment, saidMs),
    validUntil: utc(moment, saidMs + VALID_MS),
    clock: moment.clock,
  };
  return { kind: "presence", touchpoint, presence, turned };
}
