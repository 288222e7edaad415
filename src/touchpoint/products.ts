// The products on the engine, in their order: each sees every input and what was decided of it so far.
import type { TouchpointConfig } from "../config/schema.ts";
import type { Input } from "../words/inputs.ts";
import { type ActivityState, startActivity, stepActivity } from "./activity.ts";
import { type Circumstances, type ContextState, circumstancesAt, startContext, stepContext } from "./context.ts";
import type { Decision, Moment } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";
import { type ServiceState, startService, stepService } from "./service.ts";

/** The state of each product, by its name. */
export interface ProductStates {
  readonly context: ContextState;
  readonly service: ServiceState;
  readonly activity: ActivityState;
}

/** States after a start, with what the journal kept. */
export function startProducts(
  settings: EngineSettings,
  kept: Readonly<Record<string, unknown>>,
  moment: Moment,
): { states: ProductStates; decision: Decision } {
  const service = startService(settings, kept, moment);
  return {
    states: { context: startContext(kept), service: service.state, activity: startActivity(kept) },
    decision: service.decision,
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
  // Context and windows say more of the facts that the others made, so they come last.
  const known = (touchpoint: TouchpointConfig, atMs: number): Circumstances =>
    circumstancesAt(states.context, touchpoint, atMs, moment);
  const activity = stepActivity(settings, states.activity, input, decision, known, moment);
  const context = stepContext(settings, states.context, input, activity.decision, moment);
  const service = stepService(settings, states.service, input, context.decision, known, moment);
  const same =
    activity.state === states.activity && context.state === states.context && service.state === states.service;
  return {
    states: same ? states : { activity: activity.state, context: context.state, service: service.state },
    decision: service.decision,
  };
}
