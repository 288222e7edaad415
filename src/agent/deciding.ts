// Runs the pure engine against the world: input → step → journal → effects, in this order and no other.

import type { Journal } from "../journal/journal.ts";
import type { Decision, Effect, Moment } from "../touchpoint/decision.ts";
import { type EngineSettings, type EngineState, startEngine, step, stopEngine } from "../touchpoint/engine.ts";
import { Fault } from "../words/errors.ts";
import type { Fact, Stamped } from "../words/events.ts";
import type { Input } from "../words/inputs.ts";

export interface DecidingContext {
  readonly journal: Pick<Journal, "commit">;
  readonly moment: () => Moment;
  readonly stamp: (fact: Fact, moment: Moment) => Stamped;
  readonly perform: (effect: Effect) => void;
  readonly dropped: (fault: Fault) => void;
  /** These facts are on disk. */
  readonly committed: (facts: readonly Fact[]) => void;
  /** A commit was given up: only when the journal closes. */
  readonly abandoned: (reason: unknown) => void;
}

/** What one input came to, once it is on disk. */
export interface Decided {
  readonly facts: readonly Fact[];
  /** What was not believed. */
  readonly dropped: readonly Fault[];
}

/** What must be kept with a step, told by its facts: key → JSON. */
type Also = (facts: readonly Fact[]) => Readonly<Record<string, unknown>>;

export interface Deciding {
  /** One input, one step. Returns at once, with what was not believed; effects that promise something follow the commit. */
  decide(input: Input): readonly Fault[];
  /**
   * The same for somebody who waits: resolves when the step is on disk.
   * @param also what must be kept with the step, in the same transaction
   * @throws Fault JOURNAL_WRITE where the commit was given up
   */
  decided(input: Input, also?: Also): Promise<Decided>;
  /** Facts that no touchpoint decided, such as health. */
  record(facts: readonly Fact[]): void;
  /** The last step of an orderly stop; resolves when everything decided so far is on disk. */
  stop(): Promise<void>;
}

/** @param kept what the journal kept of the last run */
export function startDeciding(
  settings: EngineSettings,
  kept: Readonly<Record<string, unknown>>,
  context: DecidingContext,
): Deciding {
  let state: EngineState;
  const carryOut = (decision: Decision, moment: Moment): Promise<boolean> => {
    for (const effect of decision.atOnce) context.perform(effect);
    for (const fault of decision.dropped) context.dropped(fault);
    const nothing =
      decision.facts.length === 0 && decision.afterCommit.length === 0 && Object.keys(decision.keep).length === 0;
    if (nothing) return Promise.resolve(true);
    const events = decision.facts.map((fact) => context.stamp(fact, moment));
    return context.journal.commit({ events, keep: decision.keep }).then(
      () => {
        for (const effect of decision.afterCommit) context.perform(effect);
        context.committed(decision.facts);
        return true;
      },
      (reason: unknown) => {
        context.abandoned(reason);
        return false;
      },
    );
  };
  const first = context.moment();
  const started = startEngine(settings, kept, first);
  state = started.state;
  void carryOut(started.decision, first);
  const take = (input: Input, also?: Also): { decision: Decision; onDisk: Promise<boolean> } => {
    const moment = context.moment();
    const { state: next, decision } = step(settings, state, input, moment);
    state = next;
    const refused = decision.facts.length === 0 && decision.dropped.length > 0;
    const whole =
      also === undefined || refused ? decision : { ...decision, keep: { ...decision.keep, ...also(decision.facts) } };
    return { decision, onDisk: carryOut(whole, moment) };
  };
  return {
    decide: (input) => take(input).decision.dropped,
    async decided(input, also) {
      const { decision, onDisk } = take(input, also);
      if (!(await onDisk)) throw new Fault("JOURNAL_WRITE", "the step did not reach the disk");
      const { facts, dropped } = decision;
      return { facts, dropped };
    },
    record(facts) {
      const moment = context.moment();
      void carryOut({ facts, keep: {}, atOnce: [], afterCommit: [], dropped: [] }, moment);
    },
    async stop() {
      const moment = context.moment();
      const stopped = stopEngine(settings, state, moment);
      state = stopped.state;
      await carryOut(stopped.decision, moment);
      await context.journal.commit({ events: [], keep: {} }).catch((reason: unknown) => context.abandoned(reason));
    },
  };
}
