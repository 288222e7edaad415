// Garbage and near-misses on every topic that a device listens to: dropped, counted, and the connection stays.
import { existsSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { settingsHash } from "../../src/config/canonical.ts";
import { remoteFile } from "../../src/config/remote-file.ts";
import { openReader } from "../../src/journal/read.ts";
import { seededRandom } from "../../src/simulate/random.ts";
import { until } from "../../test/fakes/until.ts";
import { STARTED } from "../trials/agent-process.ts";
import { journalFile, ROOT, trialConfig } from "../trials/settings.ts";
import { judgeArrivals } from "./arrivals.ts";
import { createFakeTimeSource } from "./fake-clock.ts";
import { createThief, judgeAudits } from "./fuzz-commands.ts";
import { watchMemory } from "./memory.ts";
import { mutant, noise, pick } from "./mutants.ts";
import { createTillAtBroker, withEnding } from "./till.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";

const MAY_GROW_MIB = 48;
const WITHIN_MS = 120_000;
/** Commands of the contract and some that there are not. */
const NAMES = [
  "alert.ack",
  "alert.resolve",
  "survey.start",
  "metrics",
  "resend",
  "settings",
  "restart",
  "erase",
  "clip",
  "nothing",
  "",
  "a/b",
] as const;
/** More events than a trial leaves in its journal. */
const ALL = 1_000_000;
/** Published before the next look at memory and buttons. */
const ROUND = 500;

/** Publishes to `ack`, `cmd/…` and `config`, retained ones among them, while somebody presses. */
export async function fuzzTopics({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const random = seededRandom(seed);
    const thief = createThief(random);
    const { till, subscriber, brokerUrl } = await createTillAtBroker(ending, folder, {
      local: { commands: thief.settings },
      // As a service that knows the time, so that `restart` would end it.
      options: { env: { ...createFakeTimeSource(folder, true).env, NOTIFY_SOCKET: join(folder, "nobody-listens") } },
    });
    const agent = await till.start();
    till.press(seed);
    await until(() => subscriber.arrived.length > 0, "the agent is connected", WITHIN_MS);
    const client = await mqtt.connectAsync(brokerUrl, { protocolVersion: 5, reconnectPeriod: 0 });
    ending.push(() => client.endAsync(true));
    const reader = openReader(journalFile(folder));
    const { stream } = reader.head();
    const memory = watchMemory(agent.pid, 3);
    const messages = count(200_000, 2_000);
    const giveHonest = async (): Promise<void> => {
      const { id, name, payload } = thief.give();
      const answered = async (): Promise<boolean> => {
        if (idOf(subscriber.retained.get(`reply/${name}`)) === id) return true;
        // Where too many wait it is dropped like any other.
        await client.publishAsync(`${ROOT}/cmd/${name}`, payload, { qos: 1 });
        return false;
      };
      await until(answered, "the honest one is answered", WITHIN_MS);
    };
    await until(() => agent.lines.some(({ stage, state }) => stage === "clock" && state === "ok"), "time", WITHIN_MS);
    await giveHonest();
    for (let sent = 0; sent < messages; sent += ROUND) {
      const round = Array.from({ length: Math.min(ROUND, messages - sent) }, () => {
        if (random() < 0.4) {
          const { name, payload: command } = thief.spoiled();
          return client.publishAsync(`${ROOT}/cmd/${name}`, command, { qos: 1, retain: random() < 0.01 });
        }
        const topic = pick(random, [`${ROOT}/ack`, `${ROOT}/cmd/${pick(random, NAMES)}`, `${ROOT}/config`]);
        const sends = topic.endsWith("/config") && random() < 0.8 ? settings(random, folder) : payload(random, stream);
        return client.publishAsync(topic, sends, { qos: 1, retain: random() < 0.01 });
      });
      await Promise.all(round);
      memory.look();
      const before = till.pad.acknowledged.size;
      await until(() => till.pad.acknowledged.size > before || !agent.running(), "presses go on", WITHIN_MS);
      if (!agent.running()) throw new Error(`the agent ended:\n${agent.printed().slice(-4_000)}`);
      await giveHonest();
      if ((sent / ROUND) % 40 === 0) progress(`${sent + ROUND} messages, ${memory.mostMib} MiB resident`);
    }
    till.hush();
    await until(() => till.pad.unacknowledged() === 0, "the last press was acknowledged", WITHIN_MS);
    const { head } = reader.head();
    await until(() => subscriber.arrived.some(({ seq }) => seq >= head), "everything arrived", WITHIN_MS);
    const connections = agent.lines.filter(({ stage, state }) => stage === "uplink" && state === "ok").length;
    const confirmed = reader.head().confirmed;
    reader.close();
    const { code } = await agent.end("SIGTERM");
    // What was refused last is told with the end.
    const after = openReader(journalFile(folder));
    const commands = judgeAudits(after.last(ALL), thief.honest);
    after.close();
    const counts = {
      messages,
      "connections needed": connections,
      "confirmed by garbage": confirmed,
      "commands obeyed": commands.obeyed,
      "obeyed wrongly": commands.wrongly,
      "honest not obeyed": commands.missed,
      "refused and told": commands.refused,
      starts: agent.lines.filter(({ msg }) => msg === STARTED).length,
      "settings kept": Number(existsSync(remoteFile(join(folder, "data")))),
      ...judgeArrivals(subscriber.arrived, till.pad.acknowledged),
      "exit status": code ?? -1,
      "most resident MiB": memory.mostMib,
      "grown MiB": memory.grownMib(),
    };
    const fine = {
      "connections needed": 1,
      "confirmed by garbage": 0,
      "obeyed wrongly": 0,
      "honest not obeyed": 0,
      starts: 1,
      "settings kept": 0,
      lost: 0,
      twice: 0,
      holes: 0,
      "exit status": 0,
    };
    const wrong = mustBe(fine, counts);
    if (memory.grownMib() > MAY_GROW_MIB) wrong.push(`memory grew by more than ${MAY_GROW_MIB} MiB`);
    return { did: "garbage and near-misses of acks, commands and fleet settings from the broker", counts, wrong };
  });
}

/** Id in a reply; undefined where it is none. */
function idOf(reply: unknown): unknown {
  return reply !== null && typeof reply === "object" && "id" in reply ? reply.id : undefined;
}

/** Never honest settings: those that are whole widen privacy, and spoiled ones have another hash, or that very fault. */
function settings(random: () => number, folder: string): Buffer {
  const { fleet } = trialConfig({ folder });
  const wide = { ...fleet, mood: { k: 2 } };
  const real = { version: Math.floor(random() * 1e6) + 1, hash: settingsHash(wide), by: "chaos", fleet: wide };
  const other = "0".repeat(64);
  const documents: readonly [unknown, ...unknown[]] = [
    real,
    { ...real, version: 0 },
    { ...real, version: 1e300 },
    { ...real, by: "" },
    { ...real, fleet: [] },
    { ...real, fleet, hash: other },
    { ...real, hash: other, fleet: { ...fleet, local: { broker: { url: "mqtt://elsewhere" } } } },
    { ...real, hash: other, fleet: { ...fleet, surveys: Array.from({ length: 2_000 }, () => ({})) } },
    { ...real, hash: other, padding: "x".repeat(140_000) },
  ];
  const text = Buffer.from(JSON.stringify(pick(random, documents)));
  return random() < 0.5 ? text : mutant(random, Buffer.from(JSON.stringify(real)));
}

/** Never an honest ack or command: what is nearly one is spoiled, or its values are none. */
function payload(random: () => number, stream: string): Buffer {
  const roll = random();
  if (roll < 0.1) return noise(random, Math.floor(random() * 4_000));
  if (roll < 0.12) return Buffer.from(`{"id":"${"x".repeat(Math.floor(random() * 60_000))}"`);
  if (roll < 0.14) return Buffer.from("[".repeat(Math.floor(random() * 20_000)));
  const other = "11111111-1111-4111-8111-111111111111";
  const values: readonly [unknown, ...unknown[]] = [
    { stream: other, upto: Math.floor(random() * 1e9) },
    { stream, upto: -1 },
    { stream, upto: 1.5 },
    { stream, upto: "12" },
    { stream, upto: 1e300 },
    { stream, upto: null },
    { stream: [stream], upto: 3 },
    { id: "1", expires: "yesterday", by: "chaos" },
    { id: `${random()}`, expires: new Date(0).toISOString(), by: "chaos", from: 1, to: 2 },
    { id: {}, expires: [], by: null },
    { __proto__: { upto: 5 }, constructor: 1, stream: other },
    null,
    [],
    random(),
  ];
  const text = Buffer.from(JSON.stringify(pick(random, values)));
  // Spoiled in three places another stream cannot become this one.
  return random() < 0.5 ? text : mutant(random, Buffer.from(JSON.stringify({ stream: other, upto: 7 })));
}
