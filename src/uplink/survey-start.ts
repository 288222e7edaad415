// The command `survey.start`: a caller begins a questionnaire at a touchpoint.
import { z } from "zod";
import type { Fault } from "../words/errors.ts";
import type { SurveyInput } from "../words/inputs.ts";
import type { Command, Outcome } from "./commanding.ts";

const SurveyStart = z.looseObject({
  touchpoint: z.string().min(1).max(48),
  survey: z.string().min(1).max(48).optional().describe("id of the questionnaire; absent: the touchpoint's own"),
  language: z.string().min(2).max(16).optional().describe("a language it does not have is its first one"),
});

/**
 * @param begin hands an input to the touchpoints and says, once it is on disk, what of it was refused
 * @param nowMs boottime, milliseconds
 */
export function surveyStartCommand(
  begin: (input: SurveyInput) => Promise<readonly Fault[]>,
  nowMs: () => number,
): Command {
  return {
    // One that begins late ends by its own time limit.
    needsClock: false,
    async run(body): Promise<Outcome> {
      const asked = SurveyStart.safeParse(body);
      if (!asked.success) return { ok: false, reason: "invalid", message: z.prettifyError(asked.error) };
      const { touchpoint, survey, language } = asked.data;
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
    },
  };
}
