// Which fleet settings touch privacy, and in which direction the central server may move them: narrower, never wider.
import { isDeepStrictEqual } from "node:util";
import type { Config } from "./schema.ts";

type Fleet = Config["fleet"];

/**
 * - `rise`, `fall`: as much as in the device's own file, or more, or less.
 * - `subset`: only entries that the file has too, with the same value.
 * - `superset`: every entry of the file, and others.
 * - `same-or-none`: as in the file, or empty.
 */
export type Direction = "rise" | "fall" | "subset" | "superset" | "same-or-none";

/** Path → direction. `[]` stands for each touchpoint; it is held against that of the same id, a new one against all. */
export const NARROWED: Readonly<Record<string, Direction>> = {
  "mood.k": "rise",
  "rollups.leastPerShift": "rise",
  // People are followed no longer than they are in view.
  "tracking.bridgeMs": "fall",
  "touchpoints[].context.customerBeforeS": "fall",
  // A customer's number read as that of a sale would leave as it is. It also keeps regular expressions of others out.
  "touchpoints[].context.scans": "same-or-none",
  // A badge without a label is told by its keyed hash only.
  "touchpoints[].context.badges": "subset",
  // Who stays there is staff, whose faces are never read.
  "touchpoints[].staffZones": "superset",
};

/** Every other field, below its parent: a new one has to be judged, and be put here or above; a test sees to it. */
export const HARMLESS: Readonly<Record<string, string>> = {
  "": "openingHours surveys touchpoints",
  mood: "intervalS",
  rollups: "windows",
  tracking: "highScore lowScore",
  "openingHours[]": "days from to",
  "touchpoints[]": "id pads survey readers resetAt",
  "touchpoints[].question": "id version text min max buttons",
  "touchpoints[].question.followUp": "timeoutS languages",
  "touchpoints[].question.followUp.bad": "at",
  "touchpoints[].question.followUp.bad.ask":
    "kind id version text next group quotaPerDay buttons min max look low high weight most maxLength",
  "touchpoints[].question.followUp.bad.ask.branch[]": "from to option next",
  "touchpoints[].question.followUp.bad.ask.options[]": "id text",
  "touchpoints[].question.followUp.good": "at",
  "touchpoints[].question.followUp.good.ask":
    "kind id version text next group quotaPerDay buttons min max look low high weight most maxLength",
  "touchpoints[].question.followUp.good.ask.branch[]": "from to option next",
  "touchpoints[].question.followUp.good.ask.options[]": "id text",
  "touchpoints[].zone": "camera polygon by anchor minScore steadyMs dwellMs graceMs preMs postMs",
  "touchpoints[].openingHours[]": "days from to",
  "touchpoints[].context": "transactionBeforeS shiftLimitH",
  "touchpoints[].context.schedule[]": "staff days from to",
  "touchpoints[].context.campaigns[]": "label from to",
  "touchpoints[].service": "onDemand timeoutS",
  "touchpoints[].activity": "buttons limitS",
  "touchpoints[].lines[]": "id camera from to in band by anchor staff",
  "touchpoints[].presence": "enterMs leaveMs",
  "touchpoints[].queue": "camera polygon service by anchor minScore passMs toServiceMs intervalS",
  "surveys[]": "id version template languages timeoutS rotate quotaPerDay buttons",
  "surveys[].questions[]":
    "kind id version text next group quotaPerDay buttons min max look low high weight most maxLength",
  "surveys[].questions[].branch[]": "from to option next",
  "surveys[].questions[].options[]": "id text",
  "surveys[].importance": "tangibles reliability responsiveness assurance empathy",
  alerts: "badges lamps",
  "alerts.rules[]":
    "kind id touchpoints escalateAfterS resolveWithinS cooldownS atOrBelow buttons n withinS below above afterS",
  "alerts.staffButtons[]": "pad button action cause",
  fairPlay: "name version repeatMs unattended aroundMs",
  "fairPlay.sweep": "buttons withinMs",
  "fairPlay.machineGun": "presses withinMs",
  "fairPlay.burst": "presses withinMs",
};

const SENTENCE: Readonly<Record<Direction, string>> = {
  rise: "may not be less than in the device's own file",
  fall: "may not be more than in the device's own file",
  subset: "may only have entries of the device's own file",
  superset: "must have every entry of the device's own file",
  "same-or-none": "may only be as in the device's own file, or empty",
};

/** Every place where `wanted` would reach further than `own`, the device's own file. Path below `fleet` → sentence. */
export function widened(own: Fleet, wanted: Fleet): { readonly path: string; readonly message: string }[] {
  return Object.entries(NARROWED).flatMap(([path, direction]) =>
    pairs(path, own, wanted)
      .filter(({ ceiling, value }) => !isNarrower(direction, ceiling, value))
      .map(({ at }) => ({ path: at, message: `${SENTENCE[direction]}: privacy may only be narrowed from afar` })),
  );
}

interface Pair {
  readonly at: string;
  readonly ceiling: unknown;
  readonly value: unknown;
}

function pairs(path: string, own: Fleet, wanted: Fleet): Pair[] {
  const [list, inner] = path.split("[].");
  if (inner === undefined) return [{ at: path, ceiling: valueAt(own, path), value: valueAt(wanted, path) }];
  if (list !== "touchpoints") throw new Error(`no ids to compare by in ${path}`);
  return wanted.touchpoints.flatMap((touchpoint, i) => {
    const same = own.touchpoints.filter(({ id }) => id === touchpoint.id);
    return (same.length > 0 ? same : own.touchpoints).map((one) => ({
      at: `touchpoints[${i}].${inner}`,
      ceiling: valueAt(one, inner),
      value: valueAt(touchpoint, inner),
    }));
  });
}

function valueAt(root: object, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), root);
}

function isNarrower(direction: Direction, ceiling: unknown, value: unknown): boolean {
  switch (direction) {
    case "rise":
      return Number(value) >= Number(ceiling);
    case "fall":
      return Number(value) <= Number(ceiling);
    case "subset":
      return (
        isObject(ceiling) && isObject(value) && Object.entries(value).every(([name, one]) => ceiling[name] === one)
      );
    case "superset":
      return (
        Array.isArray(ceiling) &&
        Array.isArray(value) &&
        ceiling.every((one) => value.some((other) => isDeepStrictEqual(one, other)))
      );
    case "same-or-none":
      return (Array.isArray(value) && value.length === 0) || isDeepStrictEqual(value, ceiling);
    default:
      return direction satisfies never;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
