// `node dist/scripts/consumer/bench.js`: events per second out of a backlog, and how long one takes from device to row.
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import mqtt, { type MqttClient } from "mqtt";
import { v4 as uuidv4 } from "uuid";
import { startChild } from "../../src/supervise/child.ts";
import { stamped } from "../../test/fakes/events.ts";
import { startMosquitto } from "../../test/fakes/mosquitto.ts";
import { startPostgres } from "../../test/fakes/postgres.ts";
import { until } from "../../test/fakes/until.ts";
import { openDatabase } from "./database.ts";

const BACKLOG = 40_000;
const DEVICES = 20;
const SPACED = 2_000;
/** Pause between events of the spaced run, milliseconds: two hundred devices in a busy hour. */
const SPACING_MS = 5;

const main = fileURLToPath(new URL("main.js", import.meta.url));
// Commit times tell when a row could be seen, not when it was written.
const postgres = await startPostgres({ settings: { track_commit_timestamp: "on" } });
const broker = await startMosquitto({ lines: ["max_inflight_messages 0"] });
const pool = openDatabase(postgres.url);
const device = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
try {
  await drained(1);
  await drained(2);
  await spaced();
} finally {
  await device.endAsync(true);
  await pool.end();
  await broker.dispose();
  await postgres.dispose();
}

/** Gathers a backlog in the sessions of `count` consumers that are away, then starts them. */
async function drained(count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `bench-${count}-${i}`);
  for (const name of names) await (await startConsumer(name, `group-${count}`)).stop();
  const streams = Array.from({ length: DEVICES }, () => uuidv4());
  for (let seq = 1; seq <= BACKLOG / DEVICES; seq += 1)
    await Promise.all(streams.map((stream, n) => say(device, `till-${n}`, stream, seq)));
  const before = await rows();
  const startMs = performance.now();
  const consumers = await Promise.all(names.map((name) => startConsumer(name, `group-${count}`)));
  await until(async () => (await rows()) - before >= BACKLOG, "the backlog stored", 300_000);
  const seconds = (performance.now() - startMs) / 1_000;
  await Promise.all(consumers.map(({ stop }) => stop()));
  console.log(
    `backlog of ${BACKLOG} events of ${DEVICES} devices, ${count} consumer${count === 1 ? "" : "s"}: ` +
      `${Math.round(BACKLOG / seconds)} events/s from the start of the process to the last COMMIT`,
  );
}

/** One event at a time at an even pace; from its publish to the COMMIT of its row. */
async function spaced(): Promise<void> {
  const consumer = await startConsumer("bench-spaced", "group-spaced");
  const stream = uuidv4();
  for (let seq = 1; seq <= SPACED; seq += 1) {
    await Promise.all([say(device, "till-spaced", stream, seq), wait(SPACING_MS)]);
  }
  const { rows: found } = await pool.query<{ p50: number; p99: number; most: number; n: number }>(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50, percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99,
       max(ms)::float8 AS most, count(*)::int AS n
     FROM (SELECT (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 - (data->>'sentMs')::float8)::float8 AS ms
           FROM touchpoint.event WHERE stream = $1) t`,
    [stream],
  );
  await consumer.stop();
  for (const { p50, p99, most, n } of found)
    console.log(
      `${n} events, one each ${SPACING_MS} ms: publish to COMMIT p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, most ${most.toFixed(1)} ms`,
    );
}

async function say(client: MqttClient, name: string, stream: string, seq: number): Promise<void> {
  const event = { ...stamped("press", seq), device: name, stream, seq };
  const sent = { ...event, data: { ...event.data, sentMs: performance.timeOrigin + performance.now() } };
  await client.publishAsync(`touchpoint/v1/vno-akropolis/${name}/event/press`, JSON.stringify(sent), { qos: 1 });
}

async function rows(): Promise<number> {
  const { rows: counted } = await pool.query<{ n: number }>("SELECT sum(upto)::float8 AS n FROM touchpoint.stream");
  return counted[0]?.n ?? 0;
}

async function startConsumer(id: string, group: string): Promise<{ stop(): Promise<void> }> {
  const child = startChild(process.execPath, [main, "run", "--broker", broker.url, "--id", id, "--group", group], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, DATABASE_URL: postgres.url },
  });
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => said.includes("subscribed") || child.exitCode !== null, "the consumer subscribed");
  return {
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
