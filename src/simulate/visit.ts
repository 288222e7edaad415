// One customer at a till: what they do there, what the till says of it, and what is true of it afterwards.

import type { Script, Stretch } from "./script.ts";
import { CARD_READER, NPS_QUESTION, PADS, REASONS, STANDS_AT, type Till, WHY, WHY_QUESTION } from "./shop.ts";

/** What one customer thinks and does. */
export interface Visitor {
  /** On the question of the till. */
  readonly opinion: number;
  readonly does: "presses" | "screen" | "nothing";
  /** Absent: any of the till. */
  readonly pad?: string;
  /** A reason button after the rating. */
  readonly reason?: string | undefined;
  /** When their press reaches the agent, where its cable was out and the episode is told before. */
  readonly reachesMs?: number;
  readonly people?: number;
  /** The camera is covered while they stand there. */
  readonly cut?: boolean;
}

/** Presses are made from here on after they came, and until here before they go, milliseconds. */
const FIRST_MS = 4_000;
const LAST_MS = 2_500;
const REASON_AFTER_MS = 1_500;
const SALE_AFTER_MS = 3_000;

/**
 * Writes a visit of 8 s or longer that no other one at the till comes near: see `GAP_MS` in crowd.ts.
 * @returns boottime of the last press, milliseconds
 */
export function visit(script: Script, till: Till, stretch: Stretch, visitor: Visitor): number | undefined {
  const truth = script.truth[till];
  truth.opinions.push(visitor.opinion);
  script.stands(till, stretch, visitor.people);
  const presses = visitor.does === "presses";
  const claimed = presses && visitor.reachesMs === undefined && isSeen(script, till, stretch);
  if (isSeen(script, till, stretch)) {
    if (visitor.cut === true) truth.contacts.cut += 1;
    else truth.contacts[claimed ? "answered" : "silent"] += 1;
  }
  if (till === "till-1" || till === "till-4") buy(script, till, stretch.fromMs + SALE_AFTER_MS, presses);
  const card = till === "till-2" && script.chance(0.3);
  if (card) {
    const code = `99${`${script.whole(0, 999_999)}`.padStart(6, "0")}`;
    script.say({ kind: "scan", pad: CARD_READER, code, atMs: stretch.fromMs + 1_500 });
  }
  if (till === "till-3") beServed(script, stretch, presses);
  if (visitor.does === "screen") answerOnScreen(script, stretch, visitor.opinion);
  if (!presses) return undefined;
  if (card) truth.cards += 1;
  const atMs = script.whole(stretch.fromMs + FIRST_MS, stretch.toMs - LAST_MS);
  const pad = visitor.pad ?? PADS[till][script.whole(0, PADS[till].length - 1)] ?? "";
  script.press(pad, `${visitor.opinion}`, atMs, visitor.reachesMs);
  const staff = script.staffAt(till, atMs);
  truth.ratings.push({ value: visitor.opinion, unixMs: script.unixMs(atMs), staff, matched: claimed });
  if (visitor.reason === undefined) return atMs;
  truth.reasons.push(visitor.reason);
  script.press(pad, visitor.reason, atMs + REASON_AFTER_MS);
  return atMs + REASON_AFTER_MS;
}

export function isSeen(script: Script, till: Till, { fromMs }: Stretch): boolean {
  return STANDS_AT[till] !== undefined && !script.isCovered(fromMs);
}

function buy(script: Script, till: Till, atMs: number, named: boolean): void {
  const { sales } = script.truth[till];
  const transaction = script.nextSale();
  const say = (amount: number, items: number, whenMs: number): void =>
    script.say({ kind: "transaction", touchpoint: till, transaction, amount, currency: "EUR", items, atMs: whenMs });
  const items = script.whole(1, 12);
  const amount = script.whole(50, 8_000) / 100;
  // Now and then the cashier takes something off: the same number again, and the last word counts.
  const corrected = script.chance(0.02) ? { amount: amount / 2, items: items - 1 } : undefined;
  say(amount, items, atMs);
  if (corrected !== undefined) say(corrected.amount, corrected.items, atMs + 500);
  sales.count += 1;
  if (named) sales.named += 1;
  sales.amount += corrected?.amount ?? amount;
  sales.items += corrected?.items ?? items;
}

function beServed(script: Script, stretch: Stretch, rates: boolean): void {
  const { services } = script.truth["till-3"];
  const service = script.nextSale();
  const say = (action: "open" | "close", atMs: number): void =>
    script.say({ kind: "service", touchpoint: "till-3", action, service, atMs });
  say("open", stretch.fromMs + 1_000);
  // A window nobody closes is closed by the next one, or by its time limit.
  if (!script.chance(0.03)) say("close", stretch.toMs);
  services.closed += 1;
  if (rates) services.rated += 1;
}

function answerOnScreen(script: Script, { fromMs }: Stretch, opinion: number): void {
  const truth = script.truth["till-2"];
  const survey = { kind: "survey", touchpoint: "till-2" } as const;
  const value = Math.min(10, Math.max(0, opinion * 3 - 2 + script.whole(-2, 1)));
  script.say({ ...survey, action: "start", atMs: fromMs + 3_000 });
  script.say({ ...survey, action: "answer", question: NPS_QUESTION, value, atMs: fromMs + 5_500 });
  truth.nps.push(value);
  if (script.chance(0.2)) {
    script.say({ ...survey, action: "leave", atMs: fromMs + 8_000 });
    truth.surveys.abandoned += 1;
    return;
  }
  const choice = script.pick(WHY);
  script.say({ ...survey, action: "answer", question: WHY_QUESTION, choices: [choice], atMs: fromMs + 8_000 });
  truth.reasons.push(choice);
  truth.surveys.finished += 1;
}

/** What a customer thinks where nothing special is going on, and does about it. */
export function anybody(script: Script, till: Till, angry: boolean): Visitor {
  const calm = till === "till-3" ? [4, 6, 15, 35, 40] : [6, 12, 35, 47];
  const scale = till === "till-3" ? ([1, 2, 3, 4, 5] as const) : ([1, 2, 3, 4] as const);
  const opinion = script.pick<number>(scale, angry ? [80, 20, 0, 0, 0] : calm);
  const screen = till === "till-2" ? 0.15 : 0;
  const does = script.pick(["presses", "screen", "nothing"] as const, [0.6, screen, 0.4 - screen]);
  const why = opinion <= 2 && till !== "till-3" && script.chance(0.5);
  const reason = why ? script.pick(REASONS, [60, 25, 15]) : undefined;
  return { opinion, does, reason, people: script.pick([1, 2, 3] as const, [75, 20, 5]) };
}
