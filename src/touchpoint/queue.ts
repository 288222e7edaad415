// A queue over an interval: its length by frames, waits by how long a track stays in it. Pure; nobody is known.
import type { QueueConfig } from "../config/footfall.ts";
import type { EventData } from "../words/events.ts";
import { type Moment, utc } from "./decision.ts";
import { type Count, remember, steady } from "./steady.ts";
import { anchorOf, inside } from "./zone.ts";

/** Frames further apart than this say nothing of the time between them, milliseconds. */
const LONGEST_GAP_MS = 5_000;
/** Out of the queue for this long has left it: a step aside within it is none, milliseconds. */
const LEFT_MS = 1_000;
/** A number of people is believed when most frames of this time had it, milliseconds: queues change slowly. */
const STEADY_MS = 2_000;

/** Somebody in the queue, or gone from it and perhaps on the way to the service. */
interface Waiting {
  readonly sinceMs: number;
  readonly lastInMs: number;
  /** When it was first seen outside; somebody only hidden is still in the queue. */
  readonly outMs: number | undefined;
  readonly served: boolean;
}

export interface QueueState {
  readonly startMs: number;
  readonly counts: readonly Count[];
  /** Of the newest frame; undefined while the camera does not look. */
  readonly length: { readonly atMs: number; readonly people: number } | undefined;
  readonly watchedMs: number;
  /** Sum of people × milliseconds. */
  readonly peopleMs: number;
  readonly maxLength: number;
  /** By track id. */
  readonly waiting: ReadonlyMap<number, Waiting>;
  readonly waits: number;
  readonly sumWaitMs: number;
  readonly maxWaitMs: number;
  readonly gaveUp: number;
  readonly lost: number;
}

export function emptyQueue(startMs: number): QueueState {
  return {
    startMs,
    counts: [],
    length: undefined,
    watchedMs: 0,
    peopleMs: 0,
    maxLength: 0,
    waiting: new Map(),
    waits: 0,
    sumWaitMs: 0,
    maxWaitMs: 0,
    gaveUp: 0,
    lost: 0,
  };
}

/** Somebody in view: a track's id and the box where it is now. */
export interface InView {
  readonly id: number;
  readonly box: Parameters<typeof anchorOf>[1];
}

/**
 * One frame.
 * @param people in the queue's polygon, by detections
 * @param view tracks seen in this frame
 * @param alive ids of all tracks that are still followed, also those hidden for a moment
 */
export function seeQueue(
  state: QueueState,
  queue: QueueConfig,
  people: number,
  view: readonly InView[],
  alive: ReadonlySet<number>,
  atMs: number,
): QueueState {
  const counts = remember(state.counts, { atMs, people }, STEADY_MS);
  const length = steady(counts);
  const passedMs = state.length === undefined ? 0 : atMs - state.length.atMs;
  const watchedMs = passedMs > 0 && passedMs <= LONGEST_GAP_MS ? passedMs : 0;
  const timed = {
    ...state,
    counts,
    length: { atMs, people: length },
    watchedMs: state.watchedMs + watchedMs,
    peopleMs: state.peopleMs + watchedMs * (state.length?.people ?? 0),
    maxLength: Math.max(state.maxLength, length),
  };
  const moved = moveWaiting(state.waiting, queue, view, atMs);
  return endWaits({ ...timed, waiting: moved }, queue, alive, atMs);
}

/** Nobody looks any more: who was waiting is lost from view. */
export function loseQueue(state: QueueState, queue: QueueConfig): QueueState {
  const lost = endWaits(state, queue, new Set(), state.length?.atMs ?? state.startMs);
  return { ...lost, length: undefined, counts: [] };
}

function moveWaiting(
  before: QueueState["waiting"],
  queue: QueueConfig,
  view: readonly InView[],
  atMs: number,
): Map<number, Waiting> {
  const waiting = new Map(before);
  for (const { id, box } of view) {
    const point = anchorOf(queue.anchor, box);
    const known = waiting.get(id);
    if (inside(queue.polygon, ...point))
      waiting.set(id, { sinceMs: known?.sinceMs ?? atMs, lastInMs: atMs, outMs: undefined, served: false });
    else if (known !== undefined) {
      const served = queue.service !== undefined && inside(queue.service, ...point);
      waiting.set(id, { ...known, outMs: known.outMs ?? atMs, served });
    }
  }
  return waiting;
}

/** Says the waits whose end is certain. Without a place of service everybody who leaves has waited to the end. */
function endWaits(state: QueueState, queue: QueueConfig, alive: ReadonlySet<number>, atMs: number): QueueState {
  const waiting = new Map(state.waiting);
  let { waits, sumWaitMs, maxWaitMs, gaveUp, lost } = state;
  const patienceMs = queue.service === undefined ? LEFT_MS : queue.toServiceMs;
  for (const [id, { sinceMs, lastInMs, outMs, served }] of state.waiting) {
    const decided = served || (outMs !== undefined && atMs - outMs > patienceMs);
    const ended = decided || !alive.has(id);
    if (!ended) continue;
    waiting.delete(id);
    const waitMs = lastInMs - sinceMs;
    if (waitMs < queue.passMs) continue;
    // Seen outside and then no more: without a place of service that is enough, with one nobody knows where it went.
    if (!decided && (outMs === undefined || queue.service !== undefined)) lost += 1;
    else if (queue.service !== undefined && !served) gaveUp += 1;
    else {
      waits += 1;
      sumWaitMs += waitMs;
      maxWaitMs = Math.max(maxWaitMs, waitMs);
    }
  }
  return { ...state, waiting, waits, sumWaitMs, maxWaitMs, gaveUp, lost };
}

/** The interval's figures; undefined where nobody looked. */
export function queueFigures(
  state: QueueState,
  camera: string,
  zone: string,
  moment: Moment,
): EventData["queue"] | undefined {
  const { startMs, watchedMs, peopleMs, maxLength, waits, sumWaitMs, maxWaitMs, gaveUp, lost } = state;
  if (watchedMs === 0) return undefined;
  return {
    camera,
    zone,
    start: utc(moment, startMs),
    end: utc(moment, moment.ms),
    watchedMs: Math.round(watchedMs),
    meanLength: Math.round((peopleMs / watchedMs) * 100) / 100,
    maxLength,
    waits,
    ...(waits === 0 ? {} : { meanWaitMs: Math.round(sumWaitMs / waits), maxWaitMs: Math.round(maxWaitMs) }),
    gaveUp,
    lost,
  };
}

/** The next interval: who waits goes on waiting. */
export function nextInterval({ counts, length, waiting }: QueueState, startMs: number): QueueState {
  return { ...emptyQueue(startMs), counts, length, waiting, maxLength: length?.people ?? 0 };
}
