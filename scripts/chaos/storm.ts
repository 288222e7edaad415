// Agents, brokers, consumers and the link between them killed, cut and spoiled at once under a press stream.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openReader } from "../../src/journal/read.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { packageRoot } from "../../src/place.ts";
import { between, seededRandom } from "../../src/simulate/random.ts";
import { pause } from "../../src/supervise/backoff.ts";
import type { Envelope } from "../../src/words/events.ts";
import { makeAuthority } from "../../test/fakes/certificates.ts";
import { freePort, type Mosquitto, startMosquitto } from "../../test/fakes/mosquitto.ts";
import { until } from "../../test/fakes/until.ts";
import type { AgentProcess } from "../trials/agent-process.ts";
import { countersOf } from "../trials/press-stream.ts";
import { journalFile } from "../trials/settings.ts";
import { type Central, startCentral } from "./central.ts";
import { type Link, startLink, WELL } from "./link.ts";
import { type ChaosTill, createTill, withEnding } from "./till.ts";
import { mustBe, type Outcome } from "./trial.ts";

export interface StormSettings {
  readonly folder: string;
  readonly seed: number;
  readonly agentKills: number;
  readonly brokerKills: number;
  readonly consumerKills: number;
  readonly linkFaults: number;
  /** Times that the database crashes. */
  readonly databaseKills: number;
  readonly progress: (line: string) => void;
}

/** Quick to be sent again: a broker that forgets took some of it with it. */
const RESEND_AFTER_S = 2;
/** Longest wait for everything to arrive once the weather is fine, milliseconds. */
const SETTLE_MS = 300_000;
/** The agent may take so long to be connected before the next broker is killed all the same, milliseconds. */
const CONNECTED_MS = 8_000;
/** Consumers that share the work. */
const CONSUMERS = 2;

/** Runs the storm on loopback; the broker keeps nothing on disk, and rows are done with only when the server says so. */
export async function runStorm(settings: StormSettings): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const random = seededRandom(settings.seed);
    const broker = await startForgettingBroker(settings.folder);
    ending.push(broker.mosquitto.dispose);
    const central = await startCentral(settings.folder, broker.mosquitto.url, CONSUMERS);
    ending.push(central.end);
    const link = await startLink(broker.tlsPort, random);
    ending.push(link.close);
    const impatient = [process.execPath, join(packageRoot(), "dist", "scripts", "chaos", "impatient.js")];
    const till = await createTill(
      {
        folder: settings.folder,
        local: {
          broker: {
            url: `mqtts://127.0.0.1:${link.port}`,
            caFile: broker.caFile,
            confirm: "server",
            resendAfterS: RESEND_AFTER_S,
            keepaliveS: 5,
          },
        },
      },
      { program: impatient },
    );
    ending.push(till.remove);
    await till.start();
    const pressing = till.press(settings.seed);
    const storm = { settings, till, broker: broker.mosquitto, central, link };
    await Promise.all([
      killAgents(storm, branch(random)),
      killBrokers(storm, branch(random)),
      killConsumers(storm, branch(random)),
      crashDatabase(storm, branch(random)),
      spoilLink(storm, branch(random)),
    ]);
    pressing.stop();
    settings.progress("the weather is fine again");
    return await judge(storm);
  });
}

interface Storm {
  readonly settings: StormSettings;
  readonly till: ChaosTill;
  readonly broker: Mosquitto;
  readonly central: Central;
  readonly link: Link;
}

/** Random numbers of their own for each trouble, so that they do not depend on which is quicker. */
function branch(random: () => number): () => number {
  return seededRandom(Math.floor(random() * 4_294_967_296));
}

const forever = new AbortController().signal;

async function startForgettingBroker(
  folder: string,
): Promise<{ mosquitto: Mosquitto; tlsPort: number; caFile: string }> {
  const authority = makeAuthority(join(folder, "authority"));
  const server = authority.issue("server", { commonName: "localhost" });
  const tlsPort = await freePort();
  const mosquitto = await startMosquitto({
    files: { "server.crt": readFileSync(server.cert, "utf8"), "server.key": readFileSync(server.key, "utf8") },
    lines: [`listener ${tlsPort} 127.0.0.1`, "certfile DIR/server.crt", "keyfile DIR/server.key"],
  });
  return { mosquitto, tlsPort, caFile: authority.ca };
}

async function killAgents({ settings, till }: Storm, random: () => number): Promise<void> {
  for (let kill = 1; kill <= settings.agentKills; kill += 1) {
    await pause(between(random, 200, 3_000), forever);
    await till.agent.end("SIGKILL");
    till.launch();
    if (kill % 10 === 0) settings.progress(`${kill} agents killed`);
  }
}

async function killBrokers({ settings, till, broker }: Storm, random: () => number): Promise<void> {
  let heardBy: AgentProcess | undefined;
  let heard = 0;
  // A broker that nobody is connected to loses nothing when it dies.
  const connected = (): boolean => {
    const { agent } = till;
    const after = agent === heardBy ? heard : 0;
    return agent.lines.slice(after).some(({ stage, state }) => stage === "uplink" && state === "ok");
  };
  for (let kill = 1; kill <= settings.brokerKills; kill += 1) {
    await until(connected, "the uplink works", CONNECTED_MS).catch(() => undefined);
    await pause(between(random, 0, 600), forever);
    heardBy = till.agent;
    heard = heardBy.lines.length;
    await broker.stop("SIGKILL");
    await pause(between(random, 0, 500), forever);
    await broker.start();
    if (kill % 10 === 0) settings.progress(`${kill} brokers killed`);
  }
}

async function killConsumers({ settings, central }: Storm, random: () => number): Promise<void> {
  for (let kill = 1; kill <= settings.consumerKills; kill += 1) {
    await pause(between(random, 200, 3_000), forever);
    const consumer = Math.floor(random() * central.consumers);
    await central.kill(consumer);
    await pause(between(random, 0, 1_000), forever);
    central.start(consumer);
    if (kill % 10 === 0) settings.progress(`${kill} consumers killed`);
  }
}

async function crashDatabase({ settings, central }: Storm, random: () => number): Promise<void> {
  for (let kill = 1; kill <= settings.databaseKills; kill += 1) {
    await pause(between(random, 5_000, 15_000), forever);
    await central.postgres.stop("crash");
    await pause(between(random, 0, 2_000), forever);
    await central.postgres.start();
    settings.progress(`${kill} databases crashed`);
  }
}

/** Delays, cuts, refuses, halves in both directions, and garbles: inside TLS a changed byte ends the connection. */
async function spoilLink({ settings, link }: Storm, random: () => number): Promise<void> {
  const troubles: readonly (() => void)[] = [
    () => link.set({ delayMs: between(random, 20, 800) }),
    () => link.cut(),
    () => {
      link.set({ refuse: true });
      link.cut();
    },
    () => link.set({ dead: ["up"] }),
    () => link.set({ dead: ["down"] }),
    () => link.set({ dead: ["up", "down"] }),
    () => link.set({ garble: between(random, 0.02, 0.3) }),
  ];
  for (let fault = 1; fault <= settings.linkFaults; fault += 1) {
    await pause(between(random, 200, 1_500), forever);
    troubles[(fault - 1) % troubles.length]?.();
    await pause(between(random, 100, 3_000), forever);
    link.set(WELL);
    if (fault % 10 === 0) settings.progress(`${fault} times the link was bad`);
  }
}

async function judge({ settings, till, central, link }: Storm): Promise<Outcome> {
  // An agent that was killed while it started is started again by the service manager.
  if (!till.agent.running()) till.launch();
  await until(() => till.pad.unacknowledged() === 0, "the last press was acknowledged", SETTLE_MS);
  const reader = openReader(journalFile(settings.folder));
  const { stream, head } = reader.head();
  let whole = await central.audit();
  const complete = (): boolean =>
    whole.ok && whole.streams.some((one) => one.stream === stream && one.upto >= head && one.behind === 0);
  await until(
    async () => {
      whole = await central.audit();
      return complete();
    },
    "everything was stored",
    SETTLE_MS,
  ).catch(() => undefined);
  const { code } = await till.agent.end("SIGTERM");
  const verdict = verifyJournal(reader);
  const ids = await central.ids(stream);
  let different = 0;
  for (const row of reader.events()) {
    const id = ids.get(row.seq);
    if (id !== undefined && (JSON.parse(row.json) as Envelope).id !== id) different += 1;
  }
  reader.close();
  const counters = countersOf((await central.presses()).map(({ button }) => button));
  const counted = new Set(counters);
  const counts = {
    presses: till.pad.pressed.size,
    acknowledged: till.pad.acknowledged.size,
    stored: counters.length,
    lost: [...till.pad.acknowledged].filter((counter) => !counted.has(counter)).length,
    twice: counters.length - counted.size,
    streams: whole.streams.length,
    head,
    holes: whole.streams.reduce((sum, one) => sum + one.holes + one.behind, 0),
    owned: whole.streams.reduce((sum, one) => sum + one.owned, 0),
    "dead letters": whole.dead,
    "different from the journal": different,
    "bytes garbled": link.garbled,
    "exit status": code ?? -1,
    journal: verdict.ok ? "ok" : verdict.findings.join("; "),
  };
  const wanted = {
    lost: 0,
    twice: 0,
    streams: 1,
    holes: 0,
    "dead letters": 0,
    "different from the journal": 0,
    "exit status": 0,
    journal: "ok",
    stored: till.pad.pressed.size,
    acknowledged: till.pad.pressed.size,
  };
  const wrong = mustBe(wanted, counts);
  if (!complete()) wrong.push(`not everything was stored within ${SETTLE_MS / 1_000} s`);
  const { agentKills, brokerKills, consumerKills, databaseKills, linkFaults } = settings;
  const kills = { agents: agentKills, brokers: brokerKills, consumers: consumerKills, databases: databaseKills };
  const did = Object.entries(kills).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  const link_ = linkFaults === 0 ? [] : [`link spoiled ${linkFaults} times`];
  return {
    did: [...(did.length === 0 ? [] : [`kill -9 of ${did.join(", ")}`]), ...link_].join("; "),
    counts,
    wrong,
  };
}
