// Runs the engine over seen frames and compares what it says with what is true. Pure.
import { TouchpointConfig } from "../../src/config/schema.ts";
import type { Decision, Moment } from "../../src/touchpoint/decision.ts";
import { type EngineState, startEngine, step, stopEngine } from "../../src/touchpoint/engine.ts";
import { trackerKey } from "../../src/touchpoint/footfall.ts";
import { inView } from "../../src/touchpoint/tracking/tracker.ts";
import type { Fact } from "../../src/words/events.ts";
import type { Box, Seen } from "../../src/words/inputs.ts";
import { type Crossing, LINE, type Scene } from "./scene.ts";

export type TouchpointInput = Parameters<typeof TouchpointConfig.parse>[0];

/** The scenes' line at a touchpoint. */
export const AT_LINE = {
  id: "scene",
  lines: [{ id: "door", camera: "scene", from: [LINE.x, 1], to: [LINE.x, 0], band: LINE.band }],
};

/**
 * Everything the engine says of the frames; time is theirs, from 1970 on.
 * @param each called after every frame
 */
export function judge(
  touchpoint: TouchpointInput,
  frames: readonly Seen[],
  each: (state: EngineState, frame: number) => void = () => undefined,
): Fact[] {
  const settings = { touchpoints: [TouchpointConfig.parse(touchpoint)], mood: undefined };
  const facts: Fact[] = [];
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `fact-${ids}`;
  };
  const moment = (ms: number): Moment => ({ ms, unixMs: ms, clock: "synced", boot: "scene", newId });
  let { state } = startEngine(settings, {}, moment(0));
  const take = (next: { state: EngineState; decision: Decision }): void => {
    ({ state } = next);
    facts.push(...next.decision.facts);
  };
  frames.forEach((frame, i) => {
    take(step(settings, state, frame, moment(frame.atMs)));
    take(step(settings, state, { kind: "tick", atMs: frame.atMs }, moment(frame.atMs)));
    each(state, i);
  });
  // Until every episode has its outcome.
  const endMs = (frames.at(-1)?.atMs ?? 0) + 60_000;
  take(step(settings, state, { kind: "tick", atMs: endMs }, moment(endMs)));
  take(stopEngine(settings, state, moment(endMs)));
  return facts;
}

export interface CountingError {
  readonly crossings: number;
  readonly missed: number;
  readonly extra: number;
  /** How often a person in view was given another track than the one before. */
  readonly switches: number;
}

/** How far a counted crossing may be from the true one, milliseconds. */
const NEAR_MS = 1_500;

/** Counts a scene at its line. */
export function countScene(scene: Scene): CountingError {
  const trackOf = new Map<number, number>();
  let switches = 0;
  const facts = judge(AT_LINE, scene.frames, (state, frame) => {
    const tracker = state.products.footfall.trackers[trackerKey("scene", "person")];
    const truth = scene.truth[frame];
    if (tracker === undefined || truth === undefined) return;
    for (const { id, box } of inView(tracker)) {
      const person = nearest(box, truth);
      if (person === undefined) continue;
      const known = trackOf.get(person);
      if (known !== undefined && known !== id) switches += 1;
      trackOf.set(person, id);
    }
  });
  const counted = facts.flatMap((fact): Crossing[] =>
    fact.type === "visit" ? [{ atMs: fact.atMs, direction: fact.data.direction }] : [],
  );
  let missed = 0;
  for (const { atMs, direction } of scene.crossings) {
    const found = counted.findIndex((one) => one.direction === direction && Math.abs(one.atMs - atMs) <= NEAR_MS);
    if (found === -1) missed += 1;
    else counted.splice(found, 1);
  }
  return { crossings: scene.crossings.length, missed, extra: counted.length, switches };
}

/** Whose box a track's covers best, by at least half of both together. */
function nearest(box: Box, truth: Scene["truth"][number]): number | undefined {
  let best: number | undefined;
  let most = 0.5;
  for (const [person, [x, y, w, h]] of truth) {
    const across = Math.min(box[0] + box[2], x + w) - Math.max(box[0], x);
    const down = Math.min(box[1] + box[3], y + h) - Math.max(box[1], y);
    if (across <= 0 || down <= 0) continue;
    const both = across * down;
    const overlap = both / (box[2] * box[3] + w * h - both);
    if (overlap > most) [best, most] = [person, overlap];
  }
  return best;
}
