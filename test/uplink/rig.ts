// What the uplink's tests share: settings, presses, an uplink under test and a subscriber that notes what arrives.
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { v7 as uuidv7 } from "uuid";
import { vi } from "vitest";
import { CommandsConfig } from "../../src/config/commands.ts";
import type { BrokerConfig } from "../../src/config/schema.ts";
import type { StageState } from "../../src/supervise/keep-running.ts";
import { type Rights, rightsOf } from "../../src/uplink/rights.ts";
import { RetainedStates } from "../../src/uplink/states.ts";
import { runUplink, type UplinkDeps, type UplinkSettings, type UplinkTimings } from "../../src/uplink/uplink.ts";
import type { Fault } from "../../src/words/errors.ts";
import type { EventData, EventType, Stamped } from "../../src/words/events.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import { mosquittoProgram } from "../fakes/mosquitto.ts";

/** Waits for a condition, bounded; never a fixed time. */
export const until = (condition: () => boolean | Promise<boolean>, timeout = 30_000): Promise<unknown> =>
  vi.waitUntil(condition, { timeout, interval: 5 });

export const mosquittoAbsent = mosquittoProgram() === undefined;

/** Quick to come back, so that a test of an outage takes seconds. */
export const QUICK: Partial<UplinkTimings> = {
  backoff: { firstMs: 20, maxMs: 200, stableAfterMs: 10_000 },
  patience: { taken: { firstMs: 400, maxMs: 800, stableAfterMs: 10_000 }, busyMs: 20 },
  connackMs: 2_000,
  rememberedMs: 200,
  deliveryMs: 20,
  renewalMs: 20,
};

export const DEVICE = "till-03";
export const PLACE = { site: "vno-akropolis", device: DEVICE };
export const ROOT = `touchpoint/v1/vno-akropolis/${DEVICE}`;

/** What holds where the configuration says nothing of commands. */
export const NO_PRINCIPALS: CommandsConfig = CommandsConfig.parse({});
export const ANYBODY: Rights = rightsOf(NO_PRINCIPALS);

export const auditEvent = (data: EventData["audit"]): Stamped => ({ ...stamped("audit", 0), data });

export function brokerSettings(url: string, more: Partial<BrokerConfig> = {}): BrokerConfig {
  return {
    url,
    prefix: "touchpoint/v1",
    keepaliveS: 30,
    window: 64,
    protocol: "auto",
    moveTo: [],
    confirm: "puback",
    resendAfterS: 300,
    ...more,
  };
}

export function uplinkSettings(url: string, more: Partial<BrokerConfig> = {}): UplinkSettings {
  return {
    ...PLACE,
    broker: brokerSettings(url, more),
    commands: NO_PRINCIPALS,
    version: "0.0.0-test",
    boot: "6f1c9a2e",
  };
}

/** An event as a touchpoint would hand it to the journal; `note` goes into its data. */
export function stamped(type: EventType, note: unknown): Stamped {
  return {
    v: 1,
    id: uuidv7(),
    type,
    time: "2026-11-22T09:14:07.311Z",
    tz: "Europe/Vilnius",
    clock: "synced",
    boot: "6f1c9a2e",
    mono: 8123456.7,
    site: "vno-akropolis",
    device: DEVICE,
    touchpoint: "checkout",
    data: { pad: "p1", button: "4", question: "visit", questionVersion: 2, value: 4, min: 1, max: 4, flags: [], note },
  };
}

/** Commits `count` events, in steps of 500. */
export async function commitMany(journal: MemoryJournal, type: EventType, count: number): Promise<void> {
  for (let done = 0; done < count; done += 500)
    await journal.commit({
      events: Array.from({ length: Math.min(500, count - done) }, (_, i) => stamped(type, done + i)),
      keep: {},
    });
}

export interface UplinkUnderTest {
  readonly journal: MemoryJournal;
  readonly states: RetainedStates;
  /** Each state that was reported, with its fault. */
  readonly reports: { state: StageState; fault?: Fault }[];
  /** What was reported of certificates. */
  readonly certificates: { state: StageState; fault?: Fault }[];
  readonly dropped: Fault[];
  /** Every client object that it made. */
  readonly clients: MqttClient[];
  /** The state reported last. */
  readonly state: () => StageState | undefined;
  stop(): Promise<void>;
}

/** Starts an uplink; `stop` is safe to call twice. */
export function startUplink(
  settings: UplinkSettings,
  journal = new MemoryJournal(),
  timings: Partial<UplinkTimings> = QUICK,
  more: Partial<UplinkDeps> = {},
): UplinkUnderTest {
  const abort = new AbortController();
  const reports: { state: StageState; fault?: Fault }[] = [];
  const certificates: { state: StageState; fault?: Fault }[] = [];
  const dropped: Fault[] = [];
  const clients: MqttClient[] = [];
  const states = new RetainedStates();
  const running = runUplink(settings, {
    journal,
    states,
    signal: abort.signal,
    report: (state, fault) => reports.push(fault === undefined ? { state } : { state, fault }),
    certificates: (state, fault) => certificates.push(fault === undefined ? { state } : { state, fault }),
    timeNow: () => new Date().toISOString(),
    dropped: (fault) => dropped.push(fault),
    audit: auditEvent,
    timings,
    makeClient: (options: IClientOptions) => {
      const client = mqtt.connect(options);
      clients.push(client);
      return client;
    },
    ...more,
  });
  return {
    journal,
    states,
    reports,
    certificates,
    dropped,
    clients,
    state: () => reports.at(-1)?.state,
    async stop() {
      abort.abort();
      await running;
    },
  };
}

export interface Arrived {
  readonly topic: string;
  readonly retain: boolean;
  readonly json: Record<string, unknown>;
}

export interface Subscriber {
  readonly client: MqttClient;
  readonly arrived: Arrived[];
  /** Seqs of the events that arrived, in the order of arrival. */
  seqs(type?: string): number[];
  /** What arrived under a topic below the device's root. */
  under(name: string): Arrived[];
  publish(name: string, payload: string, retain?: boolean): Promise<void>;
  end(): Promise<void>;
}

/** A central server in small: subscribes to everything and notes what arrives. */
export async function subscribe(
  url: string,
  options: IClientOptions = {},
  topic = "touchpoint/v1/#",
): Promise<Subscriber> {
  const client = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
  const arrived: Arrived[] = [];
  client.on("message", (name, payload, packet) => {
    // What goes to the device is no business of the server's.
    if (name.startsWith(ROOT) && name !== `${ROOT}/ack` && !name.startsWith(`${ROOT}/cmd/`))
      arrived.push({ topic: name, retain: packet.retain, json: JSON.parse(payload.toString()) });
  });
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.on("error", reject);
  });
  await client.subscribeAsync(topic, { qos: 1 });
  return {
    client,
    arrived,
    seqs: (type) =>
      arrived
        .filter(({ topic }) => topic.startsWith(`${ROOT}/event/${type ?? ""}`))
        .map(({ json }) => Number(json.seq)),
    under: (name) => arrived.filter(({ topic }) => topic === `${ROOT}/${name}`),
    async publish(name, payload, retain = false) {
      await client.publishAsync(`${ROOT}/${name}`, payload, { qos: 1, retain });
    },
    async end() {
      await client.endAsync(true);
    },
  };
}

/** 1 … n. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
