// Many devices against one broker for a while: starts them, presses, waits until everything is delivered, and counts.
import { setImmediate } from "node:timers/promises";
import { createBoottime } from "../../clock/clock.ts";
import { pause } from "../../supervise/backoff.ts";
import type { UplinkTimings } from "../../uplink/uplink.ts";
import { Fault } from "../../words/errors.ts";
import { type FleetDevice, fleetConfig, startDevice } from "./device.ts";
import { fleetPresses } from "./presses.ts";

export interface FleetSettings {
  readonly devices: number;
  /** Mean presses of one device, each second. */
  readonly perSecond: number;
  /** How long is pressed, once all are connected. */
  readonly seconds: number;
  readonly seed: number;
  readonly site: string;
  /** Settings of the broker for one device, as in a configuration file. */
  readonly brokerOf: (device: string) => object;
  readonly version: string;
  readonly boot: string;
  /** Ends the pressing early; what was pressed is still delivered. */
  readonly signal: AbortSignal;
  /** Longest wait for all devices to be connected, and for everything to be delivered, milliseconds. */
  readonly settleMs: number;
  readonly progress: (line: string) => void;
  readonly timings?: Partial<UplinkTimings>;
}

export interface FleetReport {
  readonly devices: number;
  /** Devices that were connected when the pressing began. */
  readonly connected: number;
  /** How long was pressed, seconds. */
  readonly seconds: number;
  /** Most that a press came after its time, milliseconds: this machine is then too slow for the load that was asked for. */
  readonly behindMs: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  /** From press to the first PUBACK, milliseconds; null where none came. */
  readonly pubackP50Ms: number | null;
  readonly pubackP99Ms: number | null;
  /** Connections after the first of each device. */
  readonly reconnects: number;
  /** Events that the broker refused for good. */
  readonly refused: number;
  /** Events not delivered: without PUBACK or refused, or without the server's `ack` where that is what counts. */
  readonly lost: number;
  /** How often each fault was told. */
  readonly faults: Readonly<Record<string, number>>;
  /** Resident memory of this process at the end of the pressing, bytes. */
  readonly memoryBytes: number;
}

/** Connections begun each second: what a broker takes without queueing them. */
const CONNECTS_PER_SECOND = 200;
const LOOK_MS = 50;

/** Name of a device, from 1. */
export function deviceName(n: number): string {
  return `sim-${String(n).padStart(5, "0")}`;
}

/**
 * Runs a fleet and ends it.
 * @throws Fault CONFIG_INVALID; the first one told, where not one device could connect within `settleMs`
 */
export async function runFleet(settings: FleetSettings): Promise<FleetReport> {
  const { devices: count, signal, progress } = settings;
  const latencies: number[] = [];
  const faults: Record<string, number> = {};
  const devices: FleetDevice[] = [];
  let firstFault: Fault | undefined;
  let connections = 0;
  let connected = 0;
  let ended = false;
  try {
    const boottime = createBoottime();
    const beganMs = performance.now();
    for (let n = 1; n <= count && !signal.aborted; n += 1) {
      const device = deviceName(n);
      let once = false;
      devices.push(
        startDevice(
          {
            config: fleetConfig(settings.site, device, settings.brokerOf(device)),
            version: settings.version,
            boot: settings.boot,
            nowMs: boottime.nowMs,
            timings: settings.timings ?? {},
          },
          {
            acknowledged: (afterMs) => latencies.push(afterMs),
            connected() {
              if (!once) connected += 1;
              once = true;
              connections += 1;
            },
            fault(fault) {
              if (ended) return;
              firstFault ??= fault;
              faults[fault.code] = (faults[fault.code] ?? 0) + 1;
            },
          },
        ),
      );
      await pauseUntil(beganMs + (n * 1_000) / CONNECTS_PER_SECOND, signal);
    }
    await within(settings.settleMs, signal, async () => connected === count);
    if (connected === 0 && count > 0 && !signal.aborted)
      throw firstFault ?? new Fault("BROKER_UNREACHABLE", "no device could connect, and none said why");
    progress(`${connected} of ${count} devices connected`);
    const connectedAtStart = connected;

    let behindMs = 0;
    const startMs = performance.now();
    for (const { atMs, device, button } of fleetPresses(count, settings.perSecond, settings.seconds, settings.seed)) {
      await pauseUntil(startMs + atMs, signal);
      if (signal.aborted) break;
      behindMs = Math.max(behindMs, performance.now() - startMs - atMs);
      devices[device]?.press(button);
    }
    await pauseUntil(startMs + settings.seconds * 1_000, signal);
    const seconds = (performance.now() - startMs) / 1_000;
    const memoryBytes = process.memoryUsage.rss();
    progress("everybody has pressed; waiting for what is on its way");

    const never = new AbortController().signal;
    let tallies = await Promise.all(devices.map((device) => device.tally()));
    await within(settings.settleMs, never, async () => {
      tallies = await Promise.all(devices.map((device) => device.tally()));
      return tallies.every(({ open }) => open === 0);
    });
    const sum = (of: (tally: (typeof tallies)[number]) => number): number =>
      tallies.reduce((total, tally) => total + of(tally), 0);
    const events = sum((tally) => tally.events);
    const sorted = Float64Array.from(latencies).sort();
    return {
      devices: count,
      connected: connectedAtStart,
      seconds,
      behindMs,
      events,
      eventsPerSecond: seconds === 0 ? 0 : events / seconds,
      pubackP50Ms: quantile(sorted, 0.5),
      pubackP99Ms: quantile(sorted, 0.99),
      reconnects: connections - connected,
      refused: sum(({ refused }) => refused),
      lost: sum(({ open }) => open),
      faults,
      memoryBytes,
    };
  } finally {
    ended = true;
    await Promise.all(devices.map((device) => device.stop()));
  }
}

/** The smallest value that at least `share` of them do not exceed (nearest rank); null of none. */
function quantile(sorted: Float64Array, share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

/** Whoever is late lets the sockets have their turn all the same. */
async function pauseUntil(atMs: number, signal: AbortSignal): Promise<void> {
  const leftMs = atMs - performance.now();
  if (leftMs >= 1) await pause(leftMs, signal);
  else await setImmediate();
}

/** Waits for `done`, at most `ms`. */
async function within(ms: number, signal: AbortSignal, done: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + ms;
  while (!(await done()) && performance.now() < endMs && !signal.aborted) await pause(LOOK_MS, signal);
}
