// A button that is held down or bounces is a stage of its own in health: its pad works, that button does not.
import type { Health } from "../health/health.ts";
import { Fault } from "../words/errors.ts";
import type { ButtonCondition } from "../words/inputs.ts";

/** Reports a button's condition as stage `button:{pad}/{button}`. */
export function reportCondition(input: ButtonCondition, health: Pick<Health, "stage">): void {
  const report = health.stage(`button:${input.pad}/${input.button}`);
  const fault = faultOf(input);
  if (fault === undefined) report("ok");
  else report("degraded", fault);
}

function faultOf({ pad, button, condition }: ButtonCondition): Fault | undefined {
  switch (condition) {
    case "ok":
      return undefined;
    case "stuck":
      return new Fault("BUTTON_STUCK", `button ${button} of pad ${pad} has been held down too long`);
    case "chatter":
      return new Fault("BUTTON_CHATTER", `button ${button} of pad ${pad} bounces without end`);
    default:
      return condition satisfies never;
  }
}
