// The products on the engine, in their order: each sees every input and what was decided of it so far.
import type { Input } from "../words/inputs.ts";
import type { Decision, Moment } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { type SurveysState, startSurveys, stepSurveys } from "./surveys.ts";

/** The state of each product, by its name. */
export interface ProductStates {
  readonly surveys: SurveysState;
}

/** States after a start, with what the journal kept. */
export function startProducts(
  settings: EngineSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { states: ProductStates; decision: Decision } {
  const surveys = startSurveys(settings, kept, moment);
  return { states: { surveys: surveys.state }, decision: surveys.decision };
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
  const same = surveys.state === states.surveys;
  return { states: same ? states : { ...states, surveys: surveys.state }, decision: surveys.decision };
}
