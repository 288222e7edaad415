// Counts what journaled events say, each where its time puts it. Pure; presses that were judged are left out.

import { Calendar, common, QUARTER_MS, quarterOf, type Span } from "../touchpoint/calendar.ts";
import { type Envelope, EVENT_DATA, type EventData } from "../words/events.ts";
import { countMood } from "./background.ts";
import { type Counts, countsAt } from "./counts.ts";
import { countExplained } from "./drivers.ts";
import { countDuration } from "./durations.ts";
import { countQueue } from "./queue.ts";
import { countRun, type Item, itemKey } from "./runs.ts";
import { addTo, NOTHING_SUMMED } from "./scales.ts";
import { addOne, branchOf } from "./tree.ts";
import { countVisit } from "./visits.ts";
import { countBusy, countOnShift, countWork, overlapMs } from "./workload.ts";

/**
 * Flags of presses that are left out: picks and words of a questionnaire, a button that is unwell, and presses while nobody
 * was served or the shop was shut.
 */
const LEFT_OUT = new Set(["control", "no-answer", "stuck", "chatter", "unattended", "closed"]);
/** An answer names a sale of its own day, or of the day before if it is so soon after midnight, milliseconds. */
export const NEXT_DAY_MS = 3_600_000;

/** An event; `offsetMs` is what a clock repair adds to its times. */
export type Told = Pick<Envelope, "id" | "type" | "time" | "touchpoint" | "data"> & { readonly offsetMs?: number };

/** Who served, where the event says so; absent for what a camera or the place itself says. */
export interface Who {
  readonly shift?: string | undefined;
  readonly staff?: string | undefined;
}

/** Where something is counted: none for what is not asked for. @param atMs UTC milliseconds, as far as it is known now */
export type Choose = (touchpoint: string, atMs: number, who: Who | undefined) => readonly Counts[];

/**
 * Counts events in the order of their `seq`. A judgement may come later than its presses, an episode later than those it
 * claims, and a sale may be corrected by the same number on the same day: so all are gone through twice.
 * @param events may be read anew each time, so that a day of any length takes little memory
 * @param calendar of the shop's own clock
 */
export function count(events: Iterable<Read>, choose: Choose, calendar: Calendar): void {
  const known: Known = { choose, judged: new Set(), claimed: new Set(), onDuty: new Map(), leftOut: new Set() };
  const answers = new Map<string, EventData["answer"]>();
  const explaining: Read[] = [];
  for (const event of events) {
    const { id, judgement, contact, press, answer } = event;
    for (const judged of judgement?.presses ?? []) known.judged.add(judged);
    for (const claimed of contact?.presses ?? []) known.claimed.add(claimed);
    noteDuty(event, known);
    if (press?.flags.some((flag) => LEFT_OUT.has(flag))) known.leftOut.add(id);
    if (answer !== undefined) answers.set(id, answer);
    if ((press ?? answer)?.follows !== undefined) explaining.push(event);
  }
  const whys = whysOf(explaining, known);
  const sales = new Map<string, Sale>();
  const named = new Set<string>();
  const reacted = new Set<string>();
  for (const event of events) {
    const { id, touchpoint, press, answer, transaction } = event;
    if (touchpoint === undefined) continue;
    const response = press ?? answer;
    if (response?.transaction !== undefined && counts(id, known))
      for (const ms of [0, NEXT_DAY_MS])
        named.add(`${touchpoint}/${calendar.dateOf(event.ms - ms)}/${response.transaction}`);
    if (transaction !== undefined) {
      const key = `${touchpoint}/${calendar.dateOf(event.ms)}/${transaction.transaction}`;
      const first = sales.get(key);
      sales.set(key, { touchpoint, atMs: first?.atMs ?? event.ms, words: (first?.words ?? 0) + 1, sale: transaction });
    }
    countResponse(touchpoint, event, known, whys);
    countContext(touchpoint, event, known);
    countWalk(touchpoint, event, known, answers);
    countTime(touchpoint, event, known);
    if (event.alert !== undefined) countAlert(touchpoint, event.alert, reacted, known);
  }
  for (const [key, sale] of sales) countSale(sale, named.has(key), known);
}

export interface TouchpointTally extends Counts {
  readonly touchpoint: string;
  /** The last word on alerts that are not resolved. */
  readonly open: readonly EventData["alert"][];
}

export interface TallySettings {
  /** Only what belongs to this shift or person; never what a camera said. */
  readonly shift?: string;
  /** UTC milliseconds, `toMs` not included. */
  readonly period?: { readonly fromMs: number; readonly toMs: number };
  readonly timezone?: string;
}

/** Counts of a whole period, touchpoint by touchpoint. @param events in the order of their `seq` */
export function tally(events: Iterable<Told>, { shift, period, timezone }: TallySettings = {}): TouchpointTally[] {
  const all = [...events];
  const places = new Map<string, Counts>();
  count(
    all.map(read),
    (touchpoint, atMs, who) => {
      if (period !== undefined && (atMs < period.fromMs || atMs >= period.toMs)) return [];
      if (shift !== undefined && shift !== who?.shift && shift !== who?.staff) return [];
      return [countsAt(places, touchpoint)];
    },
    new Calendar(timezone ?? "UTC"),
  );
  const open = shift === undefined ? openAlerts(all, period?.toMs) : new Map<string, EventData["alert"][]>();
  for (const touchpoint of open.keys()) countsAt(places, touchpoint);
  return [...places].map(([touchpoint, counts]) => ({ touchpoint, ...counts, open: open.get(touchpoint) ?? [] }));
}

/** By touchpoint, the last word on each alert that is not resolved. @param beforeMs only those raised before, UTC milliseconds */
export function openAlerts(
  events: Iterable<Told>,
  beforeMs = Number.POSITIVE_INFINITY,
): Map<string, EventData["alert"][]> {
  const last = new Map<string, { touchpoint: string; alert: EventData["alert"] }>();
  for (const { type, touchpoint, data } of events) {
    if (type !== "alert" || touchpoint === undefined) continue;
    const { data: alert } = EVENT_DATA.alert.safeParse(data);
    if (alert === undefined || Date.parse(alert.raisedAt) >= beforeMs) continue;
    if ((last.get(alert.key)?.alert.rev ?? 0) < alert.rev) last.set(alert.key, { touchpoint, alert });
  }
  const open = new Map<string, EventData["alert"][]>();
  for (const { touchpoint, alert } of last.values())
    if (alert.state !== "resolved") open.set(touchpoint, [...(open.get(touchpoint) ?? []), alert]);
  return open;
}

/** An event with its data under the name of its type; without it where the data is not what it should be. */
export type Read = Told & { readonly ms: number } & { readonly [T in keyof EventData]?: EventData[T] };

export function read(event: Told): Read {
  const schema = Object.hasOwn(EVENT_DATA, event.type) ? EVENT_DATA[event.type as keyof EventData] : undefined;
  const parsed = schema?.safeParse(event.data);
  const ms = Date.parse(event.time) + (event.offsetMs ?? 0);
  return parsed?.success === true ? { ...event, ms, [event.type]: parsed.data } : { ...event, ms };
}

interface Known {
  readonly choose: Choose;
  readonly judged: Set<string>;
  readonly claimed: Set<string>;
  readonly leftOut: Set<string>;
  /** By shift, the times on duty that are known: of those that ended, one for each word on it. */
  readonly onDuty: Map<string, Span[]>;
}

function noteDuty({ shift, offsetMs = 0 }: Read, { onDuty }: Known): void {
  if (shift?.end === undefined) return;
  const span = spanOf(shift.start, shift.end, offsetMs);
  if (isBelieved(span)) onDuty.set(shift.shift, [...(onDuty.get(shift.shift) ?? []), span]);
}

/** Whether a press or answer is one, as far as is known: of those that were not read nothing bad is. */
function counts(id: string, { judged, leftOut }: Known): boolean {
  return !judged.has(id) && !leftOut.has(id);
}

function countResponse(touchpoint: string, { id, ms, press, answer }: Read, known: Known, whys: Whys): void {
  if (press === undefined && answer === undefined) return;
  for (const into of known.choose(touchpoint, ms, press ?? answer)) {
    into.events += 1;
    if (counts(id, known)) {
      into.responses += 1;
      countWhy(into, press ?? answer, whys.get(id));
    }
    if (press !== undefined) countPress(into, id, press, known);
    if (answer !== undefined && counts(id, known)) countAnswer(into, answer);
  }
}

function countPress(into: Counts, id: string, press: EventData["press"], known: Known): void {
  if (!counts(id, known)) {
    if (known.judged.has(id)) into.judged += 1;
    else if (press.value !== null) into.flagged += 1;
    return;
  }
  if (press.value === null) {
    countReason(into, press.question, press.button);
    return;
  }
  into.ratings[known.claimed.has(id) ? "matched" : "unmatched"] += 1;
  const { question, questionVersion: version, min, max } = press;
  countValue(into, { question, version, min, max }, press.value);
}

function countAnswer(into: Counts, answer: EventData["answer"]): void {
  const { question, questionVersion: version, min, max } = answer;
  // A reason button that answers a follow-up is a press, too, and was counted as one.
  if (answer.press === undefined) for (const choice of answer.choices) countReason(into, question, choice);
  if (answer.kind === "scale" && answer.value !== null && min !== undefined && max !== undefined)
    countValue(into, { question, version, min, max }, answer.value);
}

function countContext(touchpoint: string, event: Read, known: Known): void {
  const { ms, offsetMs = 0, contact, service, activity, coverage } = event;
  const answered = (presses: readonly string[]): boolean => presses.some((id) => counts(id, known));
  if (contact !== undefined)
    for (const into of known.choose(touchpoint, Date.parse(contact.end) + offsetMs, undefined)) {
      into.events += 1;
      if (contact.outcome !== "cut") countDuration(into.dwell, contact.durationMs);
      if (contact.outcome !== "answered") into.contacts[contact.outcome] += 1;
      else into.contacts[answered(contact.presses) ? "answered" : "silent"] += 1;
    }
  if (service?.state === "closed")
    for (const into of known.choose(touchpoint, ms, service)) {
      into.events += 1;
      into.services.closed += 1;
      if (answered(service.presses ?? [])) into.services.rated += 1;
    }
  if (activity !== undefined)
    for (const into of known.choose(touchpoint, ms, activity)) {
      into.events += 1;
      into.activities.attempts += 1;
      if (activity.outcome === "sale") into.activities.sales += 1;
      // Nobody knows how long an attempt lasted whose end was forgotten.
      if (!activity.flags.includes("forgotten")) addTo(into.activities.selling, activity.durationMs / 1000);
    }
  if (coverage !== undefined)
    for (const into of known.choose(touchpoint, Date.parse(coverage.start) + offsetMs, undefined)) {
      into.events += 1;
      into.covered.running += coverage.runningMs;
      into.covered.camera += coverage.cameraMs ?? 0;
    }
}

/** How long it took, with the alerts of the time they were raised. */
function countAlert(touchpoint: string, alert: EventData["alert"], reacted: Set<string>, known: Known): void {
  const { key, state, ageMs } = alert;
  for (const into of known.choose(touchpoint, Date.parse(alert.raisedAt), undefined)) {
    into.events += 1;
    if (alert.rev === 1) into.alerts.raised += 1;
    if (state === "acknowledged" && !reacted.has(key)) addTo(into.alerts.reacted, ageMs / 1000);
    if (state === "resolved") addTo(into.alerts.resolved, ageMs / 1000);
  }
  if (state === "acknowledged") reacted.add(key);
}

interface Sale {
  readonly touchpoint: string;
  /** Of the first word on it, UTC milliseconds. */
  readonly atMs: number;
  /** How often the till said it. */
  readonly words: number;
  /** The last word. */
  readonly sale: EventData["transaction"];
}

function countSale({ touchpoint, atMs, words, sale }: Sale, named: boolean, known: Known): void {
  for (const into of known.choose(touchpoint, atMs, sale)) {
    const { sales } = into;
    into.events += words;
    sales.count += 1;
    if (named) sales.named += 1;
    if (dutyOf(sale, known).some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)) countWork(into.workload, sale);
    if (sale.items !== null) addTo(sales.items, sale.items);
    if (sale.amount === null) continue;
    addTo(
      branchOf(sales.amounts, sale.currency ?? "", () => ({ ...NOTHING_SUMMED })),
      sale.amount,
    );
  }
}

function countValue(into: Counts, item: Item, value: number): void {
  addOne(
    branchOf(into.scales, itemKey(item), () => ({})),
    `${value}`,
  );
}

function countReason(into: Counts, question: string, reason: string): void {
  addOne(
    branchOf(into.reasons, question, () => ({})),
    reason,
  );
}

/** Rating → question why → what was chosen. */
type Whys = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

function whysOf(all: readonly Read[], known: Known): Whys {
  const whys = new Map<string, Map<string, string[]>>();
  for (const { id, press, answer } of all) {
    const follows = press?.follows ?? answer?.follows;
    if (follows === undefined || !counts(id, known)) continue;
    // A reason button that answers a follow-up is told as both.
    if (answer?.press !== undefined || (press !== undefined && press.value !== null)) continue;
    const of = whys.get(follows) ?? new Map<string, string[]>();
    whys.set(follows, of);
    const why = press?.question ?? answer?.question ?? "";
    of.set(why, [...(of.get(why) ?? []), ...(press === undefined ? (answer?.choices ?? []) : [press.button])]);
  }
  return whys;
}

function countWhy(
  into: Counts,
  rated: EventData["press"] | EventData["answer"] | undefined,
  whys: ReadonlyMap<string, readonly string[]> | undefined,
): void {
  if (whys === undefined || rated === undefined || rated.value === null) return;
  const { question, questionVersion: version, value, min, max } = rated;
  if (min === undefined || max === undefined) return;
  for (const [why, reasons] of whys) countExplained(into.drivers, { question, version, min, max, value, why, reasons });
}

/** A walk counts where it ended, with what was said on it. */
function countWalk(
  touchpoint: string,
  { ms, survey }: Read,
  known: Known,
  answers: ReadonlyMap<string, EventData["answer"]>,
): void {
  if (survey === undefined) return;
  const said = survey.answers.flatMap((id) => {
    const answer = answers.get(id);
    return answer === undefined || !counts(id, known) ? [] : [answer];
  });
  for (const into of known.choose(touchpoint, ms, survey)) {
    into.events += 1;
    countRun(into.runs, survey, said);
  }
}

/** What lasts is counted in each quarter-hour that it reaches into. */
function countTime(touchpoint: string, event: Read, known: Known): void {
  const { ms, offsetMs = 0, mood, visit, queue, shift, service } = event;
  if (visit !== undefined)
    for (const into of known.choose(touchpoint, ms, undefined)) {
      into.events += 1;
      countVisit(into.visits, visit);
    }
  if (queue !== undefined)
    for (const into of known.choose(touchpoint, Date.parse(queue.end) + offsetMs, undefined)) {
      into.events += 1;
      countQueue(into.queue, queue);
    }
  if (mood !== undefined)
    for (const into of known.choose(touchpoint, Date.parse(mood.end) + offsetMs, undefined)) {
      into.events += 1;
      countMood(into.background, mood);
    }
  const lasting = shift ?? service;
  if (lasting?.end === undefined) return;
  const whole = spanOf(lasting.start, lasting.end, offsetMs);
  const parts = shift === undefined ? dutyOf(lasting, known).map((duty) => common(whole, duty)) : [whole];
  for (const quarter of quartersOf(whole)) {
    const here = parts.filter((part) => overlapMs(part, quarter) > 0);
    if (here.length === 0) continue;
    for (const into of known.choose(touchpoint, Math.max(quarter.fromMs, whole.fromMs), lasting)) {
      into.events += 1;
      for (const part of here) (shift === undefined ? countBusy : countOnShift)(into.workload, part, quarter);
    }
  }
}

/**
 * Time on duty is the measure of all work: without it, while it goes on and outside of it no work is counted. So work and
 * the time that it took lie in the same windows.
 */
function dutyOf({ shift }: Who, { onDuty }: Known): readonly Span[] {
  return (shift === undefined ? undefined : onDuty.get(shift)) ?? [];
}

/** Longest that is believed of a shift or window, milliseconds: a wrong clock must not fill years. */
const LONGEST_MS = 7 * 86_400_000;

/** Between two instants as an event says them. @param offsetMs what repairs of the clock add */
export function spanOf(start: string, end: string, offsetMs: number): Span {
  return { fromMs: Date.parse(start) + offsetMs, toMs: Date.parse(end) + offsetMs };
}

function isBelieved({ fromMs, toMs }: Span): boolean {
  return toMs > fromMs && toMs - fromMs <= LONGEST_MS;
}

/** The quarter-hours that a span reaches into. */
export function* quartersOf(span: Span): Generator<Span, void> {
  if (!isBelieved(span)) return;
  for (let ms = quarterOf(span.fromMs).fromMs; ms < span.toMs; ms += QUARTER_MS) yield quarterOf(ms);
}
