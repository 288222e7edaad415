// The script of a day while it is written: what reaches the agent and when, who stands where, and what is true of it.
import { dayOf } from "../touchpoint/calendar.ts";
import { localTime } from "../touchpoint/local-time.ts";
import type { Input, PressInput } from "../words/inputs.ts";
import { seededRandom } from "./random.ts";
import { STANDS_AT, TILLS, TIMEZONE, type Till } from "./shop.ts";
import { emptyTruth } from "./truth.ts";

/** Boottime milliseconds at local midnight: the machine was turned on a moment before. */
export const MIDNIGHT_MS = 60_000;
/** A pad that got no answer sends again after this, milliseconds. */
const RESEND_MS = 1_500;
const RESENT = 0.03;

/** An input, and the boottime at which it reaches the agent. */
export interface Timed {
  readonly atMs: number;
  readonly input: Input;
}

/** From `fromMs` on, `toMs` not included; boottime milliseconds. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Somebody stands at a till. */
export interface Standing extends Stretch {
  readonly people: number;
}

export interface DayOptions {
  readonly seed: number;
  /** The day on the shop's own clock, YYYY-MM-DD. */
  readonly date: string;
  /** About so many are served. */
  readonly customers: number;
}

export class Script {
  readonly options: DayOptions;
  readonly random: () => number;
  readonly truth = emptyTruth();
  readonly standing: Readonly<Record<Till, Standing[]>>;
  /** Where a till is kept free of ordinary customers, so that what happens there has one outcome only. */
  readonly reserved: Readonly<Record<Till, Stretch[]>>;
  readonly shifts: Readonly<Record<Till, { readonly staff: string; readonly span: Stretch }[]>>;
  /** When the camera is covered. */
  readonly covered: Stretch[] = [];
  readonly #inputs: Timed[] = [];
  readonly #midnightMs: number;
  #sales = 0;

  constructor(options: DayOptions) {
    this.options = options;
    this.random = seededRandom(options.seed);
    this.standing = eachTill();
    this.reserved = eachTill();
    this.shifts = eachTill();
    this.#midnightMs = unixOf(options.date, "00:00");
  }

  /** Boottime of a time on the shop's own clock, HH:MM, in milliseconds; `plusS` seconds later. */
  at(time: string, plusS = 0): number {
    return unixOf(this.options.date, time) - this.#midnightMs + MIDNIGHT_MS + plusS * 1_000;
  }

  /** Boottime of the next day's first moment. */
  nextMidnightMs(): number {
    return dayOf(this.options.date, TIMEZONE).toMs - this.#midnightMs + MIDNIGHT_MS;
  }

  /** True UTC of a moment, milliseconds. */
  unixMs(atMs: number): number {
    return this.#midnightMs + atMs - MIDNIGHT_MS;
  }

  /** A whole number of `from`..`to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** One of several, each as likely as its weight says; without weights all alike. */
  pick<T>(of: readonly [T, ...T[]], weights: readonly number[] = of.map(() => 1)): T {
    let left = this.random() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, one] of of.entries()) {
      left -= weights[i] ?? 0;
      if (left < 0) return one;
    }
    return of[0];
  }

  /** @param reachesMs when it reaches the agent, where that is later than it happened */
  say(input: Exclude<Input, { kind: "hello" }>, reachesMs = input.atMs): void {
    this.#inputs.push({ atMs: reachesMs, input });
  }

  press(pad: string, button: string, atMs: number, reachesMs = atMs): void {
    this.say({ kind: "press", pad, button, atMs }, reachesMs);
  }

  stands(till: Till, stretch: Stretch, people = 1): void {
    if (STANDS_AT[till] !== undefined) this.standing[till].push({ ...stretch, people });
  }

  /** The till's next number. */
  nextSale(): string {
    this.#sales += 1;
    return `R${this.#sales}`;
  }

  reserve(till: Till, fromMs: number, toMs: number): void {
    this.reserved[till].push({ fromMs, toMs });
  }

  staffAt(till: Till, atMs: number): string | undefined {
    return this.shifts[till].find(({ span }) => span.fromMs <= atMs && atMs < span.toMs)?.staff;
  }

  isCovered(atMs: number): boolean {
    return this.covered.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
  }

  /** All inputs but frames and ticks, in the order in which they reach the agent; pads count their presses and send some again. */
  inputs(): Timed[] {
    const counters = new Map<string, number>();
    const all: Timed[] = [];
    for (const { atMs, input } of inOrder(this.#inputs)) {
      if (input.kind !== "press") {
        all.push({ atMs, input });
        continue;
      }
      const counter = ((counters.get(input.pad) ?? -1) + 1) % 65_536;
      counters.set(input.pad, counter);
      const ref = { port: `/dev/${input.pad}`, pad: input.pad, session: "s1", counter };
      const sent: PressInput = { ...input, ref };
      all.push({ atMs, input: sent });
      if (this.chance(RESENT)) all.push({ atMs: atMs + RESEND_MS, input: sent });
    }
    return inOrder(all);
  }
}

export function inOrder(inputs: readonly Timed[]): Timed[] {
  return [...inputs].sort((a, b) => a.atMs - b.atMs);
}

function eachTill<T>(): Record<Till, T[]> {
  return Object.fromEntries(TILLS.map((till) => [till, []])) as unknown as Record<Till, T[]>;
}

/** UTC milliseconds of a time on the shop's own clock, which is there once in the hours of a shop. */
function unixOf(date: string, time: string): number {
  const wanted = Date.parse(`${date}T${time}:00Z`);
  let unixMs = wanted;
  for (let tries = 0; tries < 2; tries += 1) {
    const shown = localTime(unixMs, TIMEZONE);
    unixMs += wanted - Date.parse(`${shown.date}T${shown.time}:00Z`);
  }
  return unixMs;
}
