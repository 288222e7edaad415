// Whether a press meets a rule: over that press and the ratings before it. Pure arithmetic, no state of its own.
import type { AlertRule } from "../config/alerts.ts";
import type { EventData } from "../words/events.ts";
import type { Rating } from "./alert-state.ts";

/** How far back a rule looks at ratings, milliseconds; 0 where it looks at one press only. */
export function lookBackMs(rule: AlertRule): number {
  return "withinS" in rule ? rule.withinS * 1000 : 0;
}

/**
 * The sentence of what was met, or undefined.
 * @param ratings those that count for the rule now, this press's own among them
 */
export function metBy(rule: AlertRule, press: EventData["press"], ratings: readonly Rating[]): string | undefined {
  switch (rule.kind) {
    case "rating":
      return press.value !== null && press.value <= rule.atOrBelow
        ? `rated ${press.value} on ${press.min} to ${press.max}`
        : undefined;
    case "reason":
      return rule.buttons.includes(press.button) ? `"${press.button}" was pressed` : undefined;
    case "bad-count": {
      if (press.value === null || press.value > rule.atOrBelow) return undefined;
      const bad = badOf(ratings, rule.atOrBelow);
      return bad >= rule.n ? `${bad} ratings of ${rule.atOrBelow} or less within ${rule.withinS} s` : undefined;
    }
    case "mean": {
      if (press.value === null || ratings.length < rule.n) return undefined;
      const mean = ratings.reduce((sum, { value }) => sum + value, 0) / ratings.length;
      return mean < rule.below
        ? `mean rating ${rounded(mean)} of ${ratings.length} within ${rule.withinS} s, below ${rule.below}`
        : undefined;
    }
    case "bad-share": {
      if (press.value === null || ratings.length < rule.n) return undefined;
      const bad = badOf(ratings, rule.atOrBelow);
      return bad / ratings.length > rule.above
        ? `${bad} of ${ratings.length} ratings within ${rule.withinS} s are ${rule.atOrBelow} or less`
        : undefined;
    }
    // These rest on what does not happen, or on devices.
    case "silence":
    case "stuck":
    case "camera":
      return undefined;
    default:
      return rule satisfies never;
  }
}

function badOf(ratings: readonly Rating[], atOrBelow: number): number {
  return ratings.filter(({ value }) => value <= atOrBelow).length;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
