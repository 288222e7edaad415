// Lives a planned day: its inputs through the engine of the agent, on the simulated clocks, to stamped events.
import { v4 as uuidv4 } from "uuid";
import { stampFact } from "../agent/stamp.ts";
import type { Config } from "../config/schema.ts";
import type { Decision, Moment } from "../touchpoint/decision.ts";
import { type EngineState, startEngine, step, stopEngine } from "../touchpoint/engine.ts";
import { engineSettings } from "../touchpoint/settings.ts";
import type { Envelope, Fact, Stamped } from "../words/events.ts";
import { BOOT, simulatedClocks } from "./clocks.ts";
import type { Plan } from "./plan.ts";
import { seededRandom } from "./random.ts";
import { cardHash } from "./shop.ts";

/** What one step wants on disk. */
export interface LivedStep {
  readonly events: readonly Stamped[];
  readonly keep: Readonly<Record<string, unknown>>;
}

/** @returns the steps that say or keep something, in their order */
export function liveDay(plan: Plan, config: Config): LivedStep[] {
  const { site, device, timezone: tz } = config.local;
  const settings = engineSettings(config, cardHash);
  const clocks = simulatedClocks(plan.bootUnixMs, plan.seed);
  const steps: LivedStep[] = [];
  const stamp = (fact: Fact): Stamped => stampFact(fact, { site, device, tz, boot: BOOT, timeOf: clocks.timeOf });
  const look = (atMs: number): Moment => {
    const { moment, repairs } = clocks.look(atMs);
    // As if all had been sent before: then only a `clock` event can repair it.
    const events = repairs.map((data) =>
      stamp({ type: "clock", id: moment.newId(moment.unixMs), atMs: moment.ms, data }),
    );
    if (events.length > 0) steps.push({ events, keep: {} });
    return moment;
  };
  const take = ({ state: next, decision }: { state: EngineState; decision: Decision }): void => {
    state = next;
    if (decision.facts.length > 0 || Object.keys(decision.keep).length > 0)
      steps.push({ events: decision.facts.map(stamp), keep: decision.keep });
  };
  const started = startEngine(settings, {}, look(plan.span.fromMs));
  let state = started.state;
  take(started);
  for (const { atMs, input } of plan.inputs) take(step(settings, state, input, look(atMs)));
  take(stopEngine(settings, state, look(plan.span.toMs)));
  return steps;
}

/** As the journal numbers them; the stream is made of the seed, so that the same day is the same events. */
export function numbered(steps: readonly LivedStep[], seed: number): Envelope[] {
  const random = seededRandom(seed);
  const stream = uuidv4({ random: Uint8Array.from({ length: 16 }, () => random() * 256) });
  return steps.flatMap(({ events }) => events).map((event, i) => ({ ...event, stream, seq: i + 1 }));
}
