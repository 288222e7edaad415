// The emotional background and the smile index of a period, from mood intervals: never of a person, shift or sale. Pure.
import type { EventData } from "../words/events.ts";
import type { Figure } from "./scales.ts";
import { addGroup, NOTHING_WEIGHTED, type WeightedSum, weightedFigure } from "./weighted.ts";

export interface Background {
  /** Intervals that told figures, and those that were suppressed because fewer than k people came. */
  readonly told: { intervals: number; ms: number; people: number };
  readonly suppressed: { intervals: number; ms: number };
  readonly valence: WeightedSum;
  readonly smile: WeightedSum;
}

export function emptyBackground(): Background {
  return {
    told: { intervals: 0, ms: 0, people: 0 },
    suppressed: { intervals: 0, ms: 0 },
    valence: { ...NOTHING_WEIGHTED },
    smile: { ...NOTHING_WEIGHTED },
  };
}

/** Counts one interval. Each person weighs the same, so that it matters little how a period is cut into intervals. */
export function countMood(into: Background, mood: EventData["mood"]): void {
  const ms = mood.coveredMs ?? Math.max(0, Date.parse(mood.end) - Date.parse(mood.start));
  // Without valence only age and sex were read: nothing is known of this background.
  if (mood.suppressed || mood.people === 0 || mood.valence === undefined) {
    into.suppressed.intervals += 1;
    into.suppressed.ms += ms;
    return;
  }
  into.told.intervals += 1;
  into.told.ms += ms;
  into.told.people += mood.people;
  addGroup(into.valence, mood.valence, mood.people);
  if (mood.smile !== undefined) addGroup(into.smile, mood.smile, mood.people);
}

/**
 * `emotional-background`, −1 to 1: mean valence of the people read; `smile-index`, 0 to 1: their mean probability of
 * happiness. Both are ours. `n` is people; one who came back counts again. The interval takes the mood intervals as the
 * groups, because people of one time and place share light and events.
 */
export function backgroundFigures(background: Background): Figure[] {
  const { people } = background.told;
  return [
    weightedFigure("emotional-background", people, background.valence, -1, 1),
    weightedFigure("smile-index", people, background.smile, 0, 1),
    covered(background),
  ];
}

/** Share of the covered time of all mood intervals of which figures were told; what no camera saw is in neither. */
function covered({ told, suppressed }: Background): Figure {
  const all = told.ms + suppressed.ms;
  return {
    metric: "background-coverage",
    n: told.intervals + suppressed.intervals,
    numerator: told.ms / 60_000,
    denominator: all / 60_000,
    value: all === 0 ? null : told.ms / all,
    interval: null,
  };
}
