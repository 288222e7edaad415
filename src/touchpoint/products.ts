// The products on the engine, in their order: each sees every input and what was decided of it so far.
import type { Input } from "../words/inputs.ts";
import type { AlertState } from "./alert-state.ts";
import { startAlerts, stepAlerts } from "./alerts.ts";
import { both, type Decision, type Moment } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { type LiveFairPlay, startFairPlay, stepFairPlay } from "./fair-play-live.ts";

/** The state of each product, by its name. */
export interface ProductStates {
  readonly fairPlay: LiveFairPlay;
  readonly alerts: AlertState;
}

/** States after a start, with what the journal kept. */
export function startProducts(
  settings: EngineSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { states: ProductStates; decision: Decision } {
  const fairPlay = startFairPlay(kept, moment);
  const alerts = startAlerts(settings, kept, moment);
  return {
    states: { fairPlay: fairPlay.state, alerts: alerts.state },
    decision: both(fairPlay.decision, alerts.decision),
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
  const fairPlay = stepFairPlay(settings, states.fairPlay, input, decision, moment);
  // After fair play: presses that it speaks against raise nothing.
  const alerts = stepAlerts(settings, states.alerts, input, fairPlay.decision, moment);
  const same = fairPlay.state === states.fairPlay && alerts.state === states.alerts;
  return {
    states: same ? states : { fairPlay: fairPlay.state, alerts: alerts.state },
    decision: alerts.decision,
  };
}
