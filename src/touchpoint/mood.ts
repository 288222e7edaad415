// The emotional background of a zone over an interval: whose faces may be read, and what is told of them from k people on.
import { TrackingSettings } from "../config/footfall.ts";
import type { TouchpointConfig, ZoneConfig } from "../config/schema.ts";
import { type EventData, EXPRESSIONS, type Expression, type Fact, type Sex, type Unread } from "../words/events.ts";
import type { Box, FaceSeen, Input, Seen } from "../words/inputs.ts";
import { valenceOf } from "../words/valence.ts";
import { both, type Decision, type Moment, NOTHING, utc } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { type FootfallState, markStaff, STAFF, type StaffSince, staffBoxes } from "./footfall.ts";
import {
  type Gathered,
  gather,
  loseSight,
  meanOf,
  NOBODY,
  nextGathering,
  readOff,
  type Shares,
} from "./mood-people.ts";
import { inView, NO_TRACKS, type TrackerState, track } from "./tracking/tracker.ts";
import { anchorOf, facesIn, inside, peopleIn } from "./zone.ts";

interface MoodState {
  readonly startMs: number;
  readonly tracker: TrackerState;
  readonly staffSinceMs: StaffSince;
  readonly gathered: Gathered;
  /** How long the camera looked, milliseconds. */
  readonly coveredMs: number;
  readonly unread: Readonly<Partial<Record<Unread, number>>>;
}

/** Held in memory only: a restart loses the interval that is going on, and nothing of anybody is on the disk. */
export interface MoodsState {
  /** By touchpoint id. */
  readonly moods: Readonly<Record<string, MoodState>>;
  /** By touchpoint id: faces of customers in the newest frame of its camera, read or not; empty at other inputs. */
  readonly felt: Readonly<Record<string, readonly FaceSeen[]>>;
}

export const NO_MOODS: MoodsState = { moods: {}, felt: {} };

/** A frame stands for the time since the one before, up to so long, milliseconds: the slowest camera gives one in 2 s. */
const FRAME_MS = 2_000;
const ORDINARY = TrackingSettings.parse({});

type MoodStep = { state: MoodsState; decision: Decision };

/**
 * One step.
 * @param footfall what is known of this frame's people, staff above all
 * @param decision what was decided of the input so far; the moods of intervals that are over are added to it
 */
export function stepMood(
  settings: EngineSettings,
  state: MoodsState,
  input: Input,
  footfall: FootfallState,
  decision: Decision,
  moment: Moment,
): MoodStep {
  if (settings.mood === undefined) return { state, decision };
  const before = state.felt === NO_MOODS.felt ? state : { ...state, felt: NO_MOODS.felt };
  switch (input.kind) {
    case "seen":
      return { state: see(settings, before, input, footfall), decision };
    case "camera":
      return { state: input.live ? before : loseCamera(settings, before, input.camera), decision };
    case "tick": {
      const { intervalMs } = settings.mood;
      const over = Object.keys(before.moods).filter((id) => moment.ms - (before.moods[id]?.startMs ?? 0) >= intervalMs);
      if (over.length === 0) return { state: before, decision };
      const facts = tell(settings, before, over, moment);
      const moods = Object.fromEntries(
        Object.entries(before.moods).map(([id, mood]) => [id, over.includes(id) ? nextMood(mood, moment.ms) : mood]),
      );
      return { state: { ...before, moods }, decision: both(decision, { ...NOTHING, facts }) };
    }
    default:
      return { state: before, decision };
  }
}

/** The intervals as far as they went, for an orderly stop. */
export function endMoods(settings: EngineSettings, state: MoodsState, moment: Moment): Fact[] {
  return settings.mood === undefined ? [] : tell(settings, state, Object.keys(state.moods), moment);
}

function see(settings: EngineSettings, state: MoodsState, seen: Seen, footfall: FootfallState): MoodsState {
  const moods = { ...state.moods };
  const felt: Record<string, readonly FaceSeen[]> = {};
  const earlier: ZoneConfig[] = [];
  // A place of staff is one for all touchpoints: nobody is staff at one till and a customer at the next.
  const staffZones = settings.touchpoints.flatMap((one) => one.staffZones);
  const knownStaff = settings.touchpoints.flatMap(({ id }) => staffBoxes(footfall, id, seen.camera));
  for (const { id, zone } of settings.touchpoints) {
    if (zone?.camera !== seen.camera) continue;
    const before = moods[id] ?? beginMood(seen.atMs);
    const tracker = track(before.tracker, seen.faces, settings.tracking ?? ORDINARY, seen.atMs);
    const staffSinceMs = markStaff({ staffZones }, seen.camera, before.staffSinceMs, tracker);
    const staffFaces = tracker.tracks.filter((one) => staffSinceMs.get(one.id) === STAFF).map(({ box }) => box);
    const customers = customersIn(staffZones, seen, [...knownStaff, ...staffFaces]);
    const inZone = new Set(facesIn(zone, customers));
    // Where zones share a part of the picture a face is read for the first of them only: the difference of two moods that
    // have all but one person in common would be that person's.
    const faces = [...inZone].filter((face) => !earlier.some((other) => facesIn(other, seen).includes(face)));
    earlier.push(zone);
    felt[id] = faces;
    const sinceMs = Math.max(before.startMs, before.tracker.atMs);
    // The first frame after a camera was away stands for nothing.
    const passedMs = isFirst(before.tracker) ? 0 : Math.min(FRAME_MS, Math.max(0, seen.atMs - sinceMs));
    const followed = inView(tracker);
    const readings = followed.flatMap((one) => {
      const face = one.sighting === undefined ? undefined : seen.faces[one.sighting];
      const read = face !== undefined && faces.includes(face) ? readOff(face) : undefined;
      return read === undefined ? [] : [{ track: one.id, shares: read }];
    });
    const somebody = peopleIn({ ...zone, by: "either" }, customers);
    moods[id] = {
      ...before,
      tracker,
      staffSinceMs,
      gathered: gather(before.gathered, readings, new Set(followed.map((one) => one.id)), somebody, passedMs),
      coveredMs: before.coveredMs + passedMs,
      unread: countUnread(before.unread, faces),
    };
  }
  return { moods, felt };
}

/** The frame without staff: neither who is in a place of theirs, nor whose face lies on somebody known as staff. */
function customersIn(staffZones: TouchpointConfig["staffZones"], seen: Seen, staff: readonly Box[]): Seen {
  const places = staffZones.filter(({ camera }) => camera === seen.camera);
  const isCustomer = ({ box }: { readonly box: Box }): boolean =>
    !places.some(({ polygon, anchor }) => inside(polygon, ...anchorOf(anchor, box))) &&
    !staff.some((other) => holds(other, anchorOf("centre", box)));
  return { ...seen, faces: seen.faces.filter(isCustomer), persons: seen.persons.filter(isCustomer) };
}

function holds([x, y, width, height]: Box, [px, py]: readonly [number, number]): boolean {
  return x <= px && px <= x + width && y <= py && py <= y + height;
}

function isFirst({ atMs }: TrackerState): boolean {
  return atMs === NO_TRACKS.atMs;
}

function countUnread(before: MoodState["unread"], faces: readonly FaceSeen[]): MoodState["unread"] {
  const counts = { ...before };
  for (const { unread } of faces) if (unread !== undefined) counts[unread] = (counts[unread] ?? 0) + 1;
  return counts;
}

function beginMood(startMs: number): MoodState {
  return { startMs, tracker: NO_TRACKS, staffSinceMs: new Map(), gathered: NOBODY, coveredMs: 0, unread: {} };
}

function nextMood(mood: MoodState, startMs: number): MoodState {
  return { ...mood, startMs, gathered: nextGathering(mood.gathered), coveredMs: 0, unread: {} };
}

function loseCamera(settings: EngineSettings, state: MoodsState, camera: string): MoodsState {
  const moods = Object.fromEntries(
    Object.entries(state.moods).map(([id, mood]): [string, MoodState] => {
      if (settings.touchpoints.find((one) => one.id === id)?.zone?.camera !== camera) return [id, mood];
      // Its tracks are gone; the next ones get other numbers.
      const tracker = { ...NO_TRACKS, nextId: mood.tracker.nextId };
      return [id, { ...mood, tracker, staffSinceMs: new Map(), gathered: loseSight(mood.gathered) }];
    }),
  );
  return { ...state, moods };
}

function tell(settings: EngineSettings, { moods }: MoodsState, ids: readonly string[], moment: Moment): Fact[] {
  const { mood: rule, touchpoints } = settings;
  return touchpoints.flatMap(({ id, zone }): Fact[] => {
    const mood = moods[id];
    if (rule === undefined || zone === undefined || mood === undefined || !ids.includes(id)) return [];
    const data = {
      camera: zone.camera,
      zone: id,
      start: utc(moment, mood.startMs),
      end: utc(moment, moment.ms),
      ...moodFigures(mood, rule.k),
    };
    return [{ type: "mood", id: moment.newId(moment.unixMs), touchpoint: id, atMs: moment.ms, data }];
  });
}

/** Figures of the interval. Below `k` people nothing that was read is given at all. */
function moodFigures(
  { gathered, coveredMs, unread }: MoodState,
  k: number,
): Omit<EventData["mood"], "camera" | "zone" | "start" | "end"> {
  const { people, shares } = meanOf(gathered);
  const counts = {
    people,
    observations: gathered.observations,
    k,
    coveredMs: Math.round(coveredMs),
    ...(Object.keys(unread).length === 0 ? {} : { unread }),
  };
  if (people < k || people === 0) return { ...counts, suppressed: true };
  const { expression, ages, sexes } = shares;
  return {
    ...counts,
    suppressed: false,
    ...(expression && expressionFigures(expression)),
    ...(ages && { ages: rounded(ages) }),
    ...(sexes && { sexes: rounded(sexes) as Record<Sex, number> }),
  };
}

function expressionFigures(
  shares: NonNullable<Shares["expression"]>,
): Pick<EventData["mood"], "expressions" | "valence" | "smile"> {
  const all = Object.fromEntries(EXPRESSIONS.map((name) => [name, shares[name] ?? 0]));
  const expressions = rounded(all) as Record<Expression, number>;
  return { expressions, valence: round(valenceOf(expressions)), smile: expressions.happiness };
}

function rounded(shares: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(shares).map(([name, value]) => [name, round(value)]));
}

function round(value: number): number {
  return Math.min(1, Math.max(-1, Math.round(value * 10_000) / 10_000));
}
