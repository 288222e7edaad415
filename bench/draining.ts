// A backlog on its way to a broker, by the uplink and by a bare publisher of the MQTT library, timed the same way.
import mqtt, { type MqttClient } from "mqtt";
import { CommandsConfig } from "../src/config/commands.ts";
import type { BrokerConfig } from "../src/config/schema.ts";
import type { Journal } from "../src/journal/journal.ts";
import { RetainedStates } from "../src/uplink/states.ts";
import { topicsOf } from "../src/uplink/topics.ts";
import { runUplink } from "../src/uplink/uplink.ts";
import { BENCH } from "./backlog.ts";

/** Most publishes without PUBACK, for both. */
export const WINDOW = 64;

export interface Round {
  readonly perSecond: number;
  /** Processor time of this process, seconds. */
  readonly cpuS: number;
}

/** Publishes the payloads, round and round until there were `count`, over one connection of its own. */
export async function publishBare(url: string, payloads: readonly string[], count: number): Promise<Round> {
  const topic = topicsOf("touchpoint/v1", BENCH.site, BENCH.device).event("press");
  const client = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0, clientId: BENCH.device });
  await connected(client);
  const clock = startClock(count);
  await new Promise<void>((resolve, reject) => {
    let next = 0;
    let acknowledged = 0;
    const fill = (): void => {
      while (next < count && next - acknowledged < WINDOW) {
        const payload = payloads[next % payloads.length] ?? "";
        next += 1;
        client.publish(topic, payload, { qos: 1 }, (error) => {
          if (error) return reject(error);
          acknowledged += 1;
          if (acknowledged === count) resolve();
          else fill();
        });
      }
    };
    fill();
  });
  const round = clock();
  await client.endAsync();
  return round;
}

/** From the connection to the last of `count` rows marked as sent in the journal; rows that come meanwhile go too. */
export async function drainJournal(url: string, journal: Journal, count: number): Promise<Round> {
  const abort = new AbortController();
  let clock: (() => Round) | undefined;
  let acknowledged = 0;
  let allAcknowledged: () => void = () => undefined;
  const acknowledgedAll = new Promise<void>((resolve) => {
    allAcknowledged = resolve;
  });
  const broker: BrokerConfig = {
    url,
    prefix: "touchpoint/v1",
    keepaliveS: 30,
    window: WINDOW,
    protocol: "auto",
    moveTo: [],
    confirm: "puback",
    resendAfterS: 300,
  };
  const running = runUplink(
    {
      site: BENCH.site,
      device: BENCH.device,
      broker,
      commands: CommandsConfig.parse({}),
      version: "bench",
      boot: "bench",
    },
    {
      journal,
      states: new RetainedStates(),
      signal: abort.signal,
      report: (state, fault) => {
        if (fault !== undefined) console.error(`${state}: ${fault.message}`);
      },
      certificates: () => undefined,
      timeNow: () => new Date().toISOString(),
      dropped: (fault) => console.error(fault.message),
      audit: () => {
        throw new Error("nobody gives commands here");
      },
      makeClient: (options) => {
        const client = mqtt.connect(options);
        client.once("connect", () => {
          clock ??= startClock(count);
        });
        client.on("packetreceive", ({ cmd }) => {
          if (cmd === "puback") acknowledged += 1;
          if (acknowledged === count) allAcknowledged();
        });
        return client;
      },
    },
  );
  // Asking the journal all the time would be work of the measurement's own.
  await acknowledgedAll;
  while ((await journal.head()).waiting > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const round = clock?.() ?? { perSecond: 0, cpuS: 0 };
  abort.abort();
  await running;
  return round;
}

/** Text of the first rows that wait, as both publish them. */
export async function payloadsOf(journal: Journal, count: number): Promise<string[]> {
  const payloads: string[] = [];
  for (let after = 0; payloads.length < count; after = payloads.length)
    payloads.push(...(await journal.waiting(1, after, 1_000)).map(({ json }) => json));
  return payloads;
}

function startClock(count: number): () => Round {
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { perSecond: (count / (performance.now() - startedMs)) * 1000, cpuS: (user + system) / 1e6 };
  };
}

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
}

/** The value below which this share of the values lies. */
export function at(values: readonly number[], quantile: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * quantile)] ?? Number.NaN;
}

export function shown(round: Round | undefined): string {
  return round === undefined ? "-" : `${Math.round(round.perSecond)} events/s (${round.cpuS.toFixed(2)} s processor)`;
}
