// The products on the engine, in their order: each sees every input and what was decided of it so far.
import type { Input } from "../words/inputs.ts";
import { type Decision, type Moment, NOTHING } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";

/** The state of each product, by its name. */
export type ProductStates = Readonly<Record<never, never>>;

/** States after a start, with what the journal kept. */
export function startProducts(
  _settings: EngineSettings,
  _kept: Readonly<Record<string, unknown>>,
  _moment: Moment,
): { states: ProductStates; decision: Decision } {
  return { states: {}, decision: NOTHING };
}

/**
 * One step of every product.
 * @param decision what presses and contacts decided; the products add to it, and may say more of a press
 */
export function stepProducts(
  _settings: EngineSettings,
  states: ProductStates,
  _input: Input,
  decision: Decision,
  _moment: Moment,
): { states: ProductStates; decision: Decision } {
  return { states, decision };
}
