// Which rollups are to be told: those of windows that are over, and have become another than what was told of them.
import type { Database } from "../journal/sqlite.ts";
import { type Counts, emptyCounts } from "../metrics/counts.ts";
import { type RollupContent, type RollupRules, rollupsOf, type WindowPlace } from "../metrics/rollups.ts";
import { merge } from "../metrics/tree.ts";
import { type Calendar, quarterOf } from "../touchpoint/calendar.ts";
import type { RollupData, RollupWindow } from "../words/rollups.ts";
import { contentOf } from "./content.ts";
import type { View } from "./view.ts";

/** So long after its end a window is told: episodes in it are told by then, milliseconds. */
const SETTLE_MS = 120_000;
/** Windows that ended earlier are not told any more, milliseconds: a journal of years would be told all at once. */
const LATEST_MS = 7 * 86_400_000;
/** Rollups of one pass. */
const MOST = 500;

export interface RollupSettings extends RollupRules {
  readonly windows: readonly RollupWindow[];
}

/** A rollup that is to be told. */
export interface Proposal {
  readonly touchpoint: string;
  readonly data: RollupData;
}

interface Due {
  readonly window: RollupWindow;
  readonly startMs: number;
  readonly touchpoint: string;
  readonly shift: string;
}

/**
 * What is to be told now. A proposal that is written to the journal is read back from there with the next pass; until then
 * it is proposed again, by the same `rev`, unless `pending` knows it.
 * @param pending key → content of what was proposed and not read back yet
 */
export function propose(
  db: Database,
  view: View,
  settings: RollupSettings,
  nowMs: number,
  pending: Map<string, string>,
): Proposal[] {
  const proposals: Proposal[] = [];
  const published = db.prepare("SELECT rev, content FROM published WHERE key = ?");
  const done = db.prepare("DELETE FROM due WHERE window = ? AND startMs = ? AND touchpoint = ? AND shift = ?");
  const dues = db.prepare("SELECT * FROM due ORDER BY startMs, window, touchpoint, shift").all() as Due[];
  for (const due of dues) {
    if (proposals.length >= MOST) break;
    const drop = (): unknown => done.run(due.window, due.startMs, due.touchpoint, due.shift);
    const place = settings.windows.includes(due.window) ? placeOf(db, view.calendar, due) : "never";
    if (place === "later") continue;
    if (place === "never" || place.toMs < nowMs - LATEST_MS) {
      drop();
      continue;
    }
    if (place.toMs + SETTLE_MS > nowMs) continue;
    let told = true;
    for (const content of withdrawn(db, rollupsOf(countsOf(db, view, place), place, settings), place)) {
      const text = contentOf(content);
      const before = published.get(content.key) as { rev: number; content: string } | undefined;
      if (before?.content === text) {
        pending.delete(content.key);
        continue;
      }
      told = false;
      if (pending.get(content.key) === text) continue;
      pending.set(content.key, text);
      const { key, ...rest } = content;
      proposals.push({ touchpoint: due.touchpoint, data: { key, rev: (before?.rev ?? 0) + 1, ...rest } });
    }
    if (told) drop();
  }
  return proposals;
}

/** What was told of the window and is no longer so is told with n = 0: a consumer keeps the highest `rev`. */
function withdrawn(db: Database, contents: readonly RollupContent[], place: WindowPlace): RollupContent[] {
  const start = place.shift ?? new Date(place.fromMs).toISOString();
  const prefix = [place.window, start, place.touchpoint, ""].join(" ");
  const rows = db
    .prepare("SELECT key, content FROM published WHERE substr(key, 1, length(@prefix)) = @prefix AND key >= @prefix")
    .all({ prefix }) as { key: string; content: string }[];
  const gone = rows.filter(({ key }) => contents.every((content) => content.key !== key));
  return [...contents, ...gone.map(({ content }) => nothingOf(JSON.parse(content) as RollupContent))];
}

function nothingOf(content: RollupContent): RollupContent {
  const { histogram, sum, sumSquares, ...rest } = content;
  return {
    ...rest,
    ...(histogram === undefined ? {} : { histogram: {} }),
    ...(sum === undefined ? {} : { sum: 0 }),
    ...(sumSquares === undefined ? {} : { sumSquares: 0 }),
    n: 0,
    numerator: 0,
    denominator: 0,
    value: null,
    interval: null,
  };
}

function placeOf(db: Database, calendar: Calendar, due: Due): WindowPlace | "later" | "never" {
  const { window, touchpoint, startMs } = due;
  if (window !== "shift") {
    const date = calendar.dateOf(startMs);
    const span =
      window === "15m" ? quarterOf(startMs) : window === "hour" ? calendar.hourOf(startMs) : calendar.dayOf(date);
    return { window, date, touchpoint, ...span };
  }
  const shift = db
    .prepare("SELECT staff, startMs, endMs FROM shifts WHERE shift = ? AND touchpoint = ?")
    .get(due.shift, touchpoint) as { staff: string; startMs: number; endMs: number | null } | undefined;
  // Somebody named a shift that nobody began: there is no window to tell of.
  if (shift === undefined) return "never";
  if (shift.endMs === null) return "later";
  return {
    window,
    touchpoint,
    date: calendar.dateOf(shift.startMs),
    fromMs: shift.startMs,
    toMs: Math.max(shift.endMs, shift.startMs),
    shift: due.shift,
    staff: shift.staff,
  };
}

function countsOf(db: Database, view: View, { window, fromMs, toMs, touchpoint, shift }: WindowPlace): Counts {
  if (window !== "shift") return view.quarters({ fromMs, toMs }, touchpoint);
  const sum = emptyCounts();
  const rows = db
    .prepare("SELECT counts FROM shiftCounts WHERE shift = ? AND touchpoint = ? ORDER BY date, stream, staff")
    .pluck()
    .all(shift, touchpoint) as string[];
  for (const text of rows) merge(sum, JSON.parse(text) as Counts);
  return sum;
}
