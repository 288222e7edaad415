// `touchpoint vision run VIDEO`: the live pipeline over a file, as fast as it goes.
import { realpathSync } from "node:fs";
import { v7 as uuidv7 } from "uuid";
import { TouchpointConfig, ZoneConfig } from "../config/schema.ts";
import type { Decision, Moment } from "../touchpoint/decision.ts";
import { type EngineSettings, startEngine, step, stopEngine } from "../touchpoint/engine.ts";
import { annotate, type ClipWriter, createClipWriter, createFaceMemory } from "../vision/clip/annotate.ts";
import { readClip } from "../vision/clip/read-clip.ts";
import type { Size } from "../vision/frame.ts";
import type { Look } from "../vision/look.ts";
import { Fault } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";

export interface ClipRun {
  readonly video: string;
  readonly size: Size;
  readonly fps: number;
  readonly zone: Omit<ZoneConfig, "camera">;
  /** Undefined: expressions are not read. */
  readonly mood: { readonly k: number } | undefined;
  readonly annotateTo: string | undefined;
  readonly event: (fact: Fact) => void;
}

export interface ClipSummary {
  readonly frames: number;
  readonly clipSeconds: number;
  readonly wallSeconds: number;
  readonly framesPerSecond: number;
  readonly framesWithFaces: number;
  readonly framesWithPersons: number;
  /** What the decoder complained of, where the file could not be read whole. */
  readonly damaged?: string;
  readonly contacts: { startS: number; endS: number; people: number; outcome: string }[];
}

const CAMERA = "clip";
const TICK_MS = 200;
/** An interval longer than any clip: the mood is given once, at its end. */
const WHOLE_CLIP_MS = 86_400_000;

/**
 * Feeds every frame of a file through models and touchpoint engine; time is the file's own, from 1970 on.
 * @throws Fault CAMERA_OPEN, CAMERA_LOST, CLIP_UNWRITABLE, MODEL_*
 */
export async function runClip(run: ClipRun, look: Look): Promise<ClipSummary> {
  if (run.annotateTo !== undefined && isSameFile(run.annotateTo, run.video))
    throw new Fault("CLIP_UNWRITABLE", `${run.annotateTo} is the video itself, which would be overwritten`);
  const engine = createClock(run);
  const memory = createFaceMemory();
  let writer: ClipWriter | undefined;
  let damaged: string | undefined;
  let frames = 0;
  let framesWithFaces = 0;
  let framesWithPersons = 0;
  let endMs = 0;
  const began = performance.now();
  engine.feed({ kind: "camera", camera: CAMERA, live: true, atMs: 0 });
  try {
    for await (const { frame, atMs } of readClip(run.video, run.size, run.fps, (complaint) => {
      damaged = complaint;
    })) {
      const looked = await look.look(frame, { face: true, person: true, expression: run.mood !== undefined });
      engine.feed({ kind: "seen", camera: CAMERA, atMs, ...looked });
      engine.feed({ kind: "tick", atMs });
      frames += 1;
      endMs = atMs;
      if (looked.faces.length > 0) framesWithFaces += 1;
      if (looked.persons.length > 0) framesWithPersons += 1;
      if (run.annotateTo === undefined) continue;
      writer ??= createClipWriter(run.annotateTo, frame, run.fps);
      annotate(frame, { ...looked, zone: run.zone.polygon, occupied: engine.occupied() }, memory.cover(looked, atMs));
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
    framesWithFaces,
    framesWithPersons,
    ...(damaged === undefined ? {} : { damaged }),
    contacts: engine.contacts(),
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
  contacts(): ClipSummary["contacts"];
}

/** The touchpoint engine on the file's clock. */
function createClock(run: ClipRun): Clock {
  const zone = { ...run.zone, camera: CAMERA };
  const settings: EngineSettings = {
    touchpoints: [TouchpointConfig.parse({ id: "clip", zone })],
    mood: run.mood === undefined ? undefined : { intervalMs: WHOLE_CLIP_MS, k: run.mood.k },
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
  const take = (next: { state: typeof state; decision: Decision }): void => {
    ({ state, decision } = next);
    for (const fact of decision.facts) {
      run.event(fact);
      if (fact.type === "presence") occupied = fact.data.occupied;
      if (fact.type !== "contact") continue;
      const { start, end, people, outcome } = fact.data;
      contacts.push({ startS: Date.parse(start) / 1000, endS: Date.parse(end) / 1000, people, outcome });
    }
  };
  return {
    feed: (input) => take(step(settings, state, input, moment("atMs" in input ? input.atMs : 0))),
    stop: (atMs) => take(stopEngine(settings, state, moment(atMs))),
    occupied: () => occupied,
    contacts: () => contacts,
  };
}

/** A zone from options; what is left out comes from the configuration's defaults. */
export function zoneFrom(given: Partial<Omit<ZoneConfig, "camera">>): Omit<ZoneConfig, "camera"> {
  const { camera: _camera, ...zone } = ZoneConfig.parse({ ...given, camera: CAMERA });
  return zone;
}
