// `touchpoint vision run VIDEO`: the live pipeline over a file, as fast as it goes.
import { realpathSync } from "node:fs";
import { v7 as uuidv7 } from "uuid";
import { type LineConfig, type QueueConfig, TrackingSettings } from "../config/footfall.ts";
import { TouchpointConfig, ZoneConfig } from "../config/schema.ts";
import type { Decision, Moment } from "../touchpoint/decision.ts";
import { type EngineSettings, startEngine, step, stopEngine } from "../touchpoint/engine.ts";
import { inView, NO_TRACKS, track } from "../touchpoint/tracking/tracker.ts";
import { anchorOf } from "../touchpoint/zone.ts";
import { annotate, type ClipWriter, createClipWriter, createFaceMemory, type Marks } from "../vision/clip/annotate.ts";
import { readClip } from "../vision/clip/read-clip.ts";
import type { Size } from "../vision/frame.ts";
import { type Gate, OPEN_GATE } from "../vision/gate.ts";
import type { Look, Looked } from "../vision/look.ts";
import { Fault } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";

export interface ClipRun {
  readonly video: string;
  readonly size: Size;
  readonly fps: number;
  readonly zone: Omit<ZoneConfig, "camera">;
  /** What is counted in the clip; whatever their camera was, it is the clip. */
  readonly footfall: Footfall;
  /** Undefined: expressions are not read. */
  readonly mood: { readonly k: number } | undefined;
  readonly annotateTo: string | undefined;
  /** Draws a grid with numbers on what is annotated. */
  readonly grid?: boolean;
  /** Lets frames pass without a look, as the live pipeline does where nothing moves; absent, every frame is looked at. */
  readonly gate?: Gate;
  readonly event: (fact: Fact) => void;
}

export interface Footfall {
  readonly lines: readonly LineConfig[];
  readonly queue: QueueConfig | undefined;
  readonly staffZones: TouchpointConfig["staffZones"];
  readonly tracking: TrackingSettings;
}

export interface ClipSummary {
  readonly frames: number;
  readonly clipSeconds: number;
  readonly wallSeconds: number;
  readonly framesPerSecond: number;
  readonly framesLookedAt: number;
  readonly framesWithFaces: number;
  readonly framesWithPersons: number;
  /** What the decoder complained of, where the file could not be read whole. */
  readonly damaged?: string;
  readonly contacts: { startS: number; endS: number; people: number; outcome: string }[];
  readonly visits: { atS: number; line: string; direction: string; occupancy: number }[];
}

const CAMERA = "clip";
const TICK_MS = 200;
/** An interval longer than any clip: the mood is given once, at its end. */
const WHOLE_CLIP_MS = 86_400_000;
/** How much of somebody's way is drawn, frames. */
const WAY_FRAMES = 30;

/**
 * Feeds every frame of a file through models and touchpoint engine; time is the file's own, from 1970 on.
 * @throws Fault CAMERA_OPEN, CAMERA_LOST, CLIP_UNWRITABLE, MODEL_*
 */
export async function runClip(run: ClipRun, look: Look): Promise<ClipSummary> {
  if (run.annotateTo !== undefined && isSameFile(run.annotateTo, run.video))
    throw new Fault("CLIP_UNWRITABLE", `${run.annotateTo} is the video itself, which would be overwritten`);
  const engine = createClock(run);
  const memory = createFaceMemory();
  const ways = createWays(run.footfall.tracking);
  let writer: ClipWriter | undefined;
  let damaged: string | undefined;
  let frames = 0;
  let framesLookedAt = 0;
  let framesWithFaces = 0;
  let framesWithPersons = 0;
  let endMs = 0;
  const gate = run.gate ?? OPEN_GATE;
  const began = performance.now();
  engine.feed({ kind: "camera", camera: CAMERA, live: true, atMs: 0 });
  try {
    for await (const { frame, atMs } of readClip(run.video, run.size, run.fps, (complaint) => {
      damaged = complaint;
    })) {
      frames += 1;
      endMs = atMs;
      if (!gate.wants(frame, atMs)) {
        engine.feed({ kind: "tick", atMs });
        continue;
      }
      framesLookedAt += 1;
      const looked = await look.look(frame, { face: true, person: true, expression: run.mood !== undefined });
      engine.feed({ kind: "seen", camera: CAMERA, atMs, ...looked });
      engine.feed({ kind: "tick", atMs });
      gate.looked(looked.faces.length + looked.persons.length > 0);
      if (looked.faces.length > 0) framesWithFaces += 1;
      if (looked.persons.length > 0) framesWithPersons += 1;
      if (run.annotateTo === undefined) continue;
      writer ??= createClipWriter(run.annotateTo, frame, run.fps);
      const marks = marksOf(run, engine.occupied(), ways.after(looked, atMs));
      annotate(frame, { ...looked, ...marks }, memory.cover(looked, atMs, frame));
      await writer.write(frame);
    }
  } finally {
    await writer?.close();
  }
  // The clip is over: time goes on until every episode in it has its outcome.
  const restMs = run.zone.graceMs + run.zone.postMs + 2 * TICK_MS;
  for (let atMs = endMs + TICK_MS; atMs <= endMs + restMs; atMs += TICK_MS) engine.feed({ kind: "tick", atMs });
  engine.stop(endMs + restMs);
  const wallSeconds = (performance.now() - began) / 1000;
  return {
    frames,
    clipSeconds: frames / run.fps,
    wallSeconds: Number(wallSeconds.toFixed(2)),
    framesPerSecond: Number((frames / wallSeconds).toFixed(1)),
    framesLookedAt,
    framesWithFaces,
    framesWithPersons,
    ...(damaged === undefined ? {} : { damaged }),
    contacts: engine.contacts,
    visits: engine.visits,
  };
}

/** Also through a link: the encoder would empty the file while it is being read. */
function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    // One of them does not exist: not yet, or a fault that reading it will tell.
    return false;
  }
}

interface Clock {
  feed(input: Input): void;
  stop(atMs: number): void;
  occupied(): boolean;
  readonly contacts: ClipSummary["contacts"];
  readonly visits: ClipSummary["visits"];
}

/** The touchpoint engine on the file's clock. */
function createClock({ zone, footfall, mood, event }: ClipRun): Clock {
  const { lines, queue, staffZones, tracking } = footfall;
  const here = { camera: CAMERA };
  const touchpoint = TouchpointConfig.parse({
    id: "clip",
    zone: { ...zone, ...here },
    lines: lines.map((line) => ({ ...line, ...here })),
    staffZones: staffZones.map((one) => ({ ...one, ...here })),
    // The queue is told once, at the clip's end.
    ...(queue === undefined ? {} : { queue: { ...queue, ...here, intervalS: WHOLE_CLIP_MS / 1000 } }),
  });
  const settings: EngineSettings = {
    touchpoints: [touchpoint],
    tracking,
    mood: mood === undefined ? undefined : { intervalMs: WHOLE_CLIP_MS, k: mood.k },
  };
  const moment = (ms: number): Moment => ({
    ms,
    unixMs: ms,
    clock: "unsynced",
    boot: "clip",
    newId: (unixMs) => uuidv7({ msecs: Math.round(unixMs) }),
  });
  let { state, decision } = startEngine(settings, {}, moment(0));
  let occupied = false;
  const contacts: ClipSummary["contacts"] = [];
  const visits: ClipSummary["visits"] = [];
  const take = (next: { state: typeof state; decision: Decision }): void => {
    ({ state, decision } = next);
    for (const fact of decision.facts) {
      event(fact);
      if (fact.type === "presence") occupied = fact.data.occupied;
      if (fact.type === "visit") {
        const { line, direction, occupancy } = fact.data;
        visits.push({ atS: fact.atMs / 1000, line, direction, occupancy });
      }
      if (fact.type !== "contact") continue;
      const { start, end, people, outcome } = fact.data;
      contacts.push({ startS: Date.parse(start) / 1000, endS: Date.parse(end) / 1000, people, outcome });
    }
  };
  return {
    feed: (input) => take(step(settings, state, input, moment("atMs" in input ? input.atMs : 0))),
    stop: (atMs) => take(stopEngine(settings, state, moment(atMs))),
    occupied: () => occupied,
    contacts,
    visits,
  };
}

/** The last steps of each person in view, by frames. */
interface Ways {
  after(looked: Looked, atMs: number): Points[];
}

/** For the eye only: people are followed here whether or not a line is there to count them, by the same tracker. */
function createWays(tracking: TrackingSettings): Ways {
  let tracker = NO_TRACKS;
  let ways = new Map<number, Points>();
  return {
    after({ persons }, atMs) {
      tracker = track(tracker, persons, tracking, atMs);
      const before = ways;
      ways = new Map(tracker.tracks.map(({ id }) => [id, before.get(id) ?? []]));
      const onFrame = (share: number): number => Math.min(1, Math.max(0, share));
      for (const { id, box } of inView(tracker)) {
        const [x, y] = anchorOf("foot", box);
        ways.set(id, [...(ways.get(id) ?? []), [onFrame(x), onFrame(y)] as const].slice(-WAY_FRAMES));
      }
      return [...ways.values()];
    },
  };
}

function marksOf(
  { zone, footfall, grid }: ClipRun,
  occupied: boolean,
  tracks: readonly Points[],
): Omit<Marks, keyof Looked> {
  return {
    zone: zone.polygon,
    occupied,
    lines: footfall.lines.map(({ from, to }) => [from, to]),
    queue: footfall.queue?.polygon,
    staffZones: footfall.staffZones.map(({ polygon }) => polygon),
    tracks,
    ...(grid === undefined ? {} : { grid }),
  };
}

/** A zone from options; what is left out comes from the configuration's defaults. */
export function zoneFrom(given: Partial<Omit<ZoneConfig, "camera">>): Omit<ZoneConfig, "camera"> {
  const { camera: _camera, ...zone } = ZoneConfig.parse({ ...given, camera: CAMERA });
  return zone;
}

type Points = readonly (readonly [number, number])[];

/** What is counted, by numbers; what is left out comes from the configuration's touchpoint, and else from the defaults. */
export function footfallFrom(
  given: {
    readonly lines?: readonly Points[] | undefined;
    readonly queue?: Points | undefined;
    readonly service?: Points | undefined;
    readonly staffZones?: readonly Points[] | undefined;
    readonly by?: ZoneConfig["by"] | undefined;
    readonly anchor?: ZoneConfig["anchor"] | undefined;
  },
  configured?: TouchpointConfig,
  tracking: TrackingSettings = TrackingSettings.parse({}),
): Footfall {
  const { by, anchor } = given;
  const common = {
    camera: CAMERA,
    ...(by === undefined || by === "either" ? {} : { by }),
    ...(anchor === undefined ? {} : { anchor }),
  };
  const { lines, queue, staffZones } = TouchpointConfig.parse({
    id: CAMERA,
    lines: given.lines?.map(([from, to], i) => ({ ...common, id: `line-${i + 1}`, from, to })),
    ...(given.queue === undefined ? {} : { queue: { ...common, polygon: given.queue, service: given.service } }),
    staffZones: given.staffZones?.map((polygon) => ({ camera: CAMERA, polygon })),
  });
  return {
    lines: given.lines === undefined ? (configured?.lines ?? []) : lines,
    queue: queue ?? configured?.queue,
    staffZones: given.staffZones === undefined ? (configured?.staffZones ?? []) : staffZones,
    tracking,
  };
}
