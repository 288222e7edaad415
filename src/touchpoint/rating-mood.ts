// Ratings beside expressions, of a whole day at a touchpoint: in cells of at least k people, or not at all. Pure.
import { z } from "zod";
import type { Fact } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";
import { FEELINGS, type Feeling } from "../words/rollups.ts";
import { valenceOf } from "../words/valence.ts";
import { Calendar } from "./calendar.ts";
import type { Decision, Moment } from "./decision.ts";
import type { MoodsState } from "./mood.ts";

/** A day's episodes of one person who rated: a question, as `question@version/min-max` → value → feeling → how many. */
type Cells = Readonly<Record<string, Readonly<Record<string, Readonly<Partial<Record<Feeling, number>>>>>>>;

interface Day {
  readonly date: string;
  readonly cells: Cells;
}

interface Reading {
  readonly atMs: number;
  readonly valence: number;
}

export interface RatingMoodState {
  readonly days: Readonly<Record<string, Day>>;
  /** Of each touchpoint, so long as an episode may still claim them. Never kept on disk. */
  readonly readings: Readonly<Record<string, readonly Reading[]>>;
  /** Rating → its question and value, the newest last. */
  readonly ratings: ReadonlyMap<string, { readonly question: string; readonly value: number }>;
}

export interface RatingMoodSettings {
  readonly mood: { readonly k: number } | undefined;
  readonly timezone?: string;
}

const KEY = "rating-mood:";
/** An episode is told so long after its first face at the most, milliseconds; and at most so many readings of it. */
const READ_BACK_MS = 600_000;
const MOST_READINGS = 3_000;
const MOST_RATINGS = 500;
/** Mean valence beyond which a face counts as pleasant or unpleasant; ours. */
const FELT = 0.15;

const Kept = z.object({
  date: z.iso.date(),
  cells: z.record(z.string(), z.record(z.string(), z.partialRecord(z.enum(FEELINGS), z.int().min(1)))),
});

/** @param kept what the journal kept of the last run: counts only */
export function startRatingMood(kept: Readonly<Record<string, unknown>>): RatingMoodState {
  const days: Record<string, Day> = {};
  for (const [key, value] of Object.entries(kept)) {
    const known = key.startsWith(KEY) ? Kept.safeParse(value) : undefined;
    if (known?.success === true) days[key.slice(KEY.length)] = known.data;
  }
  return { days, readings: {}, ratings: new Map() };
}

/**
 * One step.
 * @param felt by touchpoint, the faces of customers in this frame
 * @param decision what was decided of the input so far; the rollup of a day that is over is added to it
 */
export function stepRatingMood(
  settings: RatingMoodSettings,
  state: RatingMoodState,
  input: Input,
  felt: MoodsState["felt"],
  decision: Decision,
  moment: Moment,
): { state: RatingMoodState; decision: Decision } {
  const { mood, timezone = "UTC" } = settings;
  if (mood === undefined) return { state, decision };
  let next = state;
  if (input.kind === "seen")
    for (const [id, faces] of Object.entries(felt)) {
      const [face] = faces;
      // Of several faces nobody knows whose hand it is.
      if (faces.length !== 1 || face?.expression === undefined) continue;
      const before = (next.readings[id] ?? []).filter(({ atMs }) => input.atMs - atMs < READ_BACK_MS);
      const readings = [...before, { atMs: input.atMs, valence: valenceOf(face.expression) }].slice(-MOST_READINGS);
      next = { ...next, readings: { ...next.readings, [id]: readings } };
    }
  const changed = new Set<string>();
  for (const fact of decision.facts) {
    if (fact.type === "press") next = { ...next, ratings: rated(next.ratings, fact) };
    if (fact.type === "judgement") next = { ...next, ratings: without(next.ratings, fact.data.presses) };
    if (fact.type !== "contact" || fact.touchpoint === undefined) continue;
    const counted = countEpisode(next, fact.touchpoint, fact.data, calendarOf(timezone), moment);
    if (counted !== next) changed.add(fact.touchpoint);
    next = counted;
  }
  const keep: Record<string, unknown> = {};
  const facts: Fact[] = [];
  if (input.kind === "tick") {
    const today = calendarOf(timezone).dateOf(moment.unixMs);
    for (const [touchpoint, day] of Object.entries(next.days)) {
      if (day.date >= today) continue;
      facts.push(...tell(touchpoint, day, mood.k, calendarOf(timezone), moment));
      const { [touchpoint]: _told, ...days } = next.days;
      next = { ...next, days };
      keep[KEY + touchpoint] = null;
    }
  }
  for (const touchpoint of changed) keep[KEY + touchpoint] = next.days[touchpoint] ?? null;
  if (facts.length === 0 && Object.keys(keep).length === 0) return { state: next, decision };
  return {
    state: next,
    decision: { ...decision, facts: [...decision.facts, ...facts], keep: { ...decision.keep, ...keep } },
  };
}

/** Making one is dear, and each is the same for ever. */
const calendars = new Map<string, Calendar>();
function calendarOf(timezone: string): Calendar {
  const calendar = calendars.get(timezone) ?? new Calendar(timezone);
  calendars.set(timezone, calendar);
  return calendar;
}

type Ratings = RatingMoodState["ratings"];

function rated(ratings: Ratings, { id, data }: Extract<Fact, { type: "press" }>): Ratings {
  if (data.value === null || data.flags.length > 0) return ratings;
  const question = `${data.question}@${data.questionVersion}/${data.min}-${data.max}`;
  return new Map([...ratings, [id, { question, value: data.value }] as const].slice(-MOST_RATINGS));
}

function without(ratings: Ratings, ids: readonly string[]): Ratings {
  return new Map([...ratings].filter(([id]) => !ids.includes(id)));
}

/** An episode of one person with one rating, and at least one reading of the face. */
function countEpisode(
  state: RatingMoodState,
  touchpoint: string,
  contact: Extract<Fact, { type: "contact" }>["data"],
  calendar: Calendar,
  moment: Moment,
): RatingMoodState {
  const of = contact.presses.flatMap((id) => state.ratings.get(id) ?? []);
  const [rating] = of;
  if (contact.outcome !== "answered" || contact.people !== 1 || of.length !== 1 || rating === undefined) return state;
  const atMs = (instant: string): number => moment.ms - (moment.unixMs - Date.parse(instant));
  const [fromMs, toMs] = [atMs(contact.start), atMs(contact.end)];
  const read = (state.readings[touchpoint] ?? []).filter(({ atMs: at }) => fromMs - 1 <= at && at <= toMs + 1);
  if (read.length === 0) return state;
  const valence = read.reduce((sum, one) => sum + one.valence, 0) / read.length;
  const feeling: Feeling = valence > FELT ? "pleasant" : valence < -FELT ? "unpleasant" : "neutral";
  const date = calendar.dateOf(Date.parse(contact.end));
  const before = state.days[touchpoint];
  // One that began before midnight and was told after it is left out: its day was told already.
  if (before !== undefined && before.date !== date) return state;
  const cells = before?.cells ?? {};
  const values = cells[rating.question] ?? {};
  const feelings = values[rating.value] ?? {};
  const counted = { ...feelings, [feeling]: (feelings[feeling] ?? 0) + 1 };
  const day = { date, cells: { ...cells, [rating.question]: { ...values, [rating.value]: counted } } };
  return { ...state, days: { ...state.days, [touchpoint]: day } };
}

/**
 * A table with a cell of fewer than k is not told at all: with the ratings known, what is left out of it could be reckoned
 * from the rest.
 */
function tell(touchpoint: string, { date, cells }: Day, k: number, calendar: Calendar, moment: Moment): Fact[] {
  const { fromMs, toMs } = calendar.dayOf(date);
  const [start, end] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return Object.entries(cells).flatMap(([question, values]): Fact[] => {
    const counts = Object.values(values).flatMap((feelings) => Object.values(feelings));
    if (counts.some((count) => count < k)) return [];
    // Where all who rated alike felt alike, whoever is known to have rated so is known to have felt so: k people hide who
    // somebody is, not what they all share (A. Machanavajjhala et al., l-Diversity, ICDE 2006).
    if (Object.values(values).some((feelings) => Object.keys(feelings).length < 2)) return [];
    const n = counts.reduce((sum, count) => sum + count, 0);
    return [
      {
        type: "rollup",
        id: moment.newId(moment.unixMs),
        touchpoint,
        atMs: moment.ms,
        data: {
          key: ["day", start, touchpoint, question, RATING_BY_EXPRESSION].join(" "),
          rev: 1,
          window: "day",
          date,
          start,
          end,
          metric: RATING_BY_EXPRESSION,
          n,
          cells: values,
          numerator: null,
          denominator: null,
          value: null,
          interval: null,
          coverage: null,
        },
      },
    ];
  });
}

/** Told by the engine itself: what it rests on is in no event. */
export const RATING_BY_EXPRESSION = "rating-by-expression";
