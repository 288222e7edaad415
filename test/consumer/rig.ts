// What the consumer's tests share: databases of their own, a device that speaks, and consumers in this process or another.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import mqtt, { type MqttClient } from "mqtt";
import type { Pool } from "pg";
import { type ConsumerSettings, type Counts, runConsumer, type Said } from "../../scripts/consumer/consumer.ts";
import { openDatabase } from "../../scripts/consumer/database.ts";
import { startChild } from "../../src/supervise/child.ts";
import type { Envelope } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram } from "../fakes/mosquitto.ts";
import { POSTGRES_ABSENT, type Postgres, postgresPrograms } from "../fakes/postgres.ts";
import { until } from "../fakes/until.ts";

const MAIN = fileURLToPath(new URL("../../dist/scripts/consumer/main.js", import.meta.url));

export const PREFIX = "touchpoint/v1";
export const DEVICE = "till-03";
export const rootOf = (device: string): string => `${PREFIX}/vno-akropolis/${device}`;

/** What is missing to run these tests, or undefined. */
export const ABSENT =
  postgresPrograms() === undefined ? POSTGRES_ABSENT : mosquittoProgram() === undefined ? MOSQUITTO_ABSENT : undefined;

export interface Database {
  readonly url: string;
  readonly pool: Pool;
  /** Values of the first column. */
  column(sql: string, values?: unknown[]): Promise<unknown[]>;
}

/** An empty database of its own; its pool ends with `closing`. */
export async function freshDatabase(postgres: Postgres, closing: (() => Promise<void>)[]): Promise<Database> {
  const name = `t${randomUUID().replaceAll("-", "")}`;
  const admin = openDatabase(postgres.url);
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  const pool = openDatabase(url.href);
  closing.push(() => pool.end());
  return {
    url: url.href,
    pool,
    column: async (sql, values = []) =>
      (await pool.query<Record<string, unknown>>(sql, values)).rows.map((row) => Object.values(row)[0]),
  };
}

/** One event of a stream; `n` is its seq. */
export function event(stream: string, seq: number, more: Partial<Envelope> = {}): Envelope {
  const { type = "press", data } = more;
  return {
    ...stamped(type === "gap" ? "gap" : "press", seq, data ?? { pad: "p1", value: 4, seq }),
    stream,
    seq,
    ...more,
    type,
  };
}

/** A gap of the journal, as it travels. */
export function gap(stream: string, seq: number, from: number, to: number, of?: string): Envelope {
  return event(stream, seq, {
    type: "gap",
    data: {
      source: "journal",
      from,
      to,
      count: to - from + 1,
      reason: "the disk failed",
      ...(of === undefined ? {} : { stream: of }),
    },
  });
}

export interface Speaker {
  readonly client: MqttClient;
  /** Every ack heard, in order of arrival. */
  readonly acks: { readonly device: string; readonly stream: string; readonly upto: number }[];
  /** Publishes as the device does; resolves at PUBACK. */
  say(event: Envelope): Promise<void>;
  sayAll(events: readonly Envelope[]): Promise<void>;
  deliver(stream: string, head: number, done: number, device?: string): Promise<void>;
  raw(topic: string, payload: string | Buffer, qos?: 0 | 1): Promise<void>;
}

/** Connects as devices do, and hears the acks. */
export async function startSpeaker(url: string, closing: (() => Promise<void>)[]): Promise<Speaker> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 50 });
  client.on("error", () => undefined);
  closing.push(() => client.endAsync(true));
  const acks: { device: string; stream: string; upto: number }[] = [];
  client.on("message", (topic, payload) =>
    acks.push({ device: topic.split("/")[3] ?? "", ...JSON.parse(payload.toString()) }),
  );
  await client.subscribeAsync(`${PREFIX}/+/+/ack`, { qos: 1 });
  const raw = async (topic: string, payload: string | Buffer, qos: 0 | 1 = 1): Promise<void> => {
    await client.publishAsync(topic, payload, { qos });
  };
  const say = (one: Envelope): Promise<void> => raw(`${rootOf(one.device)}/event/${one.type}`, JSON.stringify(one));
  return {
    client,
    acks,
    say,
    async sayAll(events) {
      await Promise.all(events.map(say));
    },
    async deliver(stream, head, done, device = DEVICE) {
      await client.publishAsync(`${rootOf(device)}/state/delivery`, JSON.stringify({ stream, head, done }), {
        qos: 1,
        retain: true,
      });
    },
    raw,
  };
}

export function settings(url: string, id: string, more: Partial<ConsumerSettings> = {}): ConsumerSettings {
  return {
    url,
    prefix: PREFIX,
    group: "tests",
    id,
    login: {},
    sessionExpiryS: 3_600,
    batch: 100,
    ackEveryMs: 10,
    leave: false,
    ...more,
  };
}

export interface RunningConsumer {
  readonly said: readonly Said[];
  /** Ends it in order. */
  stop(): Promise<Counts>;
}

/** A consumer in this process, subscribed. */
export async function startConsumer(
  given: ConsumerSettings,
  databaseUrl: string,
  closing: (() => Promise<void>)[],
): Promise<RunningConsumer> {
  const abort = new AbortController();
  const said: Said[] = [];
  const pool = openDatabase(databaseUrl);
  let ended = false;
  const running = runConsumer(given, { pool, signal: abort.signal, say: (one) => said.push(one) }).finally(() => {
    ended = true;
  });
  const stop = async (): Promise<Counts> => {
    abort.abort();
    const counts = await running;
    if (!pool.ended) await pool.end();
    return counts;
  };
  closing.push(async () => {
    await stop();
  });
  await until(() => ended || said.some(({ state }) => state === "subscribed"), "the consumer subscribed");
  if (ended) await running;
  return { said, stop };
}

export interface ConsumerProcess {
  readonly lines: readonly Record<string, unknown>[];
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/** A consumer in a process of its own, subscribed: one that can be killed. */
export async function spawnConsumer(
  url: string,
  databaseUrl: string,
  id: string,
  closing: (() => Promise<void>)[],
  more: readonly string[] = [],
): Promise<ConsumerProcess> {
  const child = startChild(process.execPath, [MAIN, "run", "--broker", url, "--id", id, "--group", "tests", ...more], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, DATABASE_URL: databaseUrl },
  });
  const ended = once(child, "exit");
  const lines: Record<string, unknown>[] = [];
  if (child.stdout === null) throw new Error("the consumer has no output");
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
  const kill = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await ended;
    return child.exitCode;
  };
  closing.push(async () => {
    await kill("SIGKILL");
  });
  await until(() => child.exitCode !== null || lines.some(({ state }) => state === "subscribed"), "subscribed");
  if (child.exitCode !== null) throw new Error(`the consumer ended with ${child.exitCode}: ${JSON.stringify(lines)}`);
  return { lines, kill };
}

/** Runs the consumer's command line to its end, without standing in the way of what runs in this process. */
export async function consumerSays(
  databaseUrl: string,
  ...args: readonly string[]
): Promise<{ readonly status: number | null; readonly stdout: string }> {
  const child = startChild(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, DATABASE_URL: databaseUrl },
  });
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  await once(child, "close");
  return { status: child.exitCode, stdout };
}

export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
