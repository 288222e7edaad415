// Joins the local doors to the engine, and keeps them open.
import type { Config } from "../config/schema.ts";
import { readSecret } from "../config/secret.ts";
import type { SealAtDoor } from "../doors/bodies.ts";
import type { IntakeDeps } from "../doors/intake.ts";
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
  /** Absent: no call-back contacts are taken. */
  readonly seal?: SealAtDoor;
  readonly opened: (url: string) => void;
}

/** Runs the doors that are configured until aborted; resolves when they are shut. */
export async function runDoors(config: Config, context: DoorContext): Promise<void> {
  const { http, mqttDoor } = config.local;
  if (http === undefined && mqttDoor === undefined) return;
  const { Remembered } = await import("../doors/remembered.ts");
  const { engine, nowMs } = context;
  const deps: IntakeDeps = {
    touchpoints: config.fleet.touchpoints.map(({ id }) => id),
    // One memory for all doors: they share its slots in the journal.
    remembered: new Remembered(context.kept),
    ...(context.seal === undefined ? {} : { seal: context.seal }),
    nowMs,
    decided: (input, also) => engine.decided(input, also),
  };
  await Promise.all([runHttp(config, context, deps), runMqtt(config, context, deps)]);
}

async function runHttp({ local: { http } }: Config, context: DoorContext, deps: IntakeDeps): Promise<void> {
  if (http === undefined) return;
  const { openDoor } = await import("../doors/http.ts");
  const { health } = context;
  await keepRunning({
    signal: context.signal,
    report: health.stage("door"),
    fallback: "DOOR_PORT",
    run: async (signal, working) => {
      const door = await openDoor(http, readSecret(http.tokenFile), {
        ...deps,
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

async function runMqtt({ local }: Config, context: DoorContext, deps: IntakeDeps): Promise<void> {
  const { mqttDoor, device } = local;
  if (mqttDoor === undefined) return;
  const { serveMqttDoor } = await import("../doors/mqtt.ts");
  const { health } = context;
  const memory = { refused5: false };
  await keepRunning({
    signal: context.signal,
    report: health.stage("door:mqtt"),
    fallback: "BROKER_LOST",
    run: (signal, working) =>
      serveMqttDoor(mqttDoor, {
        ...deps,
        device,
        signal,
        memory,
        working,
        count: (name) => health.count(`door:mqtt.${name}`),
      }),
  });
}
