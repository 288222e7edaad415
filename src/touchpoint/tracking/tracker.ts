// Follows people from frame to frame of one camera: ByteTrack. Pure and deterministic; no identity outlives a track.
import type { TrackingSettings } from "../../config/footfall.ts";
import type { Box } from "../../words/inputs.ts";
import { assign } from "./assignment.ts";
import { type BoxFilter, beginBox, boxOf, correctBox, predictBox } from "./kalman.ts";

/** What a detector saw: a box in shares of the frame, and how sure it is, 0..1. */
export interface Sighting {
  readonly box: Box;
  readonly score: number;
}

export interface Track {
  /** Local to one camera and one run; it never leaves in an event. */
  readonly id: number;
  readonly filter: BoxFilter;
  /** The filtered box: seen where `seenMs` is the tracker's moment, else predicted. */
  readonly box: Box;
  readonly bornMs: number;
  /** Boottime of the last frame in which it was seen, milliseconds. */
  readonly seenMs: number;
  /** Seen often and long enough to be believed. */
  readonly confirmed: boolean;
  /** Which of the newest frame's sightings it is, by place in their list; undefined where it is predicted. */
  readonly sighting: number | undefined;
  /** When last seen it was about to leave the picture: whoever comes in there next is somebody else. */
  readonly leaving: boolean;
}

export interface TrackerState {
  readonly tracks: readonly Track[];
  readonly nextId: number;
  /** Boottime of the newest frame, milliseconds. */
  readonly atMs: number;
}

export const NO_TRACKS: TrackerState = { tracks: [], nextId: 1, atMs: Number.NEGATIVE_INFINITY };

/** Overlap that a pair needs: sure detections, unsure ones, and tracks seen once, which have no velocity yet. */
const MIN_OVERLAP = { sure: 0.1, unsure: 0.4, young: 0.2 } as const;
/**
 * Both boxes of a pair are grown by this share on each side before they are compared, so that somebody who walks more than
 * a body's width from one frame to the next is still met: at 5 frames a second that is an ordinary pace.
 * F. Yang et al., Hard to Track Objects with Irregular Motions and Similar Appearances?, 2023 (C-BIoU).
 */
const BUFFER = 0.2;
/** A moment: so long a track may be missed and still be met by an unsure detection, or not be believed yet, milliseconds. */
const MOMENT_MS = 350;
/** A track is believed when it was seen again, this long after its birth, milliseconds: a flicker is shorter. */
const CONFIRM_MS = 150;
/**
 * Of two detections that share this much of the smaller one, the one that a track wants, or else the surer, is somebody, and
 * the other a part of the same body or its blur: it begins no track. Somebody half hidden behind another is followed once
 * more of them can be seen.
 */
const SAME_BODY = 0.5;
/** A box this near to the picture's edge touches it, share of the frame. */
const EDGE = 0.01;
/** Faster outwards than this is leaving and not standing at the edge, boxes a second. */
const LEAVING = 0.25;
/** Frames further apart than this say nothing about each other, milliseconds. */
const LONGEST_GAP_MS = 10_000;
/** More than this in one picture cannot be told apart anyway; the surest are followed. */
const MOST_SIGHTINGS = 100;

/**
 * One frame. Tracks are predicted to its moment; sure detections are given to tracks first, then the unsure ones to tracks
 * that found none, those not yet believed among them, because somebody half hidden is seen less surely but is still there; a
 * sure detection that nobody wants begins a track. A track that is seen no more is predicted on for `bridgeMs`, so that short occlusions are bridged.
 * Y. Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV 2022.
 * @param atMs boottime of the frame, milliseconds; frames come in the order of time, any may be missing
 */
export function track(
  state: TrackerState,
  sightings: readonly Sighting[],
  settings: TrackingSettings,
  atMs: number,
): TrackerState {
  const passedMs = Math.max(0, atMs - state.atMs);
  const known = passedMs > LONGEST_GAP_MS ? [] : state.tracks;
  const before = known.map((one) => predicted(one, passedMs));
  const usable = sightings.filter(
    ({ box, score }) => box.every(Number.isFinite) && box[2] > 0 && box[3] > 0 && score >= settings.lowScore,
  );
  const best = usable.length > MOST_SIGHTINGS ? usable.toSorted((a, b) => b.score - a.score) : usable;
  const taken = best.slice(0, MOST_SIGHTINGS);
  const sure = taken.filter(({ score }) => score >= settings.highScore);
  const unsure = taken.filter(({ score }) => score < settings.highScore);

  const believed = before.filter(({ confirmed }) => confirmed);
  const first = pair(believed, sure, MIN_OVERLAP.sure);
  // Only what was seen a moment before: far from its last sighting a prediction and a weak box agree by chance.
  const missed = first.tracks.filter(({ seenMs }) => seenMs === state.atMs || atMs - seenMs <= MOMENT_MS);
  const second = pair(missed, unsure, MIN_OVERLAP.unsure);
  const young = before.filter(({ confirmed }) => !confirmed);
  const third = pair(young, first.sightings, MIN_OVERLAP.young);
  // Somebody new who is seen less surely for a frame is still there, but no more to be believed than before.
  const fourth = pair(third.tracks, second.sightings, MIN_OVERLAP.unsure);

  const found = new Map([...first.pairs, ...second.pairs, ...third.pairs, ...fourth.pairs]);
  const doubted = new Set(fourth.pairs.map(([one]) => one));
  const followed = before.flatMap((one): Track[] => {
    const sighting = found.get(one);
    if (sighting !== undefined) return [seen(one, sighting, sightings.indexOf(sighting), atMs, !doubted.has(one))];
    // Somebody new who was seen twice is given a moment too; a flicker is seen once.
    const bridgeMs = one.confirmed ? settings.bridgeMs : one.seenMs > one.bornMs ? MOMENT_MS : 0;
    return atMs - one.seenMs <= bridgeMs && !one.leaving ? [one] : [];
  });
  const bodies = [...found.values()];
  const born: Track[] = [];
  for (const one of third.sightings.toSorted((a, b) => b.score - a.score)) {
    if (bodies.some((other) => isSameBody(one.box, other.box))) continue;
    bodies.push(one);
    const filter = beginBox(one.box);
    const id = state.nextId + born.length;
    const sighting = sightings.indexOf(one);
    const news = { bornMs: atMs, seenMs: atMs, confirmed: false, leaving: false };
    born.push({ id, filter, box: boxOf(filter), sighting, ...news });
  }
  return { tracks: [...followed, ...born], nextId: state.nextId + born.length, atMs };
}

/** Tracks that are believed and were seen in the newest frame. */
export function inView({ tracks, atMs }: TrackerState): Track[] {
  return tracks.filter(({ confirmed, seenMs }) => confirmed && seenMs === atMs);
}

/** At the picture's edge, on the way out. */
function isLeaving([x, y, w, h]: Box, filter: BoxFilter): boolean {
  const [across, down] = [filter.x.velocity / w, filter.y.velocity / h];
  return (
    (x <= EDGE && across < -LEAVING) ||
    (x + w >= 1 - EDGE && across > LEAVING) ||
    (y <= EDGE && down < -LEAVING) ||
    (y + h >= 1 - EDGE && down > LEAVING)
  );
}

function predicted(one: Track, passedMs: number): Track {
  const filter = predictBox(one.filter, passedMs / 1000);
  return { ...one, filter, box: boxOf(filter), sighting: undefined };
}

function seen(one: Track, { box }: Sighting, sighting: number, atMs: number, sure: boolean): Track {
  const filter = correctBox(one.filter, box);
  const confirmed = one.confirmed || (sure && atMs - one.bornMs >= CONFIRM_MS);
  return { ...one, filter, box: boxOf(filter), seenMs: atMs, sighting, confirmed, leaving: isLeaving(box, filter) };
}

interface Pairing {
  readonly pairs: readonly (readonly [Track, Sighting])[];
  /** Left over. */
  readonly tracks: readonly Track[];
  readonly sightings: readonly Sighting[];
}

function pair(tracks: readonly Track[], sightings: readonly Sighting[], minOverlap: number): Pairing {
  const worth = tracks.map(({ box }) =>
    sightings.map((sighting) => {
      const shared = overlap(grown(box), grown(sighting.box));
      return shared >= minOverlap ? shared : 0;
    }),
  );
  const pairs = assign(worth).flatMap(([row, column]): [Track, Sighting][] => {
    const [one, sighting] = [tracks[row], sightings[column]];
    return one === undefined || sighting === undefined ? [] : [[one, sighting]];
  });
  const met = new Set<Track | Sighting>(pairs.flat());
  return {
    pairs,
    tracks: tracks.filter((one) => !met.has(one)),
    sightings: sightings.filter((one) => !met.has(one)),
  };
}

function grown([x, y, w, h]: Box): Box {
  return [x - w * BUFFER, y - h * BUFFER, w * (1 + 2 * BUFFER), h * (1 + 2 * BUFFER)];
}

function shared(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

/** Intersection over union, 0..1. */
function overlap(a: Box, b: Box): number {
  const both = shared(a, b);
  return both / (a[2] * a[3] + b[2] * b[3] - both);
}

function isSameBody(a: Box, b: Box): boolean {
  return shared(a, b) >= SAME_BODY * Math.min(a[2] * a[3], b[2] * b[3]);
}
