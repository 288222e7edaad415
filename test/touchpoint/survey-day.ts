// A day of questionnaires for the tests: the whole engine, a clock to turn, a journal in memory, and restarts.
import { type Config, type ConfigInput, Config as Schema } from "../../src/config/schema.ts";
import { expandSurvey } from "../../src/config/surveys.ts";
import type { Decision, Moment } from "../../src/touchpoint/decision.ts";
import { type EngineSettings, type EngineState, startEngine, step } from "../../src/touchpoint/engine.ts";
import { shown } from "../../src/touchpoint/surveys.ts";
import type { EventType, Fact } from "../../src/words/events.ts";
import { EVENT_DATA } from "../../src/words/events.ts";
import type { Input, SurveyInput } from "../../src/words/inputs.ts";
import { keepInto } from "./keep.ts";

type FleetInput = ConfigInput["fleet"];

export function configOf(fleet: FleetInput): Config {
  const pads = [...new Set(fleet.touchpoints.flatMap((touchpoint) => touchpoint.pads ?? []))];
  const local = { device: "d", site: "s", pads: pads.map((id) => ({ id, driver: "simulated" as const })) };
  return Schema.parse({ version: 1, local, fleet });
}

export function createSurveyDay(fleet: FleetInput, timezone = "UTC") {
  const config = configOf(fleet);
  const settings: EngineSettings = {
    touchpoints: config.fleet.touchpoints,
    mood: undefined,
    surveys: { surveys: config.fleet.surveys.map(expandSurvey), timezone },
  };
  let ms = 1_000_000;
  let offsetMs = Date.UTC(2026, 10, 22, 9);
  let boot = "b1";
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };
  const moment = (): Moment => ({ ms, unixMs: offsetMs + ms, clock: "synced", boot, newId });
  const facts: Fact[] = [];
  let kept: Record<string, unknown> = {};
  let state: EngineState;
  const take = (next: { state: EngineState; decision: Decision }): Decision => {
    state = next.state;
    for (const fact of next.decision.facts) {
      EVENT_DATA[fact.type].parse(fact.data);
      facts.push(fact);
    }
    keepInto(kept, next.decision.keep);
    return next.decision;
  };
  state = startEngine(settings, kept, moment()).state;
  const decide = (input: Input): Decision => take(step(settings, state, input, moment()));
  const decideSurvey = (input: Partial<SurveyInput> & Pick<SurveyInput, "action">): string[] =>
    decide({ kind: "survey", touchpoint: "t", atMs: ms, ...input }).dropped.map(({ code }) => code);
  return {
    facts,
    config,
    decide,
    survey: decideSurvey,
    of: <T extends EventType>(type: T) =>
      facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type),
    press: (
      button: string,
      { counter, agoMs = 0, pad = "p" }: { counter?: number; agoMs?: number; pad?: string } = {},
    ) =>
      decide({
        kind: "press",
        pad,
        button,
        atMs: ms - agoMs,
        ...(counter === undefined ? {} : { ref: { port: "x", pad, session: "s", counter } }),
      }),
    shown: (touchpoint = "t") => shown(state.products.surveys, touchpoint),
    kept: () => kept,
    keep: (more: Record<string, unknown>) => {
      kept = { ...kept, ...more };
    },
    /** Time passes; a tick at its end. */
    pass: (forMs: number) => {
      ms += forMs;
      return decide({ kind: "tick", atMs: ms });
    },
    /** Time passes, and nobody looks. */
    wait: (forMs: number) => {
      ms += forMs;
    },
    /** The agent ends and starts again; with `anew` the whole machine does, and boottime begins at a minute. */
    restart: (awayMs = 0, anew = false, other: FleetInput | undefined = undefined) => {
      ms += awayMs;
      if (anew) {
        offsetMs += ms - 60_000;
        ms = 60_000;
        boot += "+";
      }
      const { touchpoints, surveys } = (other === undefined ? config : configOf(other)).fleet;
      return take(
        startEngine(
          { ...settings, touchpoints, surveys: { surveys: surveys.map(expandSurvey), timezone } },
          structuredClone(kept),
          moment(),
        ),
      );
    },
  };
}
