// A call-back contact becomes an event of its own, with nothing beside it that says who was there. Pure.
import { Fault } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";
import { both, type Decision, type Moment, NOTHING, utc } from "./decision.ts";
import type { EngineSettings } from "./engine.ts";

/** One step; it keeps no state. @param decision what was decided of the input so far */
export function stepCallbacks(settings: EngineSettings, input: Input, decision: Decision, moment: Moment): Decision {
  if (input.kind !== "callback") return decision;
  const { touchpoint, sealed, key, keepMs, follows, alert, atMs } = input;
  if (!settings.touchpoints.some(({ id }) => id === touchpoint))
    return both(decision, { ...NOTHING, dropped: [new Fault("TOUCHPOINT_UNKNOWN", "there is no such touchpoint")] });
  const fact: Fact = {
    type: "callback",
    id: moment.newId(moment.unixMs),
    touchpoint,
    atMs,
    data: {
      key,
      sealed,
      expires: utc(moment, atMs + keepMs),
      ...(follows === undefined ? {} : { follows }),
      ...(alert === undefined ? {} : { alert }),
    },
  };
  return both(decision, { ...NOTHING, facts: [fact] });
}
