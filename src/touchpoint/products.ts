// The products on the engine, in their order: each sees every input and what was decided of it so far.
import type { TouchpointConfig } from "../config/schema.ts";
import type { Input } from "../words/inputs.ts";
import { type ActivityState, startActivity, stepActivity } from "./activity.ts";
import { badgeSays } from "./alert-badge.ts";
import type { AlertState } from "./alert-state.ts";
import { startAlerts, stepAlerts } from "./alerts.ts";
import { stepCallbacks } from "./callbacks.ts";
import { type Circumstances, type ContextState, circumstancesAt, startContext, stepContext } from "./context.ts";
import { type CoverageState, startCoverage, stepCoverage } from "./coverage.ts";
import { both, type Decision, type Moment } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { type LiveFairPlay, startFairPlay, stepFairPlay } from "./fair-play-live.ts";
import { type FootfallState, startFootfall, stepFootfall } from "./footfall.ts";
import { type MoodsState, NO_MOODS, stepMood } from "./mood.ts";
import { type PausesState, startPauses, stepPauses } from "./pauses.ts";
import { type PresenceSignals, startPresence, stepPresence } from "./presence-signal.ts";
import { type RatingMoodState, startRatingMood, stepRatingMood } from "./rating-mood.ts";
import { type ServiceState, startService, stepService } from "./service.ts";
import { type SurveysState, startSurveys, stepSurveys } from "./surveys.ts";

/** The state of each product, by its name. */
export interface ProductStates {
  readonly surveys: SurveysState;
  readonly activity: ActivityState;
  readonly context: ContextState;
  readonly service: ServiceState;
  readonly fairPlay: LiveFairPlay;
  readonly alerts: AlertState;
  readonly coverage: CoverageState;
  readonly footfall: FootfallState;
  readonly presence: PresenceSignals;
  readonly pauses: PausesState;
  readonly mood: MoodsState;
  readonly ratingMood: RatingMoodState;
}

/** States after a start, with what the journal kept. */
export function startProducts(
  settings: EngineSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { states: ProductStates; decision: Decision } {
  const surveys = startSurveys(settings, kept, moment);
  const service = startService(settings, kept, moment);
  const fairPlay = startFairPlay(kept, moment);
  const alerts = startAlerts(settings, kept, moment);
  const presence = startPresence(settings.touchpoints, moment);
  const pauses = startPauses(settings, kept, moment);
  return {
    states: {
      surveys: surveys.state,
      activity: startActivity(kept),
      context: startContext(kept),
      service: service.state,
      fairPlay: fairPlay.state,
      alerts: alerts.state,
      coverage: startCoverage(moment),
      footfall: startFootfall(kept),
      presence: presence.state,
      pauses: pauses.state,
      mood: NO_MOODS,
      ratingMood: startRatingMood(kept),
    },
    decision: [service, fairPlay, alerts, presence, pauses].reduce(
      (sum, { decision }) => both(sum, decision),
      surveys.decision,
    ),
  };
}

/**
 * One step of every product.
 * @param decision what presses and contacts decided; the products add to it, and may say more of a press
 */
export function stepProducts(
  settings: EngineSettings,
  states: ProductStates,
  input: Input,
  decision: Decision,
  moment: Moment,
): { states: ProductStates; decision: Decision } {
  const known = (touchpoint: TouchpointConfig, atMs: number): Circumstances =>
    circumstancesAt(states.context, touchpoint, atMs, moment);
  const surveys = stepSurveys(settings, states.surveys, input, decision, moment);
  const activity = stepActivity(settings, states.activity, input, surveys.decision, known, moment);
  // Context and windows say more of the presses and answers that those before them made.
  const taken = (touchpoint: string, staff: string): boolean =>
    badgeSays(settings, states.alerts, touchpoint, staff, moment.ms) !== undefined;
  const context = stepContext(settings, states.context, input, activity.decision, taken, moment);
  const service = stepService(settings, states.service, input, context.decision, known, moment);
  const fairPlay = stepFairPlay(settings, states.fairPlay, input, service.decision, moment);
  // After fair play: presses that it speaks against raise nothing.
  const alerts = stepAlerts(settings, states.alerts, input, fairPlay.decision, moment);
  const coverage = stepCoverage(settings.touchpoints, states.coverage, input, alerts.decision, moment);
  const footfall = stepFootfall(settings, states.footfall, input, coverage.decision, moment);
  // After footfall, which knows staff: their faces are left out.
  const mood = stepMood(settings, states.mood, input, footfall.state, footfall.decision, moment);
  const ratingMood = stepRatingMood(settings, states.ratingMood, input, mood.state.felt, mood.decision, moment);
  const presence = stepPresence(settings.touchpoints, states.presence, input, ratingMood.decision, moment);
  const pauses = stepPauses(settings, states.pauses, input, presence.decision, moment);
  const next: ProductStates = {
    surveys: surveys.state,
    activity: activity.state,
    context: context.state,
    service: service.state,
    fairPlay: fairPlay.state,
    alerts: alerts.state,
    coverage: coverage.state,
    footfall: footfall.state,
    mood: mood.state,
    ratingMood: ratingMood.state,
    presence: presence.state,
    pauses: pauses.state,
  };
  return {
    states: isSame(states, next) ? states : next,
    decision: stepCallbacks(settings, input, pauses.decision, moment),
  };
}

function isSame(a: ProductStates, b: ProductStates): boolean {
  return Object.entries(a).every(([name, state]) => b[name as keyof ProductStates] === state);
}
