// Joins the local HTTP door to the engine, and keeps it open.
import type { Config } from "../config/schema.ts";
import { readSecret } from "../config/secret.ts";
import type { Health } from "../health/health.ts";
import { keepRunning } from "../supervise/keep-running.ts";
import type { Deciding } from "./deciding.ts";

export interface DoorContext {
  readonly signal: AbortSignal;
  readonly engine: Pick<Deciding, "decided">;
  readonly health: Health;
  readonly nowMs: () => number;
  /** What the journal kept of the last run. */
  readonly kept: Readonly<Record<string, unknown>>;
  readonly opened: (url: string) => void;
}

/** Runs the door until aborted, where one is configured; resolves when it is shut. */
export async function runDoor({ local, fleet }: Config, context: DoorContext): Promise<void> {
  const { http } = local;
  if (http === undefined) return;
  const { openDoor } = await import("../doors/http.ts");
  const { Remembered } = await import("../doors/remembered.ts");
  const { engine, health, nowMs } = context;
  const remembered = new Remembered(context.kept);
  await keepRunning({
    signal: context.signal,
    report: health.stage("door"),
    fallback: "DOOR_PORT",
    run: async (signal, working) => {
      const door = await openDoor(http, readSecret(http.tokenFile), {
        touchpoints: fleet.touchpoints.map(({ id }) => id),
        remembered,
        nowMs,
        decided: (input, also) => engine.decided(input, also),
        health: () => health.snapshot(),
        count: (name) => health.count(`door.${name}`),
      });
      working();
      context.opened(door.url);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await door.close();
    },
  });
}
