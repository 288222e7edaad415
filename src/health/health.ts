// Health: what state each stage is in, and what was counted; says so only when something changed.
import type { StageReport, StageState } from "../supervise/keep-running.ts";
import type { Fault } from "../words/errors.ts";

export interface StageHealth {
  readonly state: StageState;
  /** Boottime milliseconds of the last change. */
  readonly sinceMs: number;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
}

export interface HealthSnapshot {
  readonly stages: Readonly<Record<string, StageHealth>>;
  readonly counters: Readonly<Record<string, number>>;
}

export interface Health {
  /** The report function of one stage. */
  stage(name: string): StageReport;
  /** Adds to a counter, after the act it counts. */
  count(name: string, by?: number): void;
  snapshot(): HealthSnapshot;
  /** True while no stage is degraded. */
  good(): boolean;
}

/** `changed` is called once per change of a stage's state or of its fault. */
export function createHealth(nowMs: () => number, changed: (stage: string, health: StageHealth) => void): Health {
  const stages = new Map<string, StageHealth>();
  const counters = new Map<string, number>();
  const report = (name: string, state: StageState, fault?: Fault): void => {
    const before = stages.get(name);
    if (before?.state === state && before.code === fault?.code && before.message === fault?.message) return;
    const details = fault === undefined ? {} : { code: fault.code, message: fault.message, hint: fault.hint };
    const health: StageHealth = { state, sinceMs: nowMs(), ...details };
    stages.set(name, health);
    changed(name, health);
  };
  return {
    stage: (name) => (state, fault) => report(name, state, fault),
    count: (name, by = 1) => void counters.set(name, (counters.get(name) ?? 0) + by),
    snapshot: () => ({ stages: Object.fromEntries(stages), counters: Object.fromEntries(counters) }),
    good: () => [...stages.values()].every(({ state }) => state !== "degraded"),
  };
}
