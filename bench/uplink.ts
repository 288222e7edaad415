// Prints how fast a backlog drains to a real Mosquitto, beside a bare mqtt.js publisher with the same window and payloads.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import mqtt, { type MqttClient } from "mqtt";
import { v7 as uuidv7 } from "uuid";
import type { BrokerConfig } from "../src/config/schema.ts";
import type { Journal } from "../src/journal/journal.ts";
import { openJournal } from "../src/journal/open.ts";
import { RetainedStates } from "../src/uplink/states.ts";
import { topicsOf } from "../src/uplink/topics.ts";
import { runUplink } from "../src/uplink/uplink.ts";
import type { Stamped } from "../src/words/events.ts";
import { startMosquitto } from "../test/fakes/mosquitto.ts";
import { tell } from "./figure.ts";
import { journalSettings } from "./journal-settings.ts";

const ROWS = Number(process.argv[2] ?? 50_000);
const ROUNDS = 9;
const WINDOW = 64;
const STEP = 500;
const SITE = "bench-site";
const DEVICE = "bench-device";

interface Round {
  readonly perSecond: number;
  /** Processor time of this process, seconds. */
  readonly cpuS: number;
}

const out = fileURLToPath(new URL("../../out", import.meta.url));
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "bench-uplink-"));
const mosquitto = await startMosquitto({ lines: [`max_inflight_messages ${WINDOW * 2}`] });
try {
  const bare: Round[] = [];
  const ours: Round[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const journal = await backlog(round);
    const payloads = await everyRow(journal);
    // In turns, and in turn first, so that a noisy machine is noisy to both.
    if (round % 2 === 0) bare.push(await publishBare(payloads));
    ours.push(await drainJournal(journal));
    if (round % 2 === 1) bare.push(await publishBare(payloads));
    await journal.close();
    console.log(`round ${round + 1}: bare ${shown(bare.at(-1))}, uplink ${shown(ours.at(-1))}`);
  }
  const bareMedian = median(bare.map(({ perSecond }) => perSecond));
  const oursMedian = median(ours.map(({ perSecond }) => perSecond));
  const ratios = ours.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? Number.NaN));
  console.log(
    [
      `backlog of ${ROWS} presses, window ${WINDOW}, QoS 1, MQTT 5, ${ROUNDS} rounds in turns, medians:`,
      `  bare mqtt.js publisher  ${Math.round(bareMedian)} events/s`,
      `  journal → uplink        ${Math.round(oursMedian)} events/s`,
      `  ratio of the medians    ${(oursMedian / bareMedian).toFixed(2)}`,
      `  median of the ratios    ${median(ratios).toFixed(2)} (aim ≥ 0.7), ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    ].join("\n"),
  );
  tell({
    name: `drain of ${ROWS} presses, window ${WINDOW}`,
    ours: `${Math.round(oursMedian)} events/s`,
    bare: `${Math.round(bareMedian)} events/s`,
    ratio: median(ratios),
    aim: "≥ 0.7×",
    met: median(ratios) >= 0.7,
  });
} finally {
  await mosquitto.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function backlog(round: number): Promise<Journal> {
  const journal = await openJournal(journalSettings(join(folder, `${round}.db`), "bench"));
  for (let done = 0; done < ROWS; done += STEP)
    await journal.commit({ events: Array.from({ length: Math.min(STEP, ROWS - done) }, press), keep: {} });
  return journal;
}

/** The same payloads for both. */
async function everyRow(journal: Journal): Promise<string[]> {
  const payloads: string[] = [];
  for (let after = 0; payloads.length < ROWS; after = payloads.length)
    payloads.push(...(await journal.waiting(1, after, 1_000)).map(({ json }) => json));
  return payloads;
}

async function publishBare(payloads: readonly string[]): Promise<Round> {
  const topic = topicsOf("touchpoint/v1", SITE, DEVICE).event("press");
  const client = mqtt.connect(mosquitto.url, { protocolVersion: 5, reconnectPeriod: 0, clientId: DEVICE });
  await connected(client);
  const clock = startClock();
  await new Promise<void>((resolve, reject) => {
    let next = 0;
    let acknowledged = 0;
    const fill = (): void => {
      while (next < payloads.length && next - acknowledged < WINDOW) {
        const payload = payloads[next] ?? "";
        next += 1;
        client.publish(topic, payload, { qos: 1 }, (error) => {
          if (error) return reject(error);
          acknowledged += 1;
          if (acknowledged === payloads.length) resolve();
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

/** From the connection to the last row marked as sent in the journal. */
async function drainJournal(journal: Journal): Promise<Round> {
  const abort = new AbortController();
  let clock: (() => Round) | undefined;
  let acknowledged = 0;
  let allAcknowledged: () => void = () => undefined;
  const acknowledgedAll = new Promise<void>((resolve) => {
    allAcknowledged = resolve;
  });
  const broker: BrokerConfig = {
    url: mosquitto.url,
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
      site: SITE,
      device: DEVICE,
      broker,
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
      makeClient: (options) => {
        const client = mqtt.connect(options);
        client.once("connect", () => {
          clock ??= startClock();
        });
        client.on("packetreceive", ({ cmd }) => {
          if (cmd === "puback") acknowledged += 1;
          if (acknowledged === ROWS) allAcknowledged();
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

function startClock(): () => Round {
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { perSecond: (ROWS / (performance.now() - startedMs)) * 1000, cpuS: (user + system) / 1e6 };
  };
}

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
}

function press(): Stamped {
  return {
    v: 1,
    id: uuidv7(),
    type: "press",
    time: new Date().toISOString(),
    tz: "Europe/Vilnius",
    clock: "synced",
    boot: "6f1c9a2e",
    mono: Math.round(performance.now() * 10) / 10,
    site: SITE,
    device: DEVICE,
    touchpoint: "checkout",
    data: { pad: "p1", button: "4", question: "visit", questionVersion: 2, value: 4, min: 1, max: 4, flags: [] },
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function shown(round: Round | undefined): string {
  return round === undefined ? "-" : `${Math.round(round.perSecond)} events/s (${round.cpuS.toFixed(2)} s processor)`;
}
