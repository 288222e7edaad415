// Coverage: how long of each quarter-hour the agent ran and the camera of a touchpoint looked. Pure.
import type { TouchpointConfig } from "../config/schema.ts";
import type { Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";
import { type Decision, type Moment, utc } from "./decision.ts";

export const QUARTER_MS = 900_000;

interface CameraSeen {
  /** Boottime milliseconds since which it looks; undefined while it is away. */
  readonly sinceMs: number | undefined;
  /** What it looked before that in this part, milliseconds. */
  readonly lookedMs: number;
}

/** What is going on: a part of a quarter-hour, not told yet. A crash loses it, which is said by less coverage. */
export interface CoverageState {
  readonly startMs: number;
  readonly quarter: number;
  readonly cameras: Readonly<Record<string, CameraSeen>>;
}

export function startCoverage(moment: Moment): CoverageState {
  return { startMs: moment.ms, quarter: quarterOf(moment), cameras: {} };
}

/** One step. @param decision what was decided of the input so far; coverage is added to it when a quarter-hour is over */
export function stepCoverage(
  touchpoints: readonly TouchpointConfig[],
  state: CoverageState,
  input: Input,
  decision: Decision,
  moment: Moment,
): { state: CoverageState; decision: Decision } {
  let next = state;
  if (input.kind === "camera") next = looking(state, input.camera, input.live, input.atMs);
  if (input.kind === "seen" && state.cameras[input.camera]?.sinceMs === undefined)
    next = looking(state, input.camera, true, input.atMs);
  if (input.kind !== "tick" || quarterOf(moment) === state.quarter) return { state: next, decision };
  const facts = endCoverage(touchpoints, next, moment);
  const cameras = Object.fromEntries(
    Object.entries(next.cameras).map(([camera, { sinceMs }]): [string, CameraSeen] => [
      camera,
      { sinceMs: sinceMs === undefined ? undefined : moment.ms, lookedMs: 0 },
    ]),
  );
  return {
    state: { startMs: moment.ms, quarter: quarterOf(moment), cameras },
    decision: { ...decision, facts: [...decision.facts, ...facts] },
  };
}

/** What is to be said of the part that is going on, if it ends now. */
export function endCoverage(
  touchpoints: readonly TouchpointConfig[],
  { startMs, cameras }: CoverageState,
  moment: Moment,
): Fact[] {
  // A part is told with its beginning, a moment before its end: a repair of the clock moves it where it belongs.
  return touchpoints.map(({ id, zone }): Fact => {
    const seen = zone === undefined ? undefined : (cameras[zone.camera] ?? { sinceMs: undefined, lookedMs: 0 });
    const looked = seen === undefined ? undefined : seen.lookedMs + sinceThen(seen, startMs, moment.ms);
    return {
      type: "coverage",
      id: moment.newId(moment.unixMs),
      touchpoint: id,
      atMs: moment.ms,
      data: {
        start: utc(moment, startMs),
        end: utc(moment, moment.ms),
        runningMs: Math.round(moment.ms - startMs),
        ...(looked === undefined ? {} : { cameraMs: Math.round(looked) }),
      },
    };
  });
}

function looking(state: CoverageState, camera: string, live: boolean, atMs: number): CoverageState {
  const before = state.cameras[camera] ?? { sinceMs: undefined, lookedMs: 0 };
  if ((before.sinceMs !== undefined) === live) return state;
  const after: CameraSeen = live
    ? { ...before, sinceMs: atMs }
    : { sinceMs: undefined, lookedMs: before.lookedMs + sinceThen(before, state.startMs, atMs) };
  return { ...state, cameras: { ...state.cameras, [camera]: after } };
}

function sinceThen({ sinceMs }: CameraSeen, startMs: number, nowMs: number): number {
  return sinceMs === undefined ? 0 : Math.max(0, nowMs - Math.max(sinceMs, startMs));
}

/** Which quarter-hour of UTC it is: every time zone's hours consist of whole ones. */
function quarterOf({ unixMs }: Moment): number {
  return Math.floor(unixMs / QUARTER_MS);
}
