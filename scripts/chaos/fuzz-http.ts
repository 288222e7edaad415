// Garbage and near-misses at the demo's page: it answers, closes what is bad, and keeps nothing.
import type { PadPort } from "../../src/buttons/pad.ts";
import { createSimulatedPad } from "../../src/buttons/simulated.ts";
import { createDesk } from "../../src/demo/desk.ts";
import { createLive } from "../../src/demo/live.ts";
import { servePage } from "../../src/demo/server.ts";
import { seededRandom } from "../../src/simulate/random.ts";
import { callMany } from "./http-calls.ts";
import { watchMemory } from "./memory.ts";
import { mutant, noise, pick } from "./mutants.ts";
import { withEnding } from "./till.ts";
import { mustBe, type Outcome, type TrialContext } from "./trial.ts";

const MAY_GROW_MIB = 64;

/** Speaks to the real page server, with a desk and a simulated pad behind it, over raw sockets. */
export async function fuzzHttp({ seed, count, progress }: TrialContext): Promise<Outcome> {
  return await withEnding(async (ending) => {
    const random = seededRandom(seed);
    const stopping = new AbortController();
    let presses = 0;
    const pad = createSimulatedPad({ id: "pad", driver: "simulated" }, "s1");
    const desk = createDesk(() => undefined);
    desk.place(pad);
    let port: PadPort | undefined;
    const padRun = pad.run({
      signal: stopping.signal,
      nowMs: () => performance.now(),
      input: (input) => {
        if (input.kind !== "press" || input.ref === undefined) return;
        presses += 1;
        port?.acknowledge(input.ref);
      },
      opened: (given) => {
        port = given;
      },
      dropped: () => undefined,
    });
    ending.push(async () => {
      stopping.abort();
      await padRun;
    });
    const live = createLive();
    ending.push(live.close);
    const page = await servePage(0, {
      desk,
      buttons: ["1", "2"],
      join: (response) => live.join(response, [{ name: "setting", data: { k: 2 } }]),
    });
    ending.push(page.close);
    const { host } = new URL(page.url);
    const requests = count(50_000, 2_000);
    const memory = watchMemory(process.pid, 4);
    const answers = await callMany(requests, {
      port: () => Number(new URL(page.url).port),
      request: () => request(random, host),
      look: (sent) => {
        memory.look();
        progress(`${sent} requests, ${memory.mostMib} MiB resident`);
      },
    });
    const well = await fetch(page.url);
    const body = JSON.stringify({ button: "1" });
    const before = presses;
    const pressed = await fetch(`${page.url}press`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    memory.look();
    const counts = {
      requests,
      ...answers,
      "page afterwards": well.status,
      "press afterwards": pressed.status,
      "counted for it": presses - before,
      "most resident MiB": memory.mostMib,
      "grown MiB": memory.grownMib(),
    };
    const fine = { "5xx": 0, stuck: 0, "page afterwards": 200, "press afterwards": 200, "counted for it": 1 };
    const wrong = mustBe(fine, counts);
    if (memory.grownMib() > MAY_GROW_MIB) wrong.push(`memory grew by more than ${MAY_GROW_MIB} MiB`);
    return { did: "spoiled requests, noise, endless headers and bodies at the demo's page", counts, wrong };
  });
}

function request(random: () => number, host: string): Buffer {
  const body = pick(random, ['{"button":"1"}', '{"button":"9"}', '{"button":["1"]}', "{}", "[", "", "x".repeat(400)]);
  const path = pick(random, ["/", "/press", "/live", "/page.js", "/../../etc/passwd", "/%00", `/${"a".repeat(3_000)}`]);
  const method = pick(random, ["GET", "GET", "POST", "POST", "PUT", "OPTIONS", "TRACE", "G E T"]);
  const length = pick(random, [`${body.length}`, `${body.length}`, `${body.length}`, "999999", "-1", "0x10", "1e3"]);
  const named = pick(random, [host, host, host, host, host, "example.org", ""]);
  const text =
    `${method} ${path} HTTP/1.1\r\nhost: ${named}\r\ncontent-type: ${pick(random, ["application/json", "text/plain"])}\r\n` +
    `content-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
  const roll = random();
  if (roll < 0.05) return noise(random, Math.floor(random() * 5_000));
  if (roll < 0.08) return Buffer.from(`GET / HTTP/1.1\r\nhost: ${host}\r\n${`x-${random()}: y\r\n`.repeat(2_000)}\r\n`);
  if (roll < 0.11)
    return Buffer.from(
      `POST /press HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n${"ffff\r\n".repeat(500)}`,
    );
  return roll < 0.4 ? Buffer.from(text, "latin1") : mutant(random, Buffer.from(text, "latin1"));
}
