// Pauses of cameras: who may close one and who may open it again, for how long, over restarts. Pure.
import { z } from "zod";
import { Fault } from "../words/errors.ts";
import type { EventData, Fact } from "../words/events.ts";
import { type Input, PauseInput, type PressInput } from "../words/inputs.ts";
import { At, at } from "./at.ts";
import { both, type Decision, type Effect, type Moment, NOTHING } from "./decision.ts";

/** The part of the engine's settings that pauses rest on. */
export interface PauseSettings {
  readonly cameras?: readonly PausableCamera[];
}
export interface PausableCamera {
  readonly id: string;
  readonly pause?: { readonly pad: string; readonly button: string } | undefined;
}

/** One door's wish that a camera be closed. A camera is paused while any holds. */
const Hold = z.object({
  by: z.string(),
  via: PauseInput.shape.via,
  at: At,
  /** Whether somebody vouched for the UTC of `at`. */
  clock: z.enum(["synced", "unsynced"]),
  minutes: PauseInput.shape.minutes,
});
type Hold = z.infer<typeof Hold>;
const Holds = z.array(Hold).min(1);

/** By camera; one that is not paused is not there. */
export type PausesState = Readonly<Record<string, readonly Hold[]>>;
interface PauseStep {
  readonly state: PausesState;
  readonly decision: Decision;
}

/** Journal key of a camera's pause. */
export const PAUSE_KEY = "pause:";

/** State after a start: what was paused still is, before any camera is opened. */
export function startPauses(
  settings: PauseSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): PauseStep {
  const state: Record<string, readonly Hold[]> = {};
  const keep: Record<string, null> = {};
  for (const [key, value] of Object.entries(kept)) {
    if (!key.startsWith(PAUSE_KEY)) continue;
    const camera = key.slice(PAUSE_KEY.length);
    if (settings.cameras?.some(({ id }) => id === camera) === true) state[camera] = readHolds(value, moment);
    else keep[key] = null;
  }
  const atOnce = Object.entries(state).map(([camera, holds]) => shown(camera, holds));
  return { state, decision: { ...NOTHING, keep, atOnce } };
}

/** What the journal keeps of a camera's pause, in a sentence. */
export function keptPause(value: unknown): string {
  const holds = Holds.safeParse(value);
  return holds.success ? sentence(holds.data) : "paused, by whom cannot be read";
}

/** A pause that cannot be read is a pause: the camera stays closed until a hand opens it. */
function readHolds(value: unknown, moment: Moment): readonly Hold[] {
  const holds = Holds.safeParse(value);
  if (holds.success) return holds.data;
  return [{ by: "unknown", via: "button", at: at(moment, moment.ms), clock: moment.clock, minutes: undefined }];
}

/**
 * What a press says of cameras; undefined where its button pauses none. A press that a door said is no hand on the
 * button, and lifts nothing.
 */
export function switchWord({ cameras = [] }: PauseSettings, press: PressInput): PauseInput | Fault | undefined {
  const switched = cameras.filter(({ pause }) => pause?.pad === press.pad && pause.button === press.button);
  if (switched.length === 0) return undefined;
  const button = `${press.pad}/${press.button}`;
  if (press.software === true) return new Fault("PAUSE_HELD", `${button} pauses cameras only by hand`);
  const ids = switched.map(({ id }) => id);
  return { kind: "pause", action: "toggle", cameras: ids, by: button.slice(0, 64), via: "button", atMs: press.atMs };
}

/** One step. @param decision what was decided of the input so far */
export function stepPauses(
  settings: PauseSettings,
  state: PausesState,
  input: Input,
  decision: Decision,
  moment: Moment,
): PauseStep {
  const step =
    input.kind === "pause"
      ? wanted(settings, state, input, moment)
      : input.kind === "tick" && Object.keys(state).length > 0
        ? passed(state, moment)
        : undefined;
  // What the lamp shows for good comes before the thanks for the press.
  return step === undefined ? { state, decision } : { state: step.state, decision: both(step.decision, decision) };
}

function wanted({ cameras = [] }: PauseSettings, state: PausesState, input: PauseInput, moment: Moment): PauseStep {
  const unknown = input.cameras?.find((name) => !cameras.some(({ id }) => id === name));
  if (unknown !== undefined || cameras.length === 0) {
    const fault = new Fault("CAMERA_UNKNOWN", unknown === undefined ? "no camera is configured" : "no such camera");
    return { state, decision: { ...NOTHING, dropped: [fault] } };
  }
  const meant = cameras.filter(({ id }) => input.cameras?.includes(id) ?? true);
  const all = meant.every(({ id }) => state[id] !== undefined);
  const action = input.action === "toggle" ? (all ? "resume" : "pause") : input.action;
  return meant.reduce<PauseStep>(
    (step, camera) => {
      const next =
        action === "pause" ? pause(step.state, camera, input, moment) : lift(step.state, camera, input, moment);
      return { state: next.state, decision: both(step.decision, next.decision) };
    },
    { state, decision: NOTHING },
  );
}

function pause(
  state: PausesState,
  { id }: PausableCamera,
  { by, via, minutes }: PauseInput,
  moment: Moment,
): PauseStep {
  const holds = state[id] ?? [];
  const same = holds.find((hold) => hold.via === via);
  // Said again without a time it changes nothing; with one, the time begins anew.
  if (same !== undefined && same.minutes === undefined && minutes === undefined) return { state, decision: NOTHING };
  const hold: Hold = { by, via, at: at(moment, moment.ms), clock: moment.clock, minutes };
  const about = { by, via, ...(minutes === undefined ? {} : { minutes }) };
  return changed(state, id, [...holds.filter((other) => other !== same), hold], "camera.pause", about, moment);
}

/** Who is nearer to the camera lifts more: the button everything, a door its own pause only. */
function lift(state: PausesState, camera: PausableCamera, { by, via }: PauseInput, moment: Moment): PauseStep {
  const holds = state[camera.id] ?? [];
  if (holds.length === 0) return { state, decision: NOTHING };
  // A button that was taken out of the configuration, on the device itself, can be pressed by nobody.
  const may = (hold: Hold): boolean =>
    via === "button" || hold.via === via || (hold.via === "button" && camera.pause === undefined);
  const left = holds.filter((hold) => !may(hold));
  if (left.length === holds.length) {
    const fault = new Fault("PAUSE_HELD", `camera ${camera.id} is ${sentence(left)}`);
    return { state, decision: { ...NOTHING, dropped: [fault] } };
  }
  return changed(state, camera.id, left, "camera.resume", { by, via }, moment);
}

/** Time passed: pauses with an end are over, and times of an unvouched clock are placed once somebody vouches. */
function passed(state: PausesState, moment: Moment): PauseStep {
  let step: PauseStep = { state, decision: NOTHING };
  for (const [camera, holds] of Object.entries(state)) {
    for (const over of holds.filter((hold) => isOver(hold, moment))) {
      const left = (step.state[camera] ?? []).filter((hold) => hold !== over);
      const next = changed(step.state, camera, left, "camera.resume", { by: over.by, via: "timer" }, moment);
      step = { state: next.state, decision: both(step.decision, next.decision) };
    }
    const stay = step.state[camera];
    const placed = stay?.map((hold) => place(hold, moment));
    if (placed === undefined || placed.every((hold, i) => hold === stay?.[i])) continue;
    const keep = { [PAUSE_KEY + camera]: placed };
    const again = { ...NOTHING, keep, atOnce: [shown(camera, placed)] };
    step = { state: { ...step.state, [camera]: placed }, decision: both(step.decision, again) };
  }
  return step;
}

/**
 * Within a boot boottime says it, whatever the clock does. From one boot to another only UTC can, and only where
 * somebody vouched for it then and does now: otherwise the camera stays closed.
 */
function isOver({ at: since, minutes, clock }: Hold, moment: Moment): boolean {
  if (minutes === undefined) return false;
  const lastsMs = minutes * 60_000;
  if (since.boot === moment.boot) return moment.ms - since.ms >= lastsMs;
  return clock === "synced" && moment.clock === "synced" && moment.unixMs - since.unixMs >= lastsMs;
}

function place(hold: Hold, moment: Moment): Hold {
  const now = hold.clock === "unsynced" && moment.clock === "synced" && hold.at.boot === moment.boot;
  return now ? { ...hold, at: at(moment, hold.at.ms), clock: "synced" } : hold;
}

function changed(
  state: PausesState,
  camera: string,
  holds: readonly Hold[],
  action: EventData["audit"]["action"],
  about: Pick<EventData["audit"], "by" | "via" | "minutes">,
  moment: Moment,
): PauseStep {
  const { [camera]: _before, ...others } = state;
  const paused = holds.length > 0;
  const data = { action, target: `camera:${camera}`, ...about, paused };
  const audit: Fact = { type: "audit", id: moment.newId(moment.unixMs), atMs: moment.ms, data };
  const effect = shown(camera, holds);
  return {
    state: paused ? { ...others, [camera]: holds } : others,
    decision: {
      ...NOTHING,
      facts: [audit],
      keep: { [PAUSE_KEY + camera]: paused ? holds : null },
      // Closed at once; opened only when it is on disk that it may be.
      ...(paused ? { atOnce: [effect] } : { afterCommit: [effect] }),
    },
  };
}

function shown(camera: string, holds: readonly Hold[]): Effect {
  return { kind: "pause", camera, ...(holds.length === 0 ? {} : { paused: sentence(holds) }) };
}

function sentence(holds: readonly Hold[]): string {
  const told = holds.map(({ by, via, at: since, minutes }) => {
    const long = minutes === undefined ? "" : ` for ${minutes} min`;
    return `by ${by} (${via}) at ${new Date(Math.round(since.unixMs)).toISOString()}${long}`;
  });
  return `paused ${told.join(", and ")}`;
}
