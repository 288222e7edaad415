// Counts kept up with the journal are what counting all anew gives, whatever comes late, twice, corrected or with a wrong clock.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import type { Database } from "../../src/journal/sqlite.ts";
import { type Counts, emptyCounts } from "../../src/metrics/counts.ts";
import { tally } from "../../src/metrics/tally.ts";
import { addText, countsText } from "../../src/rollups/content.ts";
import { type Proposal, propose } from "../../src/rollups/publish.ts";
import { openTables } from "../../src/rollups/tables.ts";
import { told, View } from "../../src/rollups/view.ts";
import type { Stamped } from "../../src/words/events.ts";
import type { RollupData } from "../../src/words/rollups.ts";
import { History, said } from "./history.ts";

const TIMEZONE = "Europe/Vilnius";
const SETTINGS = { windows: ["15m", "hour", "day", "shift"], leastPerShift: 2, questionnaires: [] } as const;
const HOUR_MS = 3_600_000;
/** Ten in the evening before the clock is set back in Vilnius. */
const START_MS = Date.parse("2026-10-24T19:00:00.000Z");

function openView(mostInMemory?: number): { db: Database; view: View; pending: Map<string, string> } {
  const db = openTables(":memory:", TIMEZONE);
  return { db, view: new View(db, TIMEZONE, mostInMemory), pending: new Map() };
}

type Day = { readonly date: string; readonly touchpoint: string; readonly counts: string };

/** The last digits of a sum hang on the order in which it is summed up: by quarter-hours, or all at once. */
function rounded(days: readonly Day[]): unknown {
  const round = (_name: string, part: unknown) => (typeof part === "number" ? Number(part.toPrecision(12)) : part);
  return days.map(({ counts, ...day }) => ({ ...day, counts: JSON.parse(counts, round) }));
}

/** Each day of each touchpoint, counted from the whole history at once, with no view. */
function countedAtOnce(history: History, view: View, dates: readonly string[]): Day[] {
  const events = [...told(history.events(), view.repairs)];
  return dates.flatMap((date) =>
    tally(events, { period: view.calendar.dayOf(date), timezone: TIMEZONE })
      .filter(({ events: n }) => n > 0)
      .map(({ touchpoint, open: _open, ...counts }) => ({ date, touchpoint, counts: countsText(counts) }))
      .sort((a, b) => (a.touchpoint < b.touchpoint ? -1 : 1)),
  );
}

/** What the view holds, but for how it came to it. */
function contents(db: Database): unknown {
  const all = (sql: string): unknown[] => db.prepare(sql).all();
  return {
    quarters: all("SELECT startMs, touchpoint, counts FROM quarters ORDER BY startMs, touchpoint"),
    days: all("SELECT date, touchpoint, counts FROM dayCounts ORDER BY date, touchpoint"),
    shifts: all(
      "SELECT date, touchpoint, shift, staff, counts FROM shiftCounts ORDER BY date, touchpoint, shift, staff",
    ),
    alerts: all("SELECT key, rev, data FROM alerts ORDER BY key"),
  };
}

function toldAt(history: History, { db, view, pending }: ReturnType<typeof openView>, nowMs: number): Proposal[] {
  view.catchUp(history);
  return propose(db, view, SETTINGS, nowMs, pending);
}

/** Rollups are journaled, read back, and told no more: until nothing is left to tell. */
function settle(history: History, open: ReturnType<typeof openView>, nowMs: number): void {
  for (;;) {
    const proposals = toldAt(history, open, nowMs);
    if (proposals.length === 0) return;
    for (const { touchpoint, data } of proposals) history.push(said("rollup", nowMs, data, { touchpoint }));
  }
}

/** The last word on every rollup, without what is the same everywhere. */
function lastWords(history: History): Map<string, Omit<RollupData, "rev">> {
  const last = new Map<string, RollupData>();
  for (const { event } of history.rows) {
    if (event.type !== "rollup") continue;
    const data = event.data as RollupData;
    const before = last.get(data.key);
    expect(data.rev, `rev of ${data.key} rises by one`).toBe((before?.rev ?? 0) + 1);
    last.set(data.key, data);
  }
  return new Map([...last].filter(([, { n }]) => n > 0).map(([key, { rev: _rev, ...rest }]) => [key, rest]));
}

type Step = { readonly minutes: number; readonly kind: number; readonly a: number; readonly b: number };
const steps = fc.array(
  fc.record({
    minutes: fc.integer({ min: 0, max: 90 }),
    kind: fc.integer({ min: 0, max: 14 }),
    a: fc.nat(1000),
    b: fc.nat(1000),
  }),
  { minLength: 1, maxLength: 80 },
);

/** One more thing that happens, and may mean what happened before. */
function happen(history: History, { kind, a, b }: Step, nowMs: number): void {
  const touchpoint = a % 3 === 0 ? "exit" : "till";
  const responses = history.rows
    .filter(({ type }) => type === "press" || type === "answer")
    .map(({ event }) => event.id);
  const one = responses[Math.max(0, responses.length - 1 - (b % 5))];
  const presses = one === undefined ? [] : [one];
  const boot = b % 4 === 0 ? "old" : "new";
  const clock = boot === "old" ? "unsynced" : "synced";
  const who = a % 2 === 0 ? { shift: `s${b % 2}`, staff: `anna${b % 2}` } : {};
  const at = (event: Stamped): Stamped => ({ ...event, touchpoint, boot, clock, mono: a });
  // Some words come hours after what they tell of.
  const agoMs = b % 7 === 0 ? (a % 30) * HOUR_MS : 0;
  switch (kind) {
    case 0:
    case 1:
    case 2:
      history.push(
        at(
          said("press", nowMs - agoMs, {
            value: 1 + (a % 4),
            flags: b % 9 === 0 ? ["stuck"] : [],
            ...who,
            transaction: `${b % 3}`,
          }),
        ),
      );
      break;
    case 3:
      history.push(at(said("judgement", nowMs, { presses })));
      break;
    case 4:
      history.push(
        at(said("contact", nowMs, { outcome: "answered", presses, end: new Date(nowMs - agoMs).toISOString() })),
      );
      break;
    case 5:
      history.push(at(said("service", nowMs, { state: "closed", presses, ...who })));
      break;
    case 6:
      history.push(
        at(said("transaction", nowMs - agoMs, { transaction: `${b % 3}`, amount: (a % 100) / 4, items: 1, ...who })),
      );
      break;
    case 7:
      history.push(at(said("answer", nowMs, { value: a % 11, question: "recommend", ...who })));
      break;
    case 12:
      history.push(
        at(said("survey", nowMs, { answers: presses, outcome: b % 2 === 0 ? "finished" : "abandoned", ...who })),
      );
      break;
    case 13: {
      const follows = one === undefined ? {} : { follows: one };
      history.push(at(said("press", nowMs, { value: null, button: `why${a % 3}`, ...follows })));
      break;
    }
    case 14: {
      const [start, end] = [nowMs - 900_000, nowMs].map((ms) => new Date(ms).toISOString());
      const told = { suppressed: a % 2 === 0, valence: (b % 8) / 8, smile: (a % 8) / 8, people: 5 };
      history.push(at(said("mood", nowMs, { ...told, start: `${start}`, end: `${end}` })));
      break;
    }
    case 8: {
      const state = (["raised", "acknowledged", "resolved"] as const)[a % 3] ?? "raised";
      const raisedAt = new Date(START_MS + (b % 3) * HOUR_MS).toISOString();
      history.push(said("alert", nowMs, { key: `k${b % 3}`, rev: 1 + (a % 3), state, raisedAt, ageMs: a }));
      break;
    }
    case 9:
      history.push(
        said("shift", nowMs, {
          shift: `s${b % 2}`,
          staff: `anna${b % 2}`,
          start: new Date(START_MS).toISOString(),
          state: "ended",
          end: new Date(nowMs).toISOString(),
        }),
      );
      break;
    case 10:
      history.push(
        said(
          "clock",
          nowMs,
          { boot: "old", fromMono: 0, toMono: a, offsetMs: (b - 500) * 60_000, uncertaintyMs: 1, reason: "boot" },
          { boot: "new" },
        ),
      );
      break;
    default: {
      // The journal repairs what was not sent where it stands: all of that boot in one part.
      if (a % 4 !== 0) break;
      for (const [index, { event }] of [...history.rows].entries())
        if (event.boot === "old" && event.clock === "unsynced")
          history.rewrite(index + 1, (before) => ({
            ...before,
            clock: "corrected",
            time: new Date(Date.parse(before.time) + (b - 500) * 60_000).toISOString(),
          }));
    }
  }
}

test("passes at any moment, over any restart, come to what one pass over the whole journal gives", {
  timeout: 120_000,
}, () => {
  fc.assert(
    fc.property(steps, fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }), (happened, passes) => {
      const history = new History();
      let open = openView();
      let nowMs = START_MS;
      for (const [index, step] of happened.entries()) {
        nowMs += step.minutes * 60_000;
        happen(history, step, nowMs);
        const pass = passes[index % passes.length];
        if (pass === 0) settle(history, open, nowMs);
        // The thread ends and is started again on the same file; what it had proposed is forgotten.
        if (pass === 1) open = { db: open.db, view: new View(open.db, TIMEZONE), pending: new Map() };
        if (pass === 2) open.view.catchUp(history);
      }
      const endMs = nowMs + 4 * 86_400_000;
      settle(history, open, endMs);
      // Counted anew, and each day as one too long to be held in memory.
      const rebuilt = openView(0);
      rebuilt.view.catchUp(history);
      expect(contents(open.db)).toEqual(contents(rebuilt.db));
      const days = open.db.prepare("SELECT date, touchpoint, counts FROM dayCounts ORDER BY date, touchpoint");
      const dates = open.db.prepare("SELECT DISTINCT date FROM dayCounts ORDER BY date").pluck().all() as string[];
      expect(rounded(days.all() as Day[])).toEqual(rounded(countedAtOnce(history, open.view, dates)));
      const plain = new History();
      for (const { event } of history.rows) if (event.type !== "rollup") plain.push(event);
      const once = openView();
      settle(plain, once, endMs);
      expect(lastWords(history)).toEqual(lastWords(plain));
    }),
    { numRuns: 400, seed: 7 },
  );
});

/** Counts of a local day at the till. */
function dayAt({ db }: ReturnType<typeof openView>, date: string): Counts | undefined {
  const text = db.prepare("SELECT counts FROM dayCounts WHERE date = ? AND touchpoint = 'till'").pluck().get(date);
  const counts = emptyCounts();
  if (text !== undefined) addText(counts, String(text));
  return text === undefined ? undefined : counts;
}

test("a press soon after midnight answers for a sale of the day before, which was told already", () => {
  const history = new History();
  const open = openView();
  history.push(said("transaction", "2026-11-22T21:50:00Z", { transaction: "9" }));
  open.view.catchUp(history);
  expect(dayAt(open, "2026-11-22")?.sales).toMatchObject({ count: 1, named: 0 });
  history.push(said("press", "2026-11-22T22:10:00Z", { transaction: "9" }));
  open.view.catchUp(history);
  expect(dayAt(open, "2026-11-22")?.sales).toMatchObject({ count: 1, named: 1 });
  expect(dayAt(open, "2026-11-23")?.responses).toBe(1);
});

test("a sale after the end of its shift is work of no day, whatever day it is read with", () => {
  const history = new History();
  const open = openView();
  history.push(
    said("shift", "2026-11-22T20:00:00Z", {
      shift: "s1",
      state: "ended",
      start: "2026-11-22T12:00:00.000Z",
      end: "2026-11-22T20:00:00.000Z",
    }),
    said("transaction", "2026-11-22T19:00:00Z", { transaction: "8", shift: "s1" }),
  );
  open.view.catchUp(history);
  // Past midnight in Vilnius.
  history.push(said("transaction", "2026-11-22T22:30:00Z", { transaction: "9", shift: "s1" }));
  open.view.catchUp(history);
  expect([dayAt(open, "2026-11-22"), dayAt(open, "2026-11-23")].map((day) => day?.workload.sales)).toEqual([1, 0]);
  const counted = open.db.prepare("SELECT date, touchpoint, counts FROM dayCounts ORDER BY date").all();
  expect(counted).toEqual(countedAtOnce(history, open.view, ["2026-11-22", "2026-11-23"]));
});

test("a sale that is corrected to somebody else's leaves nothing behind where it was counted before", () => {
  const history = new History();
  const open = openView();
  const shifts = (): unknown[] =>
    (
      open.db.prepare("SELECT shift, counts FROM shiftCounts ORDER BY shift").all() as {
        shift: string;
        counts: string;
      }[]
    ).map(({ shift, counts }) => [shift, (JSON.parse(counts) as Counts).sales.count]);
  const sale = (transaction: string, shift: string) =>
    said("transaction", "2026-11-22T10:00:00Z", { transaction, shift });
  history.push(sale("1", "s1"), sale("2", "s1"), sale("3", "s2"));
  open.view.catchUp(history);
  expect(shifts()).toEqual([
    ["s1", 2],
    ["s2", 1],
  ]);
  history.push(sale("2", "s3"), sale("3", "s3"));
  open.view.catchUp(history);
  expect(shifts()).toEqual([
    ["s1", 1],
    ["s3", 2],
  ]);
  // Of a day that the journal has not whole any more, what was counted stays.
  history.gone.push(...history.rows.splice(0, 2));
  history.push(sale("3", "s4"));
  open.view.catchUp(history);
  expect(shifts()).toContainEqual(["s1", 1]);
});

test("what the journal has given up stays counted, and what comes after it is counted too", () => {
  const history = new History();
  const open = openView();
  for (let n = 0; n < 5; n += 1) history.push(said("press", `2026-11-22T10:0${n}:00Z`));
  open.view.catchUp(history);
  for (const row of history.rows.splice(0, 4)) history.gone.push(row);
  history.push(said("press", "2026-11-22T10:20:00Z"));
  open.view.catchUp(history);
  expect(dayAt(open, "2026-11-22")?.responses).toBe(6);
});

test("another journal begins anew beside what the former one said", () => {
  const [former, later] = [new History(), new History()];
  const open = openView();
  former.push(said("press", "2026-11-22T10:00:00Z"));
  open.view.catchUp(former);
  later.push(said("press", "2026-11-22T10:01:00Z"), said("press", "2026-11-22T10:02:00Z"));
  open.view.catchUp(later);
  const end = Date.parse("2026-11-23T10:00:00Z");
  const told = propose(open.db, open.view, SETTINGS, end, open.pending).filter(({ data }) => data.question === "visit");
  expect(told.map(({ data }) => [data.window, data.n])).toEqual([
    ["day", 3],
    ["15m", 3],
    ["hour", 3],
  ]);
});

test("a pass reads what is new and the days it concerns, not the whole journal", () => {
  const history = new History();
  const open = openView();
  for (let day = 0; day < 60; day += 1)
    for (let n = 0; n < 20; n += 1) history.push(said("press", START_MS + day * 86_400_000 + n * 60_000));
  open.view.catchUp(history);
  history.reads = 0;
  history.push(said("press", START_MS + 60 * 86_400_000));
  open.view.catchUp(history);
  expect(history.reads).toBeLessThan(50);
});

test("a file of another time zone is made anew from the journal", () => {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-rollups-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const history = new History();
  history.push(said("press", "2026-11-22T22:30:00Z"));
  const datesIn = (timezone: string): unknown => {
    const db = openTables(join(folder, "metrics.db"), timezone);
    new View(db, timezone).catchUp(history);
    const dates = db.prepare("SELECT date FROM days").pluck().all();
    db.close();
    return dates;
  };
  expect(datesIn(TIMEZONE)).toEqual(["2026-11-23"]);
  expect(datesIn("America/New_York")).toEqual(["2026-11-22"]);
});

test("a shift is told when it has ended, from so many answers on, and without what a camera saw", () => {
  const history = new History();
  const open = openView();
  const [start, end] = ["2026-11-22T08:00:00.000Z", "2026-11-22T16:00:00.000Z"];
  const who = { shift: "s1", staff: "anna" };
  history.push(
    said("shift", start, { ...who, state: "started", start }),
    said("press", "2026-11-22T09:00:00Z", { ...who, value: 4 }),
    said("contact", "2026-11-22T09:01:00Z", { outcome: "silent", end: "2026-11-22T09:01:00.000Z" }),
  );
  const later = Date.parse("2026-11-22T20:00:00Z");
  const ofShift = (): Proposal[] =>
    propose(open.db, open.view, SETTINGS, later, new Map()).filter(({ data }) => data.window === "shift");
  open.view.catchUp(history);
  expect(ofShift(), "it is going on").toEqual([]);
  history.push(said("shift", end, { ...who, state: "ended", start, end }));
  open.view.catchUp(history);
  expect(ofShift(), "one answer is too few").toEqual([]);
  history.push(said("press", "2026-11-22T09:05:00Z", { ...who, value: 2 }));
  open.view.catchUp(history);
  expect(ofShift().map(({ data }) => [data.metric, data.staff, data.n, data.start, data.end])).toEqual([
    ["csat-top-box", "anna", 2, start, end],
  ]);
});

test("coverage is the share of the window that was watched; of what rests on the camera, that the camera watched", () => {
  const history = new History();
  const open = openView();
  const at = { start: "2026-11-22T10:00:00.000Z", end: "2026-11-22T10:15:00.000Z" };
  history.push(
    said("coverage", at.end, { ...at, runningMs: 450_000, cameraMs: 90_000 }),
    said("press", "2026-11-22T10:01:00Z"),
    said("contact", "2026-11-22T10:02:00Z", { outcome: "silent", end: "2026-11-22T10:02:00.000Z" }),
  );
  open.view.catchUp(history);
  const told = propose(open.db, open.view, SETTINGS, Date.parse("2026-11-22T11:00:00Z"), open.pending);
  const short = told.filter(({ data }) => data.window === "15m").map(({ data }) => [data.metric, data.coverage]);
  expect(Object.fromEntries(short)).toEqual({ "csat-top-box": 0.5, "response-rate": 0.1, "silent-share": 0.1 });
});
