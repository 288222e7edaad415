// Counts of a period with its presses judged by other rules than those that judged them live.

import { type Told, type TouchpointTally, tally } from "../metrics/tally.ts";
import type { Span } from "../touchpoint/calendar.ts";
import { type FairPlayRules, judge, type Place } from "../touchpoint/fair-play.ts";
import type { Totals } from "./totals.ts";
import { COUNTED } from "./view.ts";

/** What judging needs beside what is counted. */
const SEEN = ["presence", "health"];
/** What happened so long before the period may still judge its first presses, and after it its last, milliseconds. */
const AROUND_MS = 3_600_000;

/**
 * The same counts as live, but for what was judged.
 * @param touchpoints as they are configured now
 */
export function judgedAnew(
  totals: Totals,
  { period, shift }: { readonly period: Span; readonly shift?: string },
  policy: FairPlayRules,
  touchpoints: readonly Place[],
  timezone: string,
): TouchpointTally[] {
  const around = { fromMs: period.fromMs - AROUND_MS, toMs: period.toMs + AROUND_MS };
  const events = [...totals.events(around, [...COUNTED, ...SEEN])];
  const judgements = judge(events, policy, touchpoints).map(
    ({ touchpoint, ...data }, at): Told => ({
      id: `judged-anew-${at}`,
      type: "judgement",
      time: new Date(0).toISOString(),
      touchpoint,
      data,
    }),
  );
  const open = shift === undefined ? totals.open(period.toMs) : [];
  return tally([...events, ...judgements], { period, timezone, ...(shift === undefined ? {} : { shift }) }).map(
    (place) => ({
      ...place,
      open: open.filter(({ touchpoint }) => touchpoint === place.touchpoint).map(({ data }) => data),
    }),
  );
}
