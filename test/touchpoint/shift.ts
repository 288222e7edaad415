// A touchpoint under alerts and fair play for the tests: a clock to turn, restarts, and everything that was said.
import type { z } from "zod";
import { AlertSettings } from "../../src/config/alerts.ts";
import { FairPlaySettings } from "../../src/config/fair-play.ts";
import { TouchpointConfig } from "../../src/config/schema.ts";
import { OpeningHours } from "../../src/config/weekly.ts";
import type { Decision, Moment } from "../../src/touchpoint/decision.ts";
import { type EngineSettings, startEngine, step } from "../../src/touchpoint/engine.ts";
import type { EventType, Fact } from "../../src/words/events.ts";
import type { AlertInput, Input } from "../../src/words/inputs.ts";
import { CHECKOUT } from "./day.ts";
import { keepInto } from "./keep.ts";

export const MONDAY_NOON = Date.UTC(2026, 10, 23, 12);

export interface ShiftOptions {
  readonly alerts?: z.input<typeof AlertSettings>;
  readonly fairPlay?: z.input<typeof FairPlaySettings>;
  readonly pads?: string[];
  readonly zone?: boolean;
  readonly openingHours?: z.input<typeof OpeningHours>;
}

export function createShift({ alerts, fairPlay, pads = ["p1"], zone = true, openingHours = [] }: ShiftOptions = {}) {
  const { zone: door, ...place } = { ...CHECKOUT, pads };
  const settings: EngineSettings = {
    touchpoints: [TouchpointConfig.parse(zone ? { ...place, zone: door } : place)],
    mood: undefined,
    openingHours: OpeningHours.parse(openingHours),
    ...(alerts === undefined ? {} : { alerts: { settings: AlertSettings.parse(alerts), timeZone: "Europe/Vilnius" } }),
    ...(fairPlay === undefined ? {} : { fairPlay: FairPlaySettings.parse(fairPlay) }),
  };
  let ms = 1_000_000;
  let offsetMs = MONDAY_NOON - ms;
  let boot = "b1";
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${String(ids).padStart(6, "0")}`;
  };
  const moment = (): Moment => ({ ms, unixMs: ms + offsetMs, clock: "synced", boot, newId });
  const facts: Fact[] = [];
  const timeline: { readonly atMs: number; readonly fact: Fact }[] = [];
  const decisions: Decision[] = [];
  let keep: Record<string, unknown> = {};
  const take = <T>({ state: next, decision }: { state: T; decision: Decision }): T => {
    facts.push(...decision.facts);
    timeline.push(...decision.facts.map((fact) => ({ atMs: fact.atMs + offsetMs, fact })));
    decisions.push(decision);
    keepInto(keep, decision.keep);
    return next;
  };
  let state = take(startEngine(settings, keep, moment()));
  const decide = (input: Input): Decision => {
    state = take(step(settings, state, input, moment()));
    return decisions[decisions.length - 1] as Decision;
  };
  return {
    settings,
    facts,
    timeline,
    decisions,
    decide,
    kept: () => keep,
    nowMs: () => ms,
    of: <T extends EventType>(type: T) =>
      facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type),
    press: (button: string, counter?: number, pad = "p1") => {
      const ref = counter === undefined ? {} : { ref: { port: "/dev/pad", pad, session: "s1", counter } };
      return decide({ kind: "press", pad, button, atMs: ms, ...ref });
    },
    pass: (forMs: number, stepMs = 1_000) => {
      for (const end = ms + forMs; ms < end; ) {
        ms = Math.min(end, ms + stepMs);
        decide({ kind: "tick", atMs: ms });
      }
    },
    say: (action: AlertInput["action"], more: Partial<AlertInput> = {}) =>
      decide({ kind: "alert", action, by: "ana", via: "mqtt", atMs: ms, ...more }),
    condition: (button: string, condition: "stuck" | "chatter" | "ok") =>
      decide({ kind: "condition", pad: "p1", button, condition, atMs: ms }),
    camera: (live: boolean, cause?: "paused") =>
      decide({ kind: "camera", camera: "door", live, ...(cause === undefined ? {} : { cause }), atMs: ms }),
    /** Frames ten times a second with `people` in the zone. */
    watch: (forMs: number, people: number) => {
      for (const end = ms + forMs; ms < end; ) {
        ms += 100;
        const persons = Array.from({ length: people }, () => ({
          box: [0.4, 0.4, 0.1, 0.1] as [number, number, number, number],
          score: 0.9,
        }));
        decide({ kind: "seen", camera: "door", atMs: ms, faces: [], persons });
        decide({ kind: "tick", atMs: ms });
      }
    },
    /** The agent ends without a word and starts again, in the same boot or, with another boottime, in the next. */
    restart: (reboot?: { readonly offMs: number }): Decision => {
      if (reboot !== undefined) {
        const unixMs = ms + offsetMs + reboot.offMs;
        ms = 5_000;
        offsetMs = unixMs - ms;
        boot = `${boot}'`;
      }
      keep = JSON.parse(JSON.stringify(keep)) as Record<string, unknown>;
      state = take(startEngine(settings, keep, moment()));
      return decisions[decisions.length - 1] as Decision;
    },
    /** What was said of alerts, shortly: state, rev and count. */
    story: () =>
      facts.flatMap((fact) =>
        fact.type === "alert" ? [`${fact.data.state} ${fact.data.rev} ×${fact.data.count}`] : [],
      ),
  };
}

export type Shift = ReturnType<typeof createShift>;
