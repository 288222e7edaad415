// Keeps every pad running and knows which open port carries which pad.
import { openPad } from "../buttons/open.ts";
import type { PadPort } from "../buttons/pad.ts";
import type { SimulatedPad } from "../buttons/simulated.ts";
import type { PadConfig } from "../config/pads.ts";
import type { Health } from "../health/health.ts";
import { keepRunning } from "../supervise/keep-running.ts";
import type { Fault, FaultCode } from "../words/errors.ts";
import type { PadInput } from "../words/inputs.ts";

const FALLBACK: Record<PadConfig["driver"], FaultCode> = {
  serial: "SERIAL_LOST",
  gpio: "GPIO_LOST",
  onoff: "ONOFF_OPEN",
  hid: "HID_LOST",
  simulated: "PAD_UNKNOWN",
};

export interface PadsContext {
  readonly signal: AbortSignal;
  readonly health: Health;
  readonly nowMs: () => number;
  /** Random text of this start, the session of simulated pads. */
  readonly session: string;
  readonly input: (input: PadInput) => void;
  readonly dropped: (pad: string, fault: Fault) => void;
  readonly simulated: (id: string, pad: SimulatedPad) => void;
  /** A port was opened, for the first time or again: its pads show nothing yet. */
  readonly opened?: (pads: readonly string[]) => void;
}

export interface Pads {
  /** The open port that carries a pad; undefined while it is away. */
  port(pad: string): PadPort | undefined;
  /** Resolves when all pads have ended after the abort. */
  readonly ended: Promise<void>;
}

/** Ids of all pads a configured port carries. */
export function padIds(config: PadConfig): string[] {
  return config.driver === "serial" && config.pads !== undefined ? Object.values(config.pads) : [config.id];
}

export function runPads(configs: readonly PadConfig[], context: PadsContext): Pads {
  const ports = new Map<string, PadPort>();
  const runOne = async (config: PadConfig): Promise<void> => {
    const ids = padIds(config);
    await keepRunning({
      signal: context.signal,
      report: context.health.stage(`pad:${config.id}`),
      fallback: FALLBACK[config.driver],
      run: async (signal, working) => {
        const run = await openPad(config, context.session, (pad) => context.simulated(config.id, pad));
        try {
          await run({
            signal,
            nowMs: context.nowMs,
            input: context.input,
            opened: (port) => {
              for (const id of ids) ports.set(id, port);
              working();
              context.opened?.(ids);
            },
            dropped: (fault) => context.dropped(config.id, fault),
          });
        } finally {
          for (const id of ids) ports.delete(id);
        }
      },
    });
  };
  const ended = Promise.all(configs.map(runOne)).then(() => undefined);
  return { port: (pad) => ports.get(pad), ended };
}
