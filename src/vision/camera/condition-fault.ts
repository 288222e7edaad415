// What is said of a camera that sees badly.
import { Fault, type FaultCode } from "../../words/errors.ts";
import type { Condition } from "./sight.ts";

const SAID: Readonly<Record<Condition, { readonly code: FaultCode; readonly sentence: string }>> = {
  dark: { code: "CAMERA_DARK", sentence: "the picture is dark" },
  covered: { code: "CAMERA_COVERED", sentence: "the picture shows nothing but one surface" },
  frozen: { code: "CAMERA_FROZEN", sentence: "the same picture comes again and again" },
  moved: { code: "CAMERA_MOVED", sentence: "the camera looks elsewhere than it did" },
  blurred: { code: "CAMERA_BLURRED", sentence: "the picture is out of focus" },
  slow: { code: "CAMERA_SLOW", sentence: "fewer than half of the frames asked for come" },
};

/** The fault of these conditions, under the code of the gravest; undefined where there is none. */
export function conditionFault(conditions: readonly Condition[]): Fault | undefined {
  const [gravest] = conditions;
  if (gravest === undefined) return undefined;
  return new Fault(SAID[gravest].code, conditions.map((condition) => SAID[condition].sentence).join("; "));
}
