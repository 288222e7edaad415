// Ordinary customers: they come one after another, more of them at noon and after work, and in a bad mood once.

import type { Script } from "./script.ts";
import { CLOSES, OPENS, TILLS, type Till } from "./shop.ts";
import { anybody, visit } from "./visit.ts";

/** Nobody is at a till for so long between two customers: longer than grace and dwell, so that each is an episode of their own. */
export const GAP_MS = 5_000;
const STAY_MS = [9_000, 14_000] as const;
const MEAN_CYCLE_MS = GAP_MS + (STAY_MS[0] + STAY_MS[1]) / 2;
/** From, to, how busy. */
const BUSY = [
  ["08:00", "10:00", 0.5],
  ["12:00", "13:00", 2],
  ["17:00", "18:30", 2.2],
] as const;
const ANGRY_AT: Till = "till-2";
export const ANGRY = ["17:00", "17:40"] as const;

/** Fills what is left of the opening hours. The last ones have left two minutes before the doors close. */
export function comeAndGo(script: Script): void {
  const opensMs = script.at(OPENS);
  const closesMs = script.at(CLOSES, -120);
  const cycleMs = (closesMs - opensMs) / (script.options.customers / TILLS.length);
  const busy = BUSY.map(([from, to, weight]) => ({ fromMs: script.at(from), toMs: script.at(to), weight }));
  const spans = busy.reduce(
    (sum, { fromMs, toMs, weight }) => sum + (toMs - fromMs) * (weight - 1),
    closesMs - opensMs,
  );
  const mean = spans / (closesMs - opensMs);
  for (const till of TILLS) {
    const reserved = [...script.reserved[till]].sort((a, b) => a.fromMs - b.fromMs);
    let freeMs = opensMs;
    for (;;) {
      const weight = (busy.find(({ fromMs, toMs }) => fromMs <= freeMs && freeMs < toMs)?.weight ?? 1) / mean;
      const waitMs = Math.max(0, cycleMs / weight - MEAN_CYCLE_MS) * -Math.log(1 - script.random());
      const fromMs = Math.ceil(freeMs + GAP_MS + waitMs);
      const toMs = fromMs + script.whole(...STAY_MS);
      const taken = reserved.find((one) => fromMs < one.toMs && toMs + GAP_MS > one.fromMs);
      if (taken !== undefined) {
        freeMs = taken.toMs;
        continue;
      }
      if (toMs > closesMs) break;
      const angry = till === ANGRY_AT && fromMs >= script.at(ANGRY[0]) && fromMs < script.at(ANGRY[1]);
      visit(script, till, { fromMs, toMs }, anybody(script, till, angry));
      freeMs = toMs;
    }
  }
}
