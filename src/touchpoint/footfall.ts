// Who comes, goes and waits: follows people per camera, counts lines, keeps occupancy, measures queues.
import { TrackingSettings } from "../config/footfall.ts";
import type { TouchpointConfig } from "../config/schema.ts";
import type { EventData, Fact } from "../words/events.ts";
import type { Input, Seen } from "../words/inputs.ts";
import { both, type Decision, type Moment, NOTHING } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { beginPassage, movePassage, type Passage } from "./line.ts";
import { countVisit, type OccupancyState, resetOccupancy, restoreOccupancy } from "./occupancy.ts";
import { emptyQueue, loseQueue, nextInterval, type QueueState, queueFigures, seeQueue } from "./queue.ts";
import { inView, NO_TRACKS, type Track, type TrackerState, track } from "./tracking/tracker.ts";
import { anchorOf, inside, peopleIn } from "./zone.ts";

/** Since when a track is in a place of staff, boottime milliseconds; long enough there it is staff, from then on −∞. */
export type StaffSince = ReadonlyMap<number, number>;

/** What is remembered of the tracks of one camera at one touchpoint; forgotten with the track. */
interface Followed {
  /** By line, then by track id. */
  readonly passages: Readonly<Record<string, ReadonlyMap<number, Passage>>>;
  readonly staffSinceMs: StaffSince;
}

export interface FootfallState {
  /** By camera and what is followed, see {@link trackerKey}. */
  readonly trackers: Readonly<Record<string, TrackerState>>;
  /** By touchpoint id and key of the tracker. */
  readonly followed: Readonly<Record<string, Followed>>;
  readonly occupancy: OccupancyState;
  /** By touchpoint id. */
  readonly queues: Readonly<Record<string, QueueState>>;
}

type FootfallStep = { state: FootfallState; decision: Decision };
type By = TouchpointConfig["lines"][number]["by"];
const KINDS: readonly By[] = ["person", "face"];
export const STAFF = Number.NEGATIVE_INFINITY;
const NOBODY: Followed = { passages: {}, staffSinceMs: new Map() };
const ORDINARY = TrackingSettings.parse({});

export function trackerKey(camera: string, by: By): string {
  return `${camera} ${by}`;
}

/** Occupancy goes on over a restart; tracks do not. */
export function startFootfall(kept: Readonly<Record<string, unknown>>): FootfallState {
  return { trackers: {}, followed: {}, occupancy: restoreOccupancy(kept), queues: {} };
}

export function stepFootfall(
  settings: EngineSettings,
  state: FootfallState,
  input: Input,
  decision: Decision,
  moment: Moment,
): FootfallStep {
  switch (input.kind) {
    case "seen": {
      let step: FootfallStep = { state, decision };
      for (const by of KINDS) step = see(settings, step, input, by, moment);
      return step;
    }
    case "camera":
      return input.live ? { state, decision } : { state: lose(settings, state, input.camera), decision };
    case "tick": {
      let step: FootfallStep = { state, decision };
      for (const touchpoint of settings.touchpoints) step = passTime(settings, step, touchpoint, moment);
      return step;
    }
    default:
      return { state, decision };
  }
}

/** The queues' intervals as far as they went, for an orderly stop. */
export function endFootfall(settings: EngineSettings, state: FootfallState, moment: Moment): Fact[] {
  return settings.touchpoints.flatMap((touchpoint) => {
    const { queue } = touchpoint;
    const known = state.queues[touchpoint.id];
    return queue === undefined || known === undefined
      ? []
      : queueFacts(touchpoint.id, queue.camera, loseQueue(known, queue), moment);
  });
}

/** One frame, for what follows persons or faces in it. */
function see(settings: EngineSettings, before: FootfallStep, seen: Seen, by: By, moment: Moment): FootfallStep {
  const watching = settings.touchpoints.filter(({ lines, queue }) =>
    [...lines, ...(queue === undefined ? [] : [queue])].some((one) => one.camera === seen.camera && one.by === by),
  );
  if (watching.length === 0) return before;
  const key = trackerKey(seen.camera, by);
  const sightings = by === "person" ? seen.persons : seen.faces;
  const known = before.state.trackers[key] ?? NO_TRACKS;
  const tracker = track(known, sightings, settings.tracking ?? ORDINARY, seen.atMs);
  let step: FootfallStep = {
    ...before,
    state: { ...before.state, trackers: { ...before.state.trackers, [key]: tracker } },
  };
  for (const touchpoint of watching) {
    step = crossLines(settings, step, touchpoint, seen.camera, by, tracker, moment);
    step = wait(step, touchpoint, seen, by, tracker);
  }
  return step;
}

function crossLines(
  settings: EngineSettings,
  before: FootfallStep,
  touchpoint: TouchpointConfig,
  camera: string,
  by: By,
  tracker: TrackerState,
  moment: Moment,
): FootfallStep {
  const key = followedKey(touchpoint.id, camera, by);
  const known = before.state.followed[key] ?? NOBODY;
  const staffSinceMs = markStaff(touchpoint, camera, known.staffSinceMs, tracker);
  const passages: Record<string, ReadonlyMap<number, Passage>> = {};
  let { occupancy } = before.state;
  let { decision } = before;
  for (const line of touchpoint.lines) {
    if (line.camera !== camera || line.by !== by) continue;
    const old = known.passages[line.id];
    const now = new Map<number, Passage>();
    for (const one of tracker.tracks) {
      const passage = old?.get(one.id);
      const point = anchorOf(line.anchor, one.box);
      if (passage === undefined) now.set(one.id, beginPassage(line, point));
      // Where somebody hidden would be by now is no crossing.
      else if (one.seenMs !== tracker.atMs || !one.confirmed) now.set(one.id, passage);
      else {
        const moved = movePassage(line, passage, point);
        now.set(one.id, moved.passage);
        if (moved.crossed === undefined) continue;
        if (line.staff) staffSinceMs.set(one.id, STAFF);
        else if (staffSinceMs.get(one.id) !== STAFF) {
          const counted = countVisit(occupancy, touchpoint, moved.crossed, zoneOfTime(settings), moment);
          occupancy = counted.state;
          const data = { camera, line: line.id, direction: moved.crossed, occupancy: counted.inside };
          const visit = visitFact(touchpoint.id, data, tracker.atMs, moment);
          decision = both(both(decision, { ...NOTHING, facts: [visit] }), counted.decision);
        }
      }
    }
    passages[line.id] = now;
  }
  const followed = { ...before.state.followed, [key]: { passages, staffSinceMs } };
  return { state: { ...before.state, followed, occupancy }, decision };
}

/** Boxes of the people of one camera whom a touchpoint knows as staff. */
export function staffBoxes({ trackers, followed }: FootfallState, touchpoint: string, camera: string): Track["box"][] {
  return KINDS.flatMap((by) => {
    const staff = followed[followedKey(touchpoint, camera, by)]?.staffSinceMs;
    const tracks = trackers[trackerKey(camera, by)]?.tracks ?? [];
    return tracks.filter(({ id }) => staff?.get(id) === STAFF).map(({ box }) => box);
  });
}

/** Who is staff among the tracks: seen in a place of staff for long enough, or marked before. */
export function markStaff(
  { staffZones }: Pick<TouchpointConfig, "staffZones">,
  camera: string,
  before: StaffSince,
  tracker: TrackerState,
): Map<number, number> {
  const now = new Map<number, number>();
  const zones = staffZones.filter((one) => one.camera === camera);
  for (const { id, box, seenMs } of tracker.tracks) {
    const since = before.get(id);
    const zone = zones.find(({ polygon, anchor }) => inside(polygon, ...anchorOf(anchor, box)));
    if (since === STAFF) now.set(id, STAFF);
    else if (seenMs !== tracker.atMs) {
      if (since !== undefined) now.set(id, since);
    } else if (zone !== undefined) {
      const begunMs = since ?? tracker.atMs;
      now.set(id, tracker.atMs - begunMs >= zone.dwellMs ? STAFF : begunMs);
    }
  }
  return now;
}

function wait(
  before: FootfallStep,
  touchpoint: TouchpointConfig,
  seen: Seen,
  by: By,
  tracker: TrackerState,
): FootfallStep {
  const { id, queue, staffZones } = touchpoint;
  if (queue === undefined || queue.camera !== seen.camera || queue.by !== by) return before;
  const staff = before.state.followed[followedKey(id, seen.camera, by)]?.staffSinceMs;
  const isCustomer = (one: Track): boolean => staff?.get(one.id) !== STAFF;
  const places = staffZones.filter(({ camera }) => camera === seen.camera);
  const outside = <T extends { readonly box: Track["box"] }>(all: readonly T[]): T[] =>
    all.filter(({ box }) => !places.some(({ polygon, anchor }) => inside(polygon, ...anchorOf(anchor, box))));
  const people = peopleIn(queue, { ...seen, persons: outside(seen.persons), faces: outside(seen.faces) });
  const view = inView(tracker).filter(isCustomer);
  const alive = new Set(tracker.tracks.filter(isCustomer).map((one) => one.id));
  const known = before.state.queues[id] ?? emptyQueue(seen.atMs);
  const next = seeQueue(known, queue, people, view, alive, seen.atMs);
  return { ...before, state: { ...before.state, queues: { ...before.state.queues, [id]: next } } };
}

/** A camera went away: nobody in its view is followed any more. Who is inside stays inside. */
function lose(settings: EngineSettings, state: FootfallState, camera: string): FootfallState {
  const keys = KINDS.map((by) => trackerKey(camera, by));
  if (keys.every((key) => state.trackers[key] === undefined)) return state;
  const queues = Object.fromEntries(
    Object.entries(state.queues).map(([id, known]) => {
      const queue = settings.touchpoints.find((one) => one.id === id)?.queue;
      return [id, queue?.camera === camera ? loseQueue(known, queue) : known];
    }),
  );
  const others = <T>(all: Readonly<Record<string, T>>, gone: (key: string) => boolean): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([key]) => !gone(key)));
  return {
    ...state,
    queues,
    trackers: others(state.trackers, (key) => keys.includes(key)),
    followed: others(state.followed, (key) => keys.some((one) => key.endsWith(`/${one}`))),
  };
}

function passTime(
  settings: EngineSettings,
  before: FootfallStep,
  touchpoint: TouchpointConfig,
  moment: Moment,
): FootfallStep {
  const { id, lines, queue } = touchpoint;
  let { state, decision } = before;
  if (lines.some(({ staff }) => !staff)) {
    const reset = resetOccupancy(state.occupancy, touchpoint, zoneOfTime(settings), moment);
    if (reset.state !== state.occupancy) state = { ...state, occupancy: reset.state };
    decision = both(decision, reset.decision);
  }
  const known = state.queues[id];
  if (queue === undefined || known === undefined || moment.ms - known.startMs < queue.intervalS * 1000)
    return { state, decision };
  const facts = queueFacts(id, queue.camera, known, moment);
  return {
    state: { ...state, queues: { ...state.queues, [id]: nextInterval(known, moment.ms) } },
    decision: both(decision, { ...NOTHING, facts }),
  };
}

function queueFacts(touchpoint: string, camera: string, known: QueueState, moment: Moment): Fact[] {
  const data = queueFigures(known, camera, touchpoint, moment);
  if (data === undefined) return [];
  return [{ type: "queue", id: moment.newId(moment.unixMs), touchpoint, atMs: moment.ms, data }];
}

function visitFact(touchpoint: string, data: EventData["visit"], atMs: number, moment: Moment): Fact {
  return { type: "visit", id: moment.newId(moment.unixMs), touchpoint, atMs, data };
}

function followedKey(touchpoint: string, camera: string, by: By): string {
  return `${touchpoint}/${trackerKey(camera, by)}`;
}

function zoneOfTime({ timezone }: EngineSettings): string {
  return timezone ?? "UTC";
}
