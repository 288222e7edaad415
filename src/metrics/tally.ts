// Counts of one period, touchpoint by touchpoint, from journaled events. Pure; presses that were judged are left out.
import { type Envelope, EVENT_DATA, type EventData } from "../words/events.ts";
import { addTo, NOTHING_SUMMED, type Scale, type Sum } from "./scales.ts";

/**
 * Flags of presses that are left out: picks and words of a questionnaire, a button that is unwell, and presses while nobody
 * was served or the shop was shut.
 */
const LEFT_OUT = new Set(["control", "no-answer", "stuck", "chatter", "unattended", "closed"]);

export interface QuestionTally extends Scale {
  readonly question: string;
  readonly version: number;
  histogram: Record<string, number>;
}

export interface TouchpointTally {
  readonly touchpoint: string;
  /** By question, version and scale. */
  readonly questions: Map<string, QuestionTally>;
  /** Reason → how often it was named. */
  readonly reasons: Map<string, number>;
  /** Ratings that one of the episodes claims, and those that none does. */
  matched: number;
  unmatched: number;
  /** Presses and answers that count, whatever they rate. */
  responses: number;
  /** `silent` and `answered` by presses that count: one that was answered by a prank only is silent. */
  readonly contacts: { answered: number; silent: number; cut: number };
  readonly services: { closed: number; rated: number };
  readonly sales: {
    count: number;
    /** Sales that a press or answer names. */
    named: number;
    /** By currency; empty where the till does not say. */
    readonly amounts: Map<string, Sum>;
    readonly items: Sum;
  };
  /** `selling`: seconds of attempts whose end somebody said. */
  readonly activities: { attempts: number; sales: number; readonly selling: Sum };
  /** By key, the highest `rev`. */
  readonly alerts: Map<string, EventData["alert"]>;
  /** Milliseconds from raised to acknowledged, and to resolved, by key. */
  readonly reactedMs: Map<string, number>;
  readonly resolvedMs: Map<string, number>;
  judged: number;
  flagged: number;
}

export interface TallySettings {
  /** Only ratings and reasons of this shift or person. */
  readonly shift?: string;
  readonly question?: string;
  /** UTC milliseconds, `toMs` not included: episodes that ended outside only claim their presses; alerts see `countAlert`. */
  readonly period?: { readonly fromMs: number; readonly toMs: number };
}

/** An event; `offsetMs` is what a clock repair adds to its times. */
type Told = Pick<Envelope, "id" | "type" | "touchpoint" | "data"> & { readonly offsetMs?: number };

/**
 * Counts events in the order of their `seq`. A judgement may come later than its presses, an episode later than those it
 * claims, and a sale may be corrected by the same number: so all are read before anything is counted.
 */
export function tally(events: Iterable<Told>, settings: TallySettings = {}): TouchpointTally[] {
  const all = [...events].map(read);
  const known: Known = {
    settings,
    judged: new Set(all.flatMap(({ judgement }) => judgement?.presses ?? [])),
    claimed: new Set(all.flatMap(({ contact }) => contact?.presses ?? [])),
    leftOut: new Set(all.flatMap(({ id, press }) => (press?.flags.some(isLeftOut) ? [id] : []))),
  };
  const tallies = new Map<string, TouchpointTally>();
  const sales = new Map<string, { place: TouchpointTally; sale: EventData["transaction"] }>();
  const named = new Set<string>();
  for (const event of all) {
    const { id, type, touchpoint, press, answer, alert, transaction: sale } = event;
    if (touchpoint === undefined || type === "judgement") continue;
    const place = tallies.get(touchpoint) ?? empty(touchpoint);
    tallies.set(touchpoint, place);
    if (sale !== undefined) sales.set(`${touchpoint}/${sale.transaction}`, { place, sale });
    const response = press ?? answer;
    if (response !== undefined && counts(id, known)) {
      place.responses += 1;
      if (response.transaction !== undefined) named.add(`${touchpoint}/${response.transaction}`);
    }
    if (press !== undefined) countPress(place, id, press, known);
    if (answer !== undefined && counts(id, known)) countAnswer(place, answer, settings);
    countContext(place, event, known);
    if (alert !== undefined) countAlert(place, alert, settings.period);
  }
  for (const [key, { place, sale }] of sales) countSale(place, sale, named.has(key));
  return [...tallies.values()];
}

/** An event with its data under the name of its type; without it where the data is not what it should be. */
type Read = Told & { readonly [T in keyof EventData]?: EventData[T] };

function read(event: Told): Read {
  const schema = Object.hasOwn(EVENT_DATA, event.type) ? EVENT_DATA[event.type as keyof EventData] : undefined;
  const parsed = schema?.safeParse(event.data);
  return parsed?.success === true ? { ...event, [event.type]: parsed.data } : event;
}

interface Known {
  readonly settings: TallySettings;
  readonly judged: ReadonlySet<string>;
  readonly claimed: ReadonlySet<string>;
  readonly leftOut: ReadonlySet<string>;
}

const isLeftOut = (flag: string): boolean => LEFT_OUT.has(flag);

/** Whether a press or answer is one, as far as is known: of those outside the period nothing bad is. */
function counts(id: string, { judged, leftOut }: Known): boolean {
  return !judged.has(id) && !leftOut.has(id);
}

function countPress(place: TouchpointTally, id: string, press: EventData["press"], known: Known): void {
  if (!isMeant(press, press.question, known.settings)) return;
  if (!counts(id, known)) {
    if (known.judged.has(id)) place.judged += 1;
    else if (press.value !== null) place.flagged += 1;
    return;
  }
  if (press.value === null) {
    add(place.reasons, press.button);
    return;
  }
  if (known.claimed.has(id)) place.matched += 1;
  else place.unmatched += 1;
  countValue(place, press.question, press.questionVersion, press.min, press.max, press.value);
}

function countAnswer(place: TouchpointTally, answer: EventData["answer"], settings: TallySettings): void {
  if (!isMeant(answer, answer.question, settings)) return;
  // A reason button that answers a follow-up is a press, too, and was counted as one.
  if (answer.press === undefined) for (const choice of answer.choices) add(place.reasons, choice);
  if (answer.kind === "scale" && answer.value !== null && answer.min !== undefined && answer.max !== undefined)
    countValue(place, answer.question, answer.questionVersion, answer.min, answer.max, answer.value);
}

function countContext(place: TouchpointTally, { contact, service, activity, offsetMs = 0 }: Read, known: Known): void {
  const answered = (presses: readonly string[]): boolean => presses.some((id) => counts(id, known));
  if (contact !== undefined && isWithin(Date.parse(contact.end) + offsetMs, known.settings.period)) {
    if (contact.outcome === "answered") place.contacts[answered(contact.presses) ? "answered" : "silent"] += 1;
    else place.contacts[contact.outcome] += 1;
  }
  if (service?.state === "closed") {
    place.services.closed += 1;
    if (answered(service.presses ?? [])) place.services.rated += 1;
  }
  if (activity === undefined) return;
  place.activities.attempts += 1;
  if (activity.outcome === "sale") place.activities.sales += 1;
  // Nobody knows how long an attempt lasted whose end was forgotten.
  if (!activity.flags.includes("forgotten")) addTo(place.activities.selling, activity.durationMs / 1000);
}

/** What holds now of alerts raised before the period's end; how long it took for those that were raised in it. */
function countAlert(place: TouchpointTally, alert: EventData["alert"], period: TallySettings["period"]): void {
  const raisedMs = Date.parse(alert.raisedAt);
  if (period !== undefined && raisedMs >= period.toMs) return;
  if ((place.alerts.get(alert.key)?.rev ?? 0) < alert.rev) place.alerts.set(alert.key, alert);
  if (!isWithin(raisedMs, period)) return;
  if (alert.state === "acknowledged" && !place.reactedMs.has(alert.key)) place.reactedMs.set(alert.key, alert.ageMs);
  if (alert.state === "resolved") place.resolvedMs.set(alert.key, alert.ageMs);
}

function countSale(place: TouchpointTally, sale: EventData["transaction"], named: boolean): void {
  const { sales } = place;
  sales.count += 1;
  if (named) sales.named += 1;
  if (sale.items !== null) addTo(sales.items, sale.items);
  if (sale.amount === null) return;
  const currency = sale.currency ?? "";
  const amounts = sales.amounts.get(currency) ?? { ...NOTHING_SUMMED };
  sales.amounts.set(currency, amounts);
  addTo(amounts, sale.amount);
}

function isWithin(ms: number, period: TallySettings["period"]): boolean {
  return period === undefined || (period.fromMs <= ms && ms < period.toMs);
}

function countValue(
  place: TouchpointTally,
  question: string,
  version: number,
  min: number,
  max: number,
  value: number,
): void {
  // A scale that was changed without a new version is another scale all the same.
  const key = `${question}/${version}/${min}/${max}`;
  const counted = place.questions.get(key) ?? { question, version, min, max, histogram: {} };
  place.questions.set(key, counted);
  counted.histogram[value] = (counted.histogram[value] ?? 0) + 1;
}

function isMeant(
  of: { shift?: string | undefined; staff?: string | undefined },
  question: string,
  settings: TallySettings,
): boolean {
  if (settings.question !== undefined && settings.question !== question) return false;
  return settings.shift === undefined || settings.shift === of.shift || settings.shift === of.staff;
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function empty(touchpoint: string): TouchpointTally {
  return {
    touchpoint,
    questions: new Map(),
    reasons: new Map(),
    matched: 0,
    unmatched: 0,
    contacts: { answered: 0, silent: 0, cut: 0 },
    services: { closed: 0, rated: 0 },
    responses: 0,
    sales: { count: 0, named: 0, amounts: new Map(), items: { ...NOTHING_SUMMED } },
    activities: { attempts: 0, sales: 0, selling: { ...NOTHING_SUMMED } },
    alerts: new Map(),
    reactedMs: new Map(),
    resolvedMs: new Map(),
    judged: 0,
    flagged: 0,
  };
}
