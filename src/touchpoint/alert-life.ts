// The life of an alert within one step: every change is an event with the next rev, kept, and told outside.
import type { AlertRule } from "../config/alerts.ts";
import type { Fault } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import type { AlertInput } from "../words/inputs.ts";
import { type AlertRecord, type AlertState, KEYS, type Rating } from "./alert-state.ts";
import type { AlertEngineSettings, AlertStep } from "./alerts.ts";
import { type Decision, type Effect, type Moment, NOTHING, utc } from "./decision.ts";
import { keepable } from "./kept-time.ts";

const nameOf = (rule: string, touchpoint: string): string => `${rule}/${touchpoint}`;

/** Collects what one step changes; the state it began with is left as it was. */
export class Changes {
  readonly #settings: AlertEngineSettings;
  readonly #moment: Moment;
  readonly #before: AlertState;
  readonly #decision: Decision;
  #state: AlertState;
  readonly #facts: Fact[] = [];
  readonly #keep: Record<string, unknown> = {};
  readonly #told: Effect[] = [];
  readonly #dropped: Fault[] = [];
  #thanks = true;
  #starting = false;
  readonly #showAgain = new Set<string>();

  constructor(settings: AlertEngineSettings, state: AlertState, moment: Moment, decision: Decision = NOTHING) {
    this.#settings = settings;
    this.#before = state;
    this.#state = state;
    this.#moment = moment;
    this.#decision = decision;
  }

  get state(): AlertState {
    return this.#state;
  }

  record(rule: string, touchpoint: string): AlertRecord | undefined {
    return this.#state.alerts[nameOf(rule, touchpoint)];
  }

  open(rule: string, touchpoint: string): AlertRecord | undefined {
    const record = this.record(rule, touchpoint);
    return record?.state === "resolved" ? undefined : record;
  }

  /** Raises an alert, or lets the open one count once more; not while the last one cools down. */
  raise(rule: AlertRule, touchpoint: string, reason: string, of: { press?: string; about?: string } = {}): void {
    const before = this.record(rule.id, touchpoint);
    const nowMs = this.#moment.ms;
    if (before !== undefined && before.state !== "resolved") {
      const about = of.about === undefined || before.about.includes(of.about) ? [] : [of.about];
      this.#change({ ...before, reason, count: before.count + 1, about: [...before.about, ...about] });
      return;
    }
    if (before?.resolvedMs !== undefined && nowMs - before.resolvedMs < rule.cooldownS * 1000) return;
    this.#change({
      key: this.#moment.newId(this.#moment.unixMs),
      rule: rule.id,
      touchpoint,
      rev: 0,
      state: "raised",
      reason,
      count: 1,
      raisedMs: nowMs,
      acknowledged: false,
      missed: [],
      about: of.about === undefined ? [] : [of.about],
      ...(of.press === undefined ? {} : { press: of.press }),
      changedMs: nowMs,
    });
  }

  acknowledge(record: AlertRecord, { by, via }: AlertInput): void {
    this.#change({ ...record, state: "acknowledged", acknowledged: true, by, via });
  }

  /** @param input who resolved it; without, the rule did, because what it rested on is over */
  resolve(record: AlertRecord, cause: string | undefined, input?: AlertInput): void {
    const { by: _by, cause: _cause, ...rest } = record;
    this.#change({
      ...rest,
      state: "resolved",
      resolvedMs: this.#moment.ms,
      about: [],
      via: input?.via ?? "rule",
      ...(input === undefined ? {} : { by: input.by }),
      ...(cause === undefined ? {} : { cause }),
    });
  }

  /** `subject` is no ground for an alert any more; one that has no other ground is resolved. */
  release(touchpoint: string, subject: string, cause: string): void {
    for (const record of Object.values(this.#state.alerts)) {
      if (record.touchpoint !== touchpoint || !record.about.includes(subject)) continue;
      const about = record.about.filter((other) => other !== subject);
      if (about.length === 0) this.resolve(record, cause);
      else this.#set(record, { ...record, about });
    }
  }

  /** Escalates what was not acknowledged, or not resolved, within its rule's limits; each limit once. */
  remind(record: AlertRecord, rule: AlertRule): void {
    const ageMs = this.#moment.ms - record.raisedMs;
    const missed: AlertRecord["missed"][number][] = [];
    const late = (limit: "react" | "resolve", limitS: number | undefined): void => {
      if (limitS !== undefined && ageMs >= limitS * 1000 && !record.missed.includes(limit)) missed.push(limit);
    };
    if (!record.acknowledged) late("react", rule.escalateAfterS);
    late("resolve", rule.resolveWithinS);
    if (missed.length === 0) return;
    const what = missed.includes("resolve")
      ? `not resolved within ${rule.resolveWithinS} s`
      : `not acknowledged within ${rule.escalateAfterS} s`;
    const reason = `${record.reason}; ${what}`;
    this.#change({ ...record, state: "escalated", missed: [...record.missed, ...missed] }, reason);
  }

  /** The latest word on an alert once more: whether it got out before the restart nobody knows. */
  tellAgain(record: AlertRecord): void {
    this.#starting = true;
    this.#told.push({ kind: "notify", alert: this.#fact(record) });
  }

  refuse(fault: Fault): void {
    this.#dropped.push(fault);
    this.#thanks = false;
  }

  forget(key: string): void {
    this.#keep[key] = null;
  }

  drop(name: string): void {
    const { [name]: _gone, ...alerts } = this.#state.alerts;
    this.#state = { ...this.#state, alerts };
    this.forget(KEYS.alert + name);
  }

  /** The lamp was turned off for another reason. */
  showAgain(pad: string): void {
    this.#showAgain.add(pad);
  }

  setRatings(touchpoint: string, ratings: readonly Rating[]): void {
    const before = this.#state.ratings[touchpoint] ?? [];
    for (const rating of before) if (!ratings.includes(rating)) this.#keep[KEYS.rating + rating.id] = null;
    for (const rating of ratings)
      if (!before.includes(rating)) this.#keep[KEYS.rating + rating.id] = keepable(rating, this.#moment);
    this.#state = { ...this.#state, ratings: { ...this.#state.ratings, [touchpoint]: ratings } };
  }

  setPressed(touchpoint: string, atMs: number): void {
    this.#state = { ...this.#state, pressedMs: { ...this.#state.pressedMs, [touchpoint]: atMs } };
    this.#keep[KEYS.pressed + touchpoint] = keepable({ atMs }, this.#moment);
  }

  setAway(camera: string, sinceMs: number | undefined): void {
    const { [camera]: _before, ...others } = this.#state.awayMs;
    const awayMs = sinceMs === undefined ? others : { ...others, [camera]: sinceMs };
    this.#state = { ...this.#state, awayMs };
    this.#keep[KEYS.camera + camera] = sinceMs === undefined ? null : keepable({ atMs: sinceMs }, this.#moment);
  }

  setUnwell(button: string, isUnwell: boolean): void {
    const others = this.#state.unwell.filter((other) => other !== button);
    this.#state = { ...this.#state, unwell: isUnwell ? [...others, button] : others };
  }

  /** The state after the step, and what was decided before with what alerts add. */
  end(): AlertStep {
    const lamps = this.#lamps();
    const { facts, keep, atOnce, afterCommit, dropped } = this.#decision;
    if (this.#state === this.#before && this.#told.length + this.#dropped.length + lamps.length === 0)
      return Object.keys(this.#keep).length === 0
        ? { state: this.#state, decision: this.#decision }
        : { state: this.#state, decision: { ...this.#decision, keep: { ...keep, ...this.#keep } } };
    const promised = this.#thanks ? afterCommit : afterCommit.filter((effect) => !isThanks(effect));
    return {
      state: this.#state,
      decision: {
        facts: [...facts, ...this.#facts],
        keep: { ...keep, ...this.#keep },
        atOnce,
        // A lamp's lasting pattern first: `thanks` interrupts it and gives it back.
        afterCommit: [...lamps, ...promised, ...this.#told],
        dropped: [...dropped, ...this.#dropped],
      },
    };
  }

  #change(next: AlertRecord, reason = next.reason): void {
    const before = this.record(next.rule, next.touchpoint);
    const isNews = before === undefined || before.key !== next.key || before.state !== next.state;
    const nowMs = this.#moment.ms;
    const record = { ...next, rev: next.rev + 1, ...(isNews ? { changedMs: nowMs } : {}) };
    this.#set(next, record);
    const fact = this.#fact({ ...record, reason });
    this.#facts.push(fact);
    if (isNews || next.missed.length !== before?.missed.length) this.#told.push({ kind: "notify", alert: fact });
  }

  #set({ rule, touchpoint }: AlertRecord, record: AlertRecord): void {
    const name = nameOf(rule, touchpoint);
    this.#state = { ...this.#state, alerts: { ...this.#state.alerts, [name]: record } };
    this.#keep[KEYS.alert + name] = keepable(record, this.#moment);
  }

  #fact(record: AlertRecord): Extract<Fact, { type: "alert" }> {
    const { key, rule, touchpoint, rev, state, reason, count, raisedMs, by, via, cause, press } = record;
    return {
      type: "alert",
      id: this.#moment.newId(this.#moment.unixMs),
      touchpoint,
      atMs: this.#moment.ms,
      data: {
        key,
        rev,
        state,
        rule,
        reason,
        count,
        raisedAt: utc(this.#moment, raisedMs),
        ageMs: Math.max(0, Math.round(this.#moment.ms - raisedMs)),
        ...(by === undefined ? {} : { by }),
        ...(via === undefined ? {} : { via }),
        ...(cause === undefined ? {} : { cause }),
        ...(press === undefined ? {} : { press }),
      },
    };
  }

  /** What lamps show from now on. At a start all of those that are on are said. */
  #lamps(): Effect[] {
    const attended = (state: AlertState, touchpoint: string): boolean =>
      Object.values(state.alerts).some((one) => one.touchpoint === touchpoint && one.state !== "resolved");
    return this.#settings.touchpoints.flatMap(({ id, pads }) => {
      const lamps = pads.filter((pad) => this.#settings.alerts?.settings.lamps?.includes(pad) ?? true);
      const on = attended(this.#state, id);
      const show = (pad: string): Effect => ({ kind: "indicate", pad, pattern: on ? "attention" : this.#rest(pad) });
      const again = on ? lamps.filter((pad) => this.#showAgain.has(pad)).map(show) : [];
      const changed = on !== attended(this.#before, id) || (this.#starting && on);
      return changed ? lamps.map(show) : again;
    });
  }

  /** A button that is not well keeps its pad's lamp at `error`. */
  #rest(pad: string): "error" | "off" {
    return this.#state.unwell.some((button) => button.startsWith(`${pad}/`)) ? "error" : "off";
  }
}

function isThanks(effect: Effect): boolean {
  return effect.kind === "indicate" && effect.pattern === "thanks";
}
