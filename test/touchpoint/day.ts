// A small day at one touchpoint for the tests: settings, a clock to turn, and everything the engine said.
import { type ConfigInput, TouchpointConfig } from "../../src/config/schema.ts";
import type { Decision, Moment } from "../../src/touchpoint/decision.ts";
import { type EngineSettings, type EngineState, startEngine, step, stopEngine } from "../../src/touchpoint/engine.ts";
import type { EventType, Fact } from "../../src/words/events.ts";
import type { FaceSeen, Input } from "../../src/words/inputs.ts";
import { keepInto } from "./keep.ts";

type TouchpointInput = ConfigInput["fleet"]["touchpoints"][number];

export const CHECKOUT: TouchpointInput = {
  id: "checkout",
  pads: ["p1"],
  question: { id: "visit", version: 2, min: 1, max: 4, buttons: { "1": 1, "2": 2, "3": 3, "4": 4, slow: null } },
  zone: { camera: "door", dwellMs: 1000, graceMs: 1000, preMs: 2000, postMs: 3000 },
};

/** @param x left edge, share of the frame */
export function face(smile = 0.9, x = 0.4): FaceSeen {
  return { box: [x, 0.4, 0.1, 0.1], score: 0.9, expression: { happiness: smile, neutral: 1 - smile } };
}

export function createDay(
  touchpoints: readonly TouchpointInput[] = [CHECKOUT],
  mood?: EngineSettings["mood"],
  kept: Record<string, unknown> = {},
  clock: Partial<Pick<Moment, "boot" | "clock">> & { readonly startsMs?: number } = {},
  more: Pick<EngineSettings, "hash" | "timezone" | "alerts" | "openingHours" | "cameras"> = {},
) {
  const settings: EngineSettings = {
    touchpoints: touchpoints.map((one) => TouchpointConfig.parse(one)),
    mood,
    ...more,
  };
  let ms = 1_000_000;
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };
  const { startsMs = Date.UTC(2026, 10, 22, 9), ...known } = clock;
  const moment = (): Moment => ({ ms, unixMs: startsMs + ms, clock: "synced", boot: "b1", ...known, newId });
  const facts: Fact[] = [];
  const decisions: Decision[] = [];
  const keep: Record<string, unknown> = { ...kept };
  const take = ({ state: next, decision }: { state: EngineState; decision: Decision }): Decision => {
    state = next;
    facts.push(...decision.facts);
    decisions.push(decision);
    keepInto(keep, decision.keep);
    return decision;
  };
  const started = startEngine(settings, kept, moment());
  let state = started.state;
  take(started);
  const decide = (input: Input): Decision => take(step(settings, state, input, moment()));
  return {
    /** What was decided at the start. */
    first: started.decision,
    facts,
    decisions,
    keep,
    decide,
    of: <T extends EventType>(type: T) =>
      facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type),
    nowMs: () => ms,
    /** Turns the clock, with no tick. */
    setMs: (to: number) => {
      ms = to;
    },
    press: (button: string, counter?: number, session = "s1", pad = "p1") =>
      decide({
        kind: "press",
        pad,
        button,
        atMs: ms,
        ...(counter === undefined ? {} : { ref: { port: "/dev/pad", pad, session, counter } }),
      }),
    /** Ten frames a second for `forMs`, each with `faces`, and a tick beside each. */
    watch: (forMs: number, faces: readonly FaceSeen[], camera = "door") => {
      for (const end = ms + forMs; ms < end; ) {
        ms += 100;
        decide({ kind: "seen", camera, atMs: ms, faces: [...faces], persons: [] });
        decide({ kind: "tick", atMs: ms });
      }
    },
    pass: (forMs: number) => {
      for (const end = ms + forMs; ms < end; ) {
        ms = Math.min(end, ms + 200);
        decide({ kind: "tick", atMs: ms });
      }
    },
    stop: () => take(stopEngine(settings, state, moment())),
  };
}
