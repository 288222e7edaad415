// The whole agent: rollups of windows that are over arrive at the broker, over a restart, and over a view that was lost.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runAgent } from "../../src/agent/agent.ts";
import { Config } from "../../src/config/schema.ts";
import type { EventData } from "../../src/words/events.ts";
import { type InProcessBroker, startInProcessBroker } from "../fakes/broker.ts";
import { until } from "../fakes/until.ts";

const QUARTER_MS = 900_000;
/** When the next press is: in the middle of one quarter-hour that is over, whatever the time and however long the test takes. */
let ratedMs = Math.floor(Date.now() / QUARTER_MS) * QUARTER_MS - 7.5 * QUARTER_MS;
const folder = mkdtempSync(join(tmpdir(), "rollups-"));
const view = join(folder, "metrics.db");
const rollups: EventData["rollup"][] = [];
let broker: InProcessBroker;

beforeAll(async () => {
  writeFileSync(join(folder, "token"), "secret-of-the-shop\n");
  broker = await startInProcessBroker();
  broker.aedes.on("publish", ({ topic, payload }) => {
    if (topic.endsWith("/event/rollup")) rollups.push(JSON.parse(payload.toString()).data as EventData["rollup"]);
  });
});
afterAll(async () => {
  await broker.close();
  rmSync(folder, { recursive: true });
});

/** Runs the agent while `work` goes on; `rate` presses a button at its door, a second after the press before it. */
async function running(work: (rate: (button: string) => Promise<number>) => Promise<void>): Promise<void> {
  const config = Config.parse({
    version: 1,
    local: {
      device: "d1",
      site: "s1",
      dataDir: folder,
      broker: { url: broker.url },
      http: { port: 0, tokenFile: join(folder, "token") },
      pads: [{ id: "p1", driver: "simulated" }],
    },
    fleet: {
      touchpoints: [{ id: "desk", pads: ["p1"], question: { id: "q", min: 1, max: 4, buttons: { "1": 1, "4": 4 } } }],
      rollups: { windows: ["15m"] },
      fairPlay: { repeatMs: 100 },
    },
  });
  const stop = new AbortController();
  let url = "";
  const ended = runAgent(config, {
    signal: stop.signal,
    log: pino({ level: "silent" }),
    rollupsEveryMs: 100,
    door: (at) => {
      url = at;
    },
  });
  await until(() => url !== "", "the door is open");
  try {
    await work(async (button) => {
      ratedMs += 1_000;
      const { status } = await fetch(new URL("/v1/presses", url), {
        method: "POST",
        headers: { authorization: "Bearer secret-of-the-shop", "content-type": "application/json" },
        body: JSON.stringify({ pad: "p1", button, ageMs: Date.now() - ratedMs }),
      });
      return status;
    });
  } finally {
    stop.abort();
    await ended;
  }
}
const told = (): (number | undefined)[][] =>
  rollups.filter(({ question }) => question === "q").map(({ rev, n, sum }) => [rev, n, sum]);

it("tells a window when it is over, and again with a higher rev when a press of it comes late", async () => {
  await running(async (rate) => {
    expect(await rate("4")).toBe(201);
    await until(() => told().length === 1, "the window was told");
    expect(await rate("1")).toBe(201);
    await until(() => told().length === 2, "the window was told again");
  });
  expect(told()).toEqual([
    [1, 1, 4],
    [2, 2, 5],
  ]);
});

it("goes on after a restart; a view that was lost or damaged is made anew, and tells nothing twice", async () => {
  await running(async (rate) => {
    await rate("4");
    await until(() => told().length === 3, "the window was told a third time");
  });
  for (const damage of [() => rmSync(view), () => writeFileSync(view, "no database at all ".repeat(999))]) {
    damage();
    const before = told().length;
    await running(async (rate) => {
      await rate("1");
      await until(() => told().length > before, "the window was told again");
    });
  }
  expect(told()).toEqual([
    [1, 1, 4],
    [2, 2, 5],
    [3, 3, 9],
    [4, 4, 10],
    [5, 5, 11],
  ]);
});
