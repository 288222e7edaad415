// The command `survey.start`: a caller begins a questionnaire at a touchpoint.
import type { Fault } from "../words/errors.ts";
import type { SurveyInput } from "../words/inputs.ts";
import { commandOf } from "./command-of.ts";
import type { Command } from "./commanding.ts";

/**
 * @param begin hands an input to the touchpoints and says, once it is on disk, what of it was refused
 * @param nowMs boottime, milliseconds
 */
export function surveyStartCommand(
  begin: (input: SurveyInput) => Promise<readonly Fault[]>,
  nowMs: () => number,
): Command {
  // One that begins late ends by its own time limit.
  return commandOf("survey.start", { needsClock: false }, async ({ touchpoint, survey, language }) => {
    const [refused] = await begin({
      kind: "survey",
      action: "start",
      touchpoint,
      ...(survey === undefined ? {} : { survey }),
      ...(language === undefined ? {} : { language }),
      atMs: nowMs(),
    });
    if (refused === undefined) return { ok: true, touchpoint };
    const busy = refused.code === "SURVEY_REFUSED";
    return { ok: false, reason: busy ? "busy" : "invalid", message: refused.message };
  });
}
