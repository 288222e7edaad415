// Counts of one period, touchpoint by touchpoint, from journaled events. Pure; presses that were judged are left out.
import { type Envelope, EVENT_DATA, type EventData } from "../words/events.ts";
import type { Scale } from "./scales.ts";

/** Flags of presses that are no ratings: picks and words of a questionnaire, and presses of a button that is unwell. */
const NO_RATING = new Set(["control", "no-answer", "stuck", "chatter"]);

export interface QuestionTally extends Scale {
  readonly question: string;
  readonly version: number;
  histogram: Record<string, number>;
}

export interface TouchpointTally {
  readonly touchpoint: string;
  /** By question and version. */
  readonly questions: Map<string, QuestionTally>;
  /** Reason → how often it was named. */
  readonly reasons: Map<string, number>;
  /** Ratings that one of the episodes claims, and those that none does. */
  matched: number;
  unmatched: number;
  readonly contacts: { answered: number; silent: number; cut: number };
  readonly services: { closed: number; rated: number };
  readonly sales: { count: number; amount: number; squares: number; withAmount: number; items: number };
  readonly activities: { attempts: number; sales: number; sellingMs: number };
  /** By key, the highest `rev`. */
  readonly alerts: Map<string, EventData["alert"]>;
  /** Milliseconds from raised to acknowledged, and to resolved, by key. */
  readonly reactedMs: Map<string, number>;
  readonly resolvedMs: Map<string, number>;
  judged: number;
}

export interface TallySettings {
  /** Only ratings and reasons of this shift or person. */
  readonly shift?: string;
  readonly question?: string;
}

type Told = Pick<Envelope, "id" | "type" | "touchpoint" | "data">;

/**
 * Counts events of one period, in the order of their `seq`. A judgement may come later than its presses, and a sale may be
 * corrected by the same number: so all are read before anything is counted.
 */
export function tally(events: Iterable<Told>, settings: TallySettings = {}): TouchpointTally[] {
  const all = [...events];
  const judged = new Set(all.flatMap((event) => data(event, "judgement")?.presses ?? []));
  const claimed = new Set(all.flatMap((event) => data(event, "contact")?.presses ?? []));
  const tallies = new Map<string, TouchpointTally>();
  const sales = new Map<string, { place: TouchpointTally; sale: EventData["transaction"] }>();
  for (const event of all) {
    if (event.touchpoint === undefined) continue;
    const place = tallies.get(event.touchpoint) ?? empty(event.touchpoint);
    tallies.set(event.touchpoint, place);
    const sale = data(event, "transaction");
    if (sale !== undefined) sales.set(`${event.touchpoint}/${sale.transaction}`, { place, sale });
    const press = data(event, "press");
    if (press !== undefined) countPress(place, event.id, press, { judged, claimed, settings });
    const answer = data(event, "answer");
    if (answer !== undefined) countAnswer(place, answer, settings);
    countContext(place, event);
  }
  for (const { place, sale } of sales.values()) {
    place.sales.count += 1;
    place.sales.items += sale.items ?? 0;
    if (sale.amount === null) continue;
    place.sales.withAmount += 1;
    place.sales.amount += sale.amount;
    place.sales.squares += sale.amount ** 2;
  }
  return [...tallies.values()];
}

function countPress(
  place: TouchpointTally,
  id: string,
  press: EventData["press"],
  known: { judged: ReadonlySet<string>; claimed: ReadonlySet<string>; settings: TallySettings },
): void {
  if (!isMeant(press, press.question, known.settings) || press.flags.some((flag) => NO_RATING.has(flag))) return;
  if (known.judged.has(id)) {
    place.judged += 1;
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

function countContext(place: TouchpointTally, event: Told): void {
  const contact = data(event, "contact");
  if (contact !== undefined) place.contacts[contact.outcome] += 1;
  const service = data(event, "service");
  if (service?.state === "closed") {
    place.services.closed += 1;
    if ((service.presses ?? []).length > 0) place.services.rated += 1;
  }
  const activity = data(event, "activity");
  if (activity !== undefined) {
    place.activities.attempts += 1;
    place.activities.sellingMs += activity.durationMs;
    if (activity.outcome === "sale") place.activities.sales += 1;
  }
  const alert = data(event, "alert");
  if (alert === undefined) return;
  if ((place.alerts.get(alert.key)?.rev ?? 0) < alert.rev) place.alerts.set(alert.key, alert);
  if (alert.state === "acknowledged" && !place.reactedMs.has(alert.key)) place.reactedMs.set(alert.key, alert.ageMs);
  if (alert.state === "resolved") place.resolvedMs.set(alert.key, alert.ageMs);
}

function countValue(
  place: TouchpointTally,
  question: string,
  version: number,
  min: number,
  max: number,
  value: number,
): void {
  const key = `${question}/${version}`;
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

function data<T extends keyof EventData>(event: Told, type: T): EventData[T] | undefined {
  if (event.type !== type) return undefined;
  return EVENT_DATA[type].safeParse(event.data).data as EventData[T] | undefined;
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
    sales: { count: 0, amount: 0, squares: 0, withAmount: 0, items: 0 },
    activities: { attempts: 0, sales: 0, sellingMs: 0 },
    alerts: new Map(),
    reactedMs: new Map(),
    resolvedMs: new Map(),
    judged: 0,
  };
}
