// The touchpoint engine: state + input + clock → state, events, effects. Pure; everything it decides can be replayed.
import { z } from "zod";
import type { FairPlaySettings } from "../config/fair-play.ts";
import type { TrackingSettings } from "../config/footfall.ts";
import type { TouchpointConfig, ZoneConfig } from "../config/schema.ts";
import type { OpeningSpan } from "../config/weekly.ts";
import { Fault } from "../words/errors.ts";
import { EVENT_DATA, type EventData, type Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";
import { type AlertsOfPlace, staffWord } from "./alerts.ts";
import type { CustomerHash } from "./context.ts";
import { endCoverage } from "./coverage.ts";
import { both, type Decision, type Moment, NOTHING, utc } from "./decision.ts";
import * as episodes from "./episodes.ts";
import { endFootfall } from "./footfall.ts";
import { endMoods } from "./mood.ts";
import { type PausableCamera, switchWord } from "./pauses.ts";
import { endPresence } from "./presence-signal.ts";
import { type PressState, restorePresses, stepPatience, stepPress, takeIn } from "./presses.ts";
import { type ProductStates, startProducts, stepProducts } from "./products.ts";
import { presented, type SurveySettings } from "./surveys.ts";
import { peopleIn } from "./zone.ts";

export interface EngineSettings {
  readonly touchpoints: readonly TouchpointConfig[];
  /** Those that can be paused; absent: none. */
  readonly cameras?: readonly PausableCamera[];
  /** Undefined where nothing may be read off faces. */
  readonly mood: { readonly intervalMs: number; readonly k: number } | undefined;
  /** Absent where there are no questionnaires. */
  readonly surveys?: SurveySettings;
  readonly alerts?: AlertsOfPlace;
  readonly fairPlay?: FairPlaySettings;
  readonly tracking?: TrackingSettings;
  /** Of touchpoints that have none of their own; none: always open. */
  readonly openingHours?: readonly OpeningSpan[];
  /** IANA name of the shop's time zone; UTC without it. */
  readonly timezone?: string;
  /** A customer's number as keyed hashes; without it no customer is told from another. */
  readonly hash?: CustomerHash;
}

interface ZoneState {
  readonly episodes: episodes.EpisodeState;
  readonly live: boolean;
}

export interface EngineState {
  readonly products: ProductStates;
  readonly presses: PressState;
  /** By touchpoint id. */
  readonly zones: Readonly<Record<string, ZoneState>>;
}

const NEW_ZONE: ZoneState = { episodes: episodes.NO_EPISODES, live: false };

/** Journal key of the episodes whose outcome is not said yet, so that a restart can say `cut` and lose nothing silently. */
const episodesKey = (touchpoint: string): string => `episodes:${touchpoint}`;
const KeptEpisodes = z.object({
  touchpoint: z.string(),
  contacts: z.array(EVENT_DATA.contact),
  /** By which clock their start and end were said; absent in journals of older versions. */
  said: z.object({ boot: z.string(), offsetMs: z.number(), clock: z.enum(["synced", "unsynced"]) }).optional(),
});

/**
 * State after a start, with what the journal kept. Episodes that were open when the agent ended come back as `contact`
 * events with outcome `cut`.
 */
export function startEngine(
  settings: EngineSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { state: EngineState; decision: Decision } {
  const facts: Fact[] = [];
  const keep: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(kept)) {
    if (!key.startsWith("episodes:")) continue;
    keep[key] = null;
    const open = KeptEpisodes.safeParse(value);
    if (!open.success) continue;
    for (const data of open.data.contacts) {
      const cut = { ...retold(data, open.data.said, moment), outcome: "cut", cause: "restart" } as const;
      facts.push({
        type: "contact",
        id: moment.newId(moment.unixMs),
        touchpoint: open.data.touchpoint,
        atMs: moment.ms,
        data: cut,
      });
    }
  }
  const zones = Object.fromEntries(settings.touchpoints.map(({ id }) => [id, NEW_ZONE]));
  const products = startProducts(settings, kept, moment);
  return {
    state: { products: products.states, presses: restorePresses(kept, moment), zones },
    decision: both({ ...NOTHING, facts, keep }, products.decision),
  };
}

/**
 * An episode of before a restart, by the clock of now: in the same boot its times move with what has been learned since;
 * those of another boot cannot, and say so where nobody vouched for them.
 */
function retold(
  contact: EventData["contact"],
  said: z.infer<typeof KeptEpisodes>["said"],
  moment: Moment,
): EventData["contact"] {
  if (said === undefined) return contact;
  if (said.boot !== moment.boot) return said.clock === "synced" ? contact : { ...contact, clock: "unsynced" };
  const byMs = moment.unixMs - moment.ms - said.offsetMs;
  const moved = (instant: string): string => new Date(Math.round(Date.parse(instant) + byMs)).toISOString();
  return { ...contact, start: moved(contact.start), end: moved(contact.end) };
}

/** One step: presses and contacts first, then every product on what they decided. Inputs of one source come in time order. */
export function step(
  settings: EngineSettings,
  state: EngineState,
  input: Input,
  moment: Moment,
): { state: EngineState; decision: Decision } {
  const core = stepCore(settings, state, input, moment);
  const { states, decision } = stepProducts(settings, state.products, core.means ?? input, core.decision, moment);
  return { state: states === core.state.products ? core.state : { ...core.state, products: states }, decision };
}

/** `means`: what the input says to the products, where that is another thing than it seems, such as a staff button. */
function stepCore(
  settings: EngineSettings,
  state: EngineState,
  input: Input,
  moment: Moment,
): { state: EngineState; decision: Decision; means?: Input } {
  switch (input.kind) {
    case "press": {
      const serves = settings.touchpoints.find(({ pads }) => pads.includes(input.pad));
      const pauses = switchWord(settings, input);
      if (pauses instanceof Fault) return { state, decision: { ...NOTHING, dropped: [pauses] } };
      if (pauses !== undefined) {
        const { state: presses, decision, fresh } = takeIn(state.presses, input, serves?.id, moment);
        const next = { state: { ...state, presses }, decision };
        return fresh ? { ...next, means: pauses } : next;
      }
      const acts = settings.alerts?.settings.staffButtons.find(
        ({ pad, button }) => pad === input.pad && button === input.button,
      );
      if (acts !== undefined && serves !== undefined) {
        const { state: presses, decision, fresh } = takeIn(state.presses, input, serves.id, moment);
        const next = { state: { ...state, presses }, decision };
        return fresh ? { ...next, means: staffWord(acts, serves.id, input.atMs) } : next;
      }
      const touchpoint = presented(settings, state.products.surveys, serves, input, moment);
      const stepped = stepPress(state.presses, input, touchpoint, moment);
      const next = { ...state, presses: stepped.state };
      if (stepped.press === undefined || touchpoint?.zone === undefined)
        return { state: next, decision: stepped.decision };
      const zone = state.zones[touchpoint.id] ?? NEW_ZONE;
      const joined = { ...zone, episodes: episodes.press(zone.episodes, stepped.press) };
      const { open, ended } = joined.episodes;
      const waits = open !== undefined || ended.length > 0;
      const kept = waits ? keepEpisodes(touchpoint.id, touchpoint.zone, joined.episodes, moment) : NOTHING;
      return { state: withZone(next, touchpoint.id, joined), decision: both(stepped.decision, kept) };
    }
    case "seen":
      return eachZone(settings, state, input.camera, (id, zone, before) => {
        const stepped = episodes.observe(before.episodes, zone, peopleIn(zone, input), input.atMs);
        return settle(id, zone, { ...before, live: true }, stepped, moment);
      });
    case "camera":
      return eachZone(settings, state, input.camera, (id, zone, before) => {
        if (input.live) return { state: { ...before, live: true }, decision: NOTHING };
        const stepped = episodes.cut(before.episodes, zone);
        return settle(id, zone, { ...before, live: false }, stepped, moment, input.cause ?? "camera-lost");
      });
    case "tick": {
      const patience = stepPatience(
        state.presses,
        (pad) => settings.touchpoints.find(({ pads }) => pads.includes(pad))?.id,
        moment,
      );
      const zones = eachZone(settings, { ...state, presses: patience.state }, undefined, (id, zone, before) => {
        const stepped = episodes.advance(before.episodes, zone, moment.ms);
        return settle(id, zone, before, stepped, moment);
      });
      return { state: zones.state, decision: both(patience.decision, zones.decision) };
    }
    case "condition": {
      const key = `${input.pad}/${input.button}`;
      const { [key]: _healed, ...others } = state.presses.conditions;
      const conditions = input.condition === "ok" ? others : { ...others, [key]: input.condition };
      const indicate = input.condition === "ok" ? "off" : "error";
      return {
        state: { ...state, presses: { ...state.presses, conditions } },
        decision: { ...NOTHING, atOnce: [{ kind: "indicate", pad: input.pad, pattern: indicate }] },
      };
    }
    case "hello":
    case "scan":
    case "transaction":
    case "shift":
    case "service":
    case "activity":
    case "survey":
    case "alert":
    case "callback":
    case "pause":
      // Presses and contacts do not rest on them: see products.ts.
      return { state, decision: NOTHING };
    default:
      return input satisfies never;
  }
}

/** Ends what is open, for an orderly stop: episodes are cut, moods and queues given as far as they go. */
export function stopEngine(
  settings: EngineSettings,
  state: EngineState,
  moment: Moment,
): { state: EngineState; decision: Decision } {
  const ended = eachZone(settings, state, undefined, (id, zone, before) =>
    settle(id, zone, before, episodes.cut(before.episodes, zone), moment, "stopped"),
  );
  const facts = [
    ...endMoods(settings, state.products.mood, moment),
    ...endCoverage(settings.touchpoints, state.products.coverage, moment),
    ...endFootfall(settings, state.products.footfall, moment),
  ];
  const atOnce = endPresence(state.products.presence, moment);
  return { state: ended.state, decision: both(ended.decision, { ...NOTHING, facts, atOnce }) };
}

type ZoneStep = { state: ZoneState; decision: Decision };

type CutCause = Exclude<EventData["contact"]["cause"], "restart" | undefined>;

/** Turns what the episodes said into events, and keeps the open one for a restart. */
function settle(
  id: string,
  zone: ZoneConfig,
  before: ZoneState,
  stepped: episodes.EpisodeStep,
  moment: Moment,
  cause?: CutCause,
): ZoneStep {
  const facts: Fact[] = stepped.outcomes.map((outcome) => ({
    type: "contact",
    id: moment.newId(moment.unixMs),
    touchpoint: id,
    atMs: moment.ms,
    data: contactData(id, zone, outcome, moment, cause),
  }));
  const presence = (occupied: boolean, people: number): Fact => ({
    type: "presence",
    id: moment.newId(moment.unixMs),
    touchpoint: id,
    atMs: moment.ms,
    data: { camera: zone.camera, zone: id, occupied, people },
  });
  // Where an episode is cut nobody saw the zone become empty, so nobody says so: the contact's `cut` ends the presence.
  if (stepped.closed && cause === undefined) facts.push(presence(false, 0));
  if (stepped.opened) facts.push(presence(true, stepped.state.open?.people ?? 1));
  const state = { ...before, episodes: stepped.state };
  return facts.length === 0
    ? { state, decision: NOTHING }
    : { state, decision: both({ ...NOTHING, facts }, keepEpisodes(id, zone, stepped.state, moment)) };
}

/** What would be said of the zone's episodes if the agent ended here; null when there is nothing to say. */
function keepEpisodes(id: string, zone: ZoneConfig, state: episodes.EpisodeState, moment: Moment): Decision {
  const contacts = episodes.cut(state, zone).outcomes.map((outcome) => contactData(id, zone, outcome, moment));
  const said = { boot: moment.boot, offsetMs: moment.unixMs - moment.ms, clock: moment.clock };
  return { ...NOTHING, keep: { [episodesKey(id)]: contacts.length === 0 ? null : { touchpoint: id, contacts, said } } };
}

function contactData(
  id: string,
  zone: ZoneConfig,
  { episode, outcome, presses }: episodes.Outcome,
  moment: Moment,
  cause?: CutCause,
): EventData["contact"] {
  const { startMs, endMs, people } = episode;
  return {
    camera: zone.camera,
    zone: id,
    start: utc(moment, startMs),
    end: utc(moment, endMs),
    durationMs: Math.round(endMs - startMs),
    people,
    outcome,
    presses: [...presses],
    ...(outcome === "cut" && cause !== undefined ? { cause } : {}),
  };
}

function withZone(state: EngineState, id: string, zone: ZoneState): EngineState {
  return { ...state, zones: { ...state.zones, [id]: zone } };
}

function eachZone(
  settings: EngineSettings,
  state: EngineState,
  camera: string | undefined,
  change: (id: string, zone: ZoneConfig, before: ZoneState) => ZoneStep,
): { state: EngineState; decision: Decision } {
  let next = state;
  let decision = NOTHING;
  for (const { id, zone } of settings.touchpoints) {
    if (zone === undefined || (camera !== undefined && zone.camera !== camera)) continue;
    const stepped = change(id, zone, next.zones[id] ?? NEW_ZONE);
    next = withZone(next, id, stepped.state);
    decision = both(decision, stepped.decision);
  }
  return { state: next, decision };
}
