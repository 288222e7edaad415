// Garbage and near-misses at the local HTTP door of a running agent, with and without the token, while somebody presses.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openReader } from "../../src/journal/read.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { seededRandom } from "../../src/simulate/random.ts";
import { freePort } from "../../test/fakes/mosquitto.ts";
import { until } from "../../test/fakes/until.ts";
import { journalFile, TOUCHPOINT } from "../trials/settings.ts";
import { judgeArrivals } from "./arrivals.ts";
import { callMany } from "./http-calls.ts";
import { watchMemory } from "./memory.ts";
import { mutant, noise, pick } from "./mutants.ts";
import { createTillAtBroker, withEnding } from "./till.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";

const TOKEN = "a-token-of-the-trial-0123456789";
const MAY_GROW_MIB = 64;
const WITHIN_MS = 120_000;
const PATHS = [
  "/v1/transactions",
  "/v1/shifts",
  "/v1/services",
  "/v1/activities",
  "/v1/scans",
  "/v1/surveys",
  "/v1/alerts/k1/acknowledge",
  "/v1/alerts/%zz/resolve",
  "/v1/health",
  "/v1/metrics",
  "/v1/constructor",
  "/../../etc/passwd",
] as const;
const BODIES = [
  { touchpoint: TOUCHPOINT, transaction: "T", amount: -1e308, items: 0.5 },
  { touchpoint: TOUCHPOINT, transaction: "x".repeat(65) },
  { touchpoint: TOUCHPOINT, action: "open", service: ["1"] },
  { touchpoint: TOUCHPOINT, action: "start", staff: "" },
  { touchpoint: TOUCHPOINT, action: "answer", value: 1e9, choices: ["a", 3] },
  { touchpoint: "constructor", action: "start", survey: "__proto__" },
  { pad: "p1", code: "\u0000\ud800" },
  { by: "" },
  {},
] as const;

/** Speaks to the real agent; what comes over the pad's line meanwhile must not suffer. */
export async function fuzzDoor({ folder, seed, count, progress }: TrialContext): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const random = seededRandom(seed);
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, TOKEN, { mode: 0o600 });
    const port = await freePort();
    const { till, subscriber } = await createTillAtBroker(ending, folder, { local: { http: { port, tokenFile } } });
    const agent = await till.start();
    till.press(seed);
    await until(() => subscriber.arrived.length > 0, "the agent is connected", WITHIN_MS);
    const memory = watchMemory(agent.pid, 4);
    const requests = count(50_000, 2_000);
    const answers = await callMany(requests, {
      port: () => port,
      request: () => request(random),
      look: (sent) => {
        memory.look();
        if (!agent.running()) throw new Error(`the agent ended:\n${agent.printed().slice(-4_000)}`);
        progress(`${sent} requests, ${memory.mostMib} MiB resident`);
      },
    });
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const health = await fetch(`http://127.0.0.1:${port}/v1/health`, { headers });
    const body = JSON.stringify({ touchpoint: TOUCHPOINT, transaction: "honest", amount: 1, items: 1 });
    const sale = await fetch(`http://127.0.0.1:${port}/v1/transactions`, { method: "POST", headers, body });
    till.hush();
    await until(() => till.pad.unacknowledged() === 0, "the last press was acknowledged", WITHIN_MS);
    const reader = openReader(journalFile(folder));
    const { head } = reader.head();
    await until(() => subscriber.arrived.some(({ seq }) => seq >= head), "everything arrived", WITHIN_MS);
    const { code } = await agent.end("SIGTERM");
    const verdict = verifyJournal(reader);
    reader.close();
    memory.look();
    const counts = {
      requests,
      ...answers,
      "health afterwards": health.status,
      "sale afterwards": sale.status,
      ...judgeArrivals(subscriber.arrived, till.pad.acknowledged),
      "token in the log": agent.printed().includes(TOKEN) ? 1 : 0,
      "exit status": code ?? -1,
      journal: verdict.ok ? "ok" : verdict.findings.slice(0, 3).join("; "),
      "most resident MiB": memory.mostMib,
      "grown MiB": memory.grownMib(),
    };
    const promised = { lost: 0, twice: 0, holes: 0, "token in the log": 0, "exit status": 0, journal: "ok" };
    const wrong = mustBe({ "5xx": 0, stuck: 0, "health afterwards": 200, "sale afterwards": 201, ...promised }, counts);
    if (memory.grownMib() > MAY_GROW_MIB) wrong.push(`memory grew by more than ${MAY_GROW_MIB} MiB`);
    return { did: "spoiled requests and noise at every route of the agent's HTTP door", counts, wrong };
  });
}

function request(random: () => number): Buffer {
  const roll = random();
  if (roll < 0.05) return noise(random, Math.floor(random() * 5_000));
  const body = random() < 0.1 ? "x".repeat(20_000) : JSON.stringify(pick(random, BODIES));
  const length = pick(random, [body.length, body.length, body.length, body.length, 999_999, -1]);
  const token = pick(random, [TOKEN, TOKEN, TOKEN, "another", ""]);
  const type = pick(random, ["application/json", "application/json", "text/plain"]);
  const key = random() < 0.3 ? `idempotency-key: ${Math.floor(random() * 50)}\r\n` : "";
  const text =
    `${pick(random, ["POST", "POST", "POST", "GET", "PUT"])} ${pick(random, PATHS)} HTTP/1.1\r\nhost: 127.0.0.1\r\n` +
    `authorization: Bearer ${token}\r\ncontent-type: ${type}\r\n${key}content-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
  return roll < 0.5 ? Buffer.from(text, "latin1") : mutant(random, Buffer.from(text, "latin1"));
}
