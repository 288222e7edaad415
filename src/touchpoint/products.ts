// The products on the engine, in their order: each sees every input and what was decided of it so far.
import type { Input } from "../words/inputs.ts";
import type { AlertState } from "./alert-state.ts";
import { startAlerts, stepAlerts } from "./alerts.ts";
import { both, type Decision, type Moment } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { type LiveFairPlay, startFairPlay, stepFairPlay } from "./fair-play-live.ts";
import { type SurveysState, startSurveys, stepSurveys } from "./surveys.ts";

/** The state of each product, by its name. */
export interface ProductStates {
  readonly surveys: SurveysState;
  readonly fairPlay: LiveFairPlay;
  readonly alerts: AlertState;
}

/** States after a start, with what the journal kept. */
export function startProducts(
  settings: EngineSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { states: ProductStates; decision: Decision } {
  const surveys = startSurveys(settings, kept, moment);
  const fairPlay = startFairPlay(kept, moment);
  const alerts = startAlerts(settings, kept, moment);
  return {
    states: { surveys: surveys.state, fairPlay: fairPlay.state, alerts: alerts.state },
    decision: both(both(surveys.decision, fairPlay.decision), alerts.decision),
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
  const surveys = stepSurveys(settings, states.surveys, input, decision, moment);
  const fairPlay = stepFairPlay(settings, states.fairPlay, input, surveys.decision, moment);
  // After fair play: presses that it speaks against raise nothing.
  const alerts = stepAlerts(settings, states.alerts, input, fairPlay.decision, moment);
  const next = { surveys: surveys.state, fairPlay: fairPlay.state, alerts: alerts.state };
  return { states: isSame(states, next) ? states : next, decision: alerts.decision };
}

function isSame(a: ProductStates, b: ProductStates): boolean {
  return Object.entries(a).every(([name, state]) => b[name as keyof ProductStates] === state);
}
