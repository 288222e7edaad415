// Many devices against one broker for a while: starts them, presses, waits until everything is delivered, and counts.
import { setImmediate } from "node:timers/promises";
import { createBoottime } from "../../clock/clock.ts";
import { pause } from "../../supervise/backoff.ts";
import type { UplinkTimings } from "../../uplink/uplink.ts";
import { Fault } from "../../words/errors.ts";
import { type DeviceListener, type FleetDevice, fleetConfig, startDevice, type Tally } from "./device.ts";
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

/** What the devices told so far. */
class Counts {
  readonly latenciesMs: number[] = [];
  readonly faults: Record<string, number> = {};
  firstFault: Fault | undefined;
  /** Devices that were connected at least once. */
  connected = 0;
  reconnects = 0;
  ended = false;

  listener(): DeviceListener {
    let before = false;
    return {
      acknowledged: (afterMs) => this.latenciesMs.push(afterMs),
      connected: () => {
        if (before) this.reconnects += 1;
        else this.connected += 1;
        before = true;
      },
      fault: (fault) => {
        if (this.ended) return;
        this.firstFault ??= fault;
        this.faults[fault.code] = (this.faults[fault.code] ?? 0) + 1;
      },
    };
  }
}

/**
 * Runs a fleet and ends it.
 * @throws Fault CONFIG_INVALID; the first one told, where not one device could connect within `settleMs`
 */
export async function runFleet(settings: FleetSettings): Promise<FleetReport> {
  const { devices: count, signal, progress } = settings;
  const counts = new Counts();
  const devices: FleetDevice[] = [];
  try {
    await startAll(settings, devices, counts);
    const { connected } = counts;
    if (connected === 0 && !signal.aborted)
      throw counts.firstFault ?? new Fault("BROKER_UNREACHABLE", "no device could connect, and none said why");
    progress(`${connected} of ${count} devices connected`);
    const { seconds, behindMs } = await pressAll(settings, devices);
    const memoryBytes = process.memoryUsage.rss();
    progress("everybody has pressed; waiting for what is on its way");
    const tallies = await settled(devices, settings.settleMs);
    const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
    const events = sum((tally) => tally.events);
    const sorted = Float64Array.from(counts.latenciesMs).sort();
    return {
      devices: count,
      connected,
      seconds,
      behindMs,
      events,
      eventsPerSecond: seconds === 0 ? 0 : events / seconds,
      pubackP50Ms: quantile(sorted, 0.5),
      pubackP99Ms: quantile(sorted, 0.99),
      reconnects: counts.reconnects,
      refused: sum(({ refused }) => refused),
      lost: sum(({ open }) => open),
      faults: counts.faults,
      memoryBytes,
    };
  } finally {
    counts.ended = true;
    await Promise.all(devices.map((device) => device.stop()));
  }
}

/** Starts the devices one after another and waits until all are connected, for so long as the settings allow. */
async function startAll(settings: FleetSettings, devices: FleetDevice[], counts: Counts): Promise<void> {
  const { devices: count, site, version, boot, timings = {}, signal } = settings;
  const { nowMs } = createBoottime();
  const startMs = performance.now();
  for (let n = 1; n <= count && !signal.aborted; n += 1) {
    const device = deviceName(n);
    const config = fleetConfig(site, device, settings.brokerOf(device));
    devices.push(startDevice({ config, version, boot, nowMs, timings }, counts.listener()));
    await pauseUntil(startMs + (n * 1_000) / CONNECTS_PER_SECOND, signal);
  }
  await within(settings.settleMs, signal, async () => counts.connected === count);
}

async function pressAll(
  { devices: count, perSecond, seconds, seed, signal }: FleetSettings,
  devices: readonly FleetDevice[],
): Promise<{ readonly seconds: number; readonly behindMs: number }> {
  let behindMs = 0;
  const startMs = performance.now();
  for (const { atMs, device, button } of fleetPresses(count, perSecond, seconds, seed)) {
    await pauseUntil(startMs + atMs, signal);
    if (signal.aborted) break;
    behindMs = Math.max(behindMs, performance.now() - startMs - atMs);
    devices[device]?.press(button);
  }
  await pauseUntil(startMs + seconds * 1_000, signal);
  return { seconds: (performance.now() - startMs) / 1_000, behindMs };
}

/** What became of all events, once all are delivered or `ms` are over. */
async function settled(devices: readonly FleetDevice[], ms: number): Promise<Tally[]> {
  let tallies: Tally[] = [];
  await within(ms, new AbortController().signal, async () => {
    tallies = await Promise.all(devices.map((device) => device.tally()));
    return tallies.every(({ open }) => open === 0);
  });
  return tallies;
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
