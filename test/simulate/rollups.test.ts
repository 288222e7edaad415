// A simulated day as a central server sees it: the rollups that were told, hour by hour, are what the generator knows.
import { expect, test } from "vitest";
import { type Proposal, propose } from "../../src/rollups/publish.ts";
import { openTables } from "../../src/rollups/tables.ts";
import { View } from "../../src/rollups/view.ts";
import { liveDay } from "../../src/simulate/live.ts";
import { planDay } from "../../src/simulate/plan.ts";
import { shop, TILLS, TIMEZONE } from "../../src/simulate/shop.ts";
import { Calendar } from "../../src/touchpoint/calendar.ts";
import type { RollupData } from "../../src/words/rollups.ts";
import { History, said } from "../rollups/history.ts";

const PASS_MS = 600_000;

test.each([
  { seed: 11, date: "2026-11-24", customers: 800 },
  { seed: 12, date: "2026-10-25", customers: 300 },
])("seed $seed of $date: told as the day goes on, with its late words and its wrong clock", (options) => {
  const plan = planDay(options);
  const history = new History();
  const db = openTables(":memory:", TIMEZONE);
  const view = new View(db, TIMEZONE);
  const settings = { windows: ["15m", "hour", "day", "shift"], leastPerShift: 5, questionnaires: [] } as const;
  const pending = new Map<string, string>();
  let told = 0;
  const pass = (nowMs: number): void => {
    view.catchUp(history);
    const write = ({ touchpoint, data }: Proposal) => said("rollup", nowMs, data, { touchpoint });
    const proposals = propose(db, view, settings, nowMs, pending);
    history.push(...proposals.map(write));
    told += proposals.length;
  };
  let passedMs = plan.day.fromMs;
  for (const { events } of liveDay(plan, shop())) {
    history.push(...events);
    const nowMs = plan.bootUnixMs + Math.max(0, ...events.map(({ mono }) => mono));
    for (; passedMs + PASS_MS < nowMs; passedMs += PASS_MS) pass(passedMs + PASS_MS);
  }
  expect(told, "most of it was told while the day went on").toBeGreaterThan(100);
  const end = plan.day.toMs + 86_400_000;
  do {
    told = 0;
    pass(end);
  } while (told > 0);

  /** Window and touchpoint → the last word on the rating question. */
  const last = new Map<string, RollupData>();
  for (const { event } of history.rows)
    if (event.type === "rollup") last.set(String(event.data.key), event.data as RollupData);
  const calendar = new Calendar(TIMEZONE);
  for (const till of TILLS) {
    const truth: Record<string, Record<number, number>> = {};
    for (const { value, unixMs } of plan.truth[till].ratings) {
      const hour = new Date(calendar.hourOf(unixMs).fromMs).toISOString();
      truth[hour] = { ...truth[hour], [value]: (truth[hour]?.[value] ?? 0) + 1 };
    }
    const hours = [...last.values()].filter(
      ({ window, key, metric, n }) =>
        window === "hour" && key.split(" ")[2] === till && metric === "csat-top-box" && n > 0,
    );
    expect(Object.fromEntries(hours.map(({ start, histogram }) => [start, histogram]))).toEqual(truth);
    const day = [...last.values()].filter(
      ({ window, key, metric, date }) =>
        window === "day" && date === options.date && key.split(" ")[2] === till && metric === "csat-top-box",
    );
    expect(day.map(({ n }) => n)).toEqual([plan.truth[till].ratings.length]);
  }
});
