// What surveys know: the walk at each touchpoint, turns and quotas; kept so that a restart changes nothing.
import { z } from "zod";
import { followUpsOf } from "../config/follow-up.ts";
import type { TouchpointConfig } from "../config/schema.ts";
import type { Survey } from "../config/surveys.ts";
import { type Decision, type Moment, NOTHING } from "./decision.ts";
import { localTime } from "./local-time.ts";
import { pickedFact, questionOf, Run, type Showing, showingOf, surveyFact } from "./survey-run.ts";
import { countAnswer, DayCount, Rotation } from "./survey-turns.ts";

/** The questionnaires of the device, part of the engine's settings. */
export interface SurveySettings {
  readonly surveys: readonly Survey[];
  /** IANA name: it decides when a day, and with it a quota, begins. */
  readonly timezone: string;
}
export interface Settings {
  readonly touchpoints: readonly TouchpointConfig[];
  readonly surveys?: SurveySettings;
}

/** What is asked at one touchpoint. */
export interface Asking {
  readonly run: Run | undefined;
  readonly showing: Showing | undefined;
  /** When a questionnaire was last started by a caller, boottime milliseconds. */
  readonly startedMs: number | undefined;
}
export interface SurveysState {
  /** By touchpoint id. */
  readonly at: ReadonlyMap<string, Asking>;
  /** By questionnaire id. */
  readonly rotations: ReadonlyMap<string, Rotation>;
  readonly counts: ReadonlyMap<string, DayCount>;
}
/** A state on its way, with what is to be told of the way. */
export interface SurveyStep {
  readonly state: SurveysState;
  readonly decision: Decision;
}

export const NOT_ASKING: Asking = { run: undefined, showing: undefined, startedMs: undefined };

const KEY = { at: "survey:at:", rotation: "survey:rotation:", count: "survey:count:" } as const;
const KeptAsking = z.object({
  run: Run.nullable(),
  startedMs: z.number().nullable(),
  /** By which clock the times are meant. */
  boot: z.string(),
  offsetMs: z.number(),
});

/** What is to be shown at a touchpoint; undefined where nothing is asked. */
export function shown(state: SurveysState, touchpoint: string): Showing | undefined {
  return state.at.get(touchpoint)?.showing;
}

/** Whether the walk is still open: nobody waits for the next tick to see that its time is over. */
export function isOpen(run: Run | undefined, moment: Moment): run is Run {
  return run !== undefined && moment.ms <= run.deadlineMs;
}

/** The questionnaire of a walk, if the configuration still has it in this version. */
export function surveyOf(settings: Settings, touchpoint: TouchpointConfig | undefined, run: Run): Survey | undefined {
  const surveys =
    run.follows === undefined ? (settings.surveys?.surveys ?? []) : Object.values(followUpsOf(touchpoint?.question));
  return surveys.find(({ id, version }) => id === run.survey && version === run.surveyVersion);
}

export function today(settings: Settings, moment: Moment): string {
  return localTime(moment.unixMs, settings.surveys?.timezone ?? "UTC").date;
}

/** What is asked at a touchpoint changed: state, and what is kept of it. */
export function withAsking(
  step: SurveyStep,
  touchpoint: string,
  asking: {
    readonly run: Run | undefined;
    readonly survey: Survey | undefined;
    readonly startedMs: number | undefined;
  },
  moment: Moment,
): SurveyStep {
  const { run, survey, startedMs } = asking;
  const showing = run === undefined || survey === undefined ? undefined : showingOf(survey, run);
  const kept = {
    run: run ?? null,
    startedMs: startedMs ?? null,
    boot: moment.boot,
    offsetMs: moment.unixMs - moment.ms,
  } satisfies z.infer<typeof KeptAsking>;
  return {
    state: { ...step.state, at: new Map(step.state.at).set(touchpoint, { run, showing, startedMs }) },
    decision: {
      ...step.decision,
      keep: {
        ...step.decision.keep,
        [KEY.at + touchpoint]: run === undefined && startedMs === undefined ? null : kept,
      },
    },
  };
}

export function withRotation(step: SurveyStep, survey: string, rotation: Rotation): SurveyStep {
  return {
    state: { ...step.state, rotations: new Map(step.state.rotations).set(survey, rotation) },
    decision: { ...step.decision, keep: { ...step.decision.keep, [KEY.rotation + survey]: rotation } },
  };
}

/** One more answer of today. */
export function withAnswerCounted(step: SurveyStep, survey: string, question: string, day: string): SurveyStep {
  const count = countAnswer(step.state.counts.get(survey), day, question);
  return {
    state: { ...step.state, counts: new Map(step.state.counts).set(survey, count) },
    decision: { ...step.decision, keep: { ...step.decision.keep, [KEY.count + survey]: count } },
  };
}

/** Ends the walk at a touchpoint without a last answer: what was picked is told, then that it was abandoned. */
export function abandon(step: SurveyStep, settings: Settings, touchpoint: string, moment: Moment): SurveyStep {
  const { run, startedMs } = step.state.at.get(touchpoint) ?? NOT_ASKING;
  if (run === undefined) return step;
  const picked = run.picked.length === 0 ? [] : [pickedFact(touchpoint, run, moment)];
  const told = { ...run, answers: [...run.answers, ...picked.map(({ id }) => id)] };
  const facts = [...step.decision.facts, ...picked, surveyFact(touchpoint, told, "abandoned", moment)];
  const ended = withAsking(
    { ...step, decision: { ...step.decision, facts } },
    touchpoint,
    { run: undefined, survey: undefined, startedMs },
    moment,
  );
  return picked.length === 0 ? ended : withAnswerCounted(ended, run.survey, run.at, today(settings, moment));
}

/**
 * What the journal kept, as it is now. Walks whose time has passed, or whose questionnaire is another by now, are told as
 * abandoned with what was said; all others go on.
 */
export function restoreSurveys(
  settings: Settings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): SurveyStep {
  const at = new Map<string, Asking>();
  const rotations = new Map<string, Rotation>();
  const counts = new Map<string, DayCount>();
  const forgotten: Record<string, null> = {};
  const known = (survey: string): boolean =>
    settings.surveys?.surveys.some(({ id }) => id === survey) === true ||
    settings.touchpoints.some(({ question }) => Object.values(followUpsOf(question)).some(({ id }) => id === survey));
  const over: string[] = [];
  for (const [key, value] of Object.entries(kept)) {
    if (key.startsWith(KEY.rotation)) {
      const name = key.slice(KEY.rotation.length);
      const rotation = Rotation.safeParse(value);
      if (rotation.success && known(name)) rotations.set(name, rotation.data);
      else forgotten[key] = null;
    } else if (key.startsWith(KEY.count)) {
      const name = key.slice(KEY.count.length);
      const count = DayCount.safeParse(value);
      if (count.success && known(name)) counts.set(name, count.data);
      else forgotten[key] = null;
    } else if (key.startsWith(KEY.at)) {
      const name = key.slice(KEY.at.length);
      const touchpoint = settings.touchpoints.find(({ id }) => id === name);
      const asking = KeptAsking.safeParse(value);
      if (!asking.success) {
        forgotten[key] = null;
        continue;
      }
      const shiftMs =
        asking.data.boot === moment.boot ? 0 : asking.data.offsetMs - Math.round(moment.unixMs - moment.ms);
      const startedMs =
        asking.data.startedMs === null ? undefined : Math.min(asking.data.startedMs + shiftMs, moment.ms);
      const run = asking.data.run === null ? undefined : shifted(asking.data.run, shiftMs, moment);
      const survey = run === undefined ? undefined : surveyOf(settings, touchpoint, run);
      const stays = run === undefined || (isOpen(run, moment) && questionOf(survey, run.at)?.version === run.atVersion);
      if (!stays) over.push(name);
      else if (touchpoint === undefined) forgotten[key] = null;
      const showing = run === undefined || survey === undefined ? undefined : showingOf(survey, run);
      if (touchpoint !== undefined || !stays)
        at.set(name, { run, showing, startedMs: touchpoint === undefined ? undefined : startedMs });
    }
  }
  const restored: SurveyStep = {
    state: { at, rotations, counts },
    decision: { ...NOTHING, keep: forgotten },
  };
  return over.reduce((step, name) => abandon(step, settings, name, moment), restored);
}

/**
 * A walk by the boottime of now. Another boot counts anew, so only the wall clock ties the two; where that was wrong, nobody
 * waits longer than the time limit.
 */
function shifted(run: Run, shiftMs: number, moment: Moment): Run {
  if (shiftMs === 0) return run;
  const waitMs = run.deadlineMs - run.shownMs;
  return {
    ...run,
    startMs: Math.min(run.startMs + shiftMs, moment.ms),
    shownMs: Math.min(run.shownMs + shiftMs, moment.ms),
    deadlineMs: Math.min(run.deadlineMs + shiftMs, moment.ms + waitMs),
  };
}
