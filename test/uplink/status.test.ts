// `status` is right in the end, whatever ends a connection; and what the broker remembers is heard before rows are sent.
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { Fault } from "../../src/words/errors.ts";
import { type ScriptedBroker, startScriptedBroker } from "../fakes/broker-scripted.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import { MOSQUITTO_ABSENT, type Mosquitto, startMosquitto } from "../fakes/mosquitto.ts";
import {
  commitMany,
  mosquittoAbsent,
  QUICK,
  ROOT,
  type Subscriber,
  startUplink,
  subscribe,
  type UplinkUnderTest,
  until,
  uplinkSettings,
} from "./rig.ts";

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
const uplink = (...args: Parameters<typeof startUplink>): UplinkUnderTest => {
  const up = startUplink(...args);
  ending.push(() => up.stop());
  return up;
};
const scripted = async (...args: Parameters<typeof startScriptedBroker>): Promise<ScriptedBroker> => {
  const broker = await startScriptedBroker(...args);
  ending.push(() => broker.close());
  return broker;
};

describe.skipIf(mosquittoAbsent)(`with a real Mosquitto${mosquittoAbsent ? ` - ${MOSQUITTO_ABSENT}` : ""}`, () => {
  const broker = async (lines: readonly string[] = []): Promise<Mosquitto> => {
    const started = await startMosquitto({ lines });
    ending.push(() => started.dispose());
    return started;
  };
  /** What a server that subscribes only now is told. */
  const retained = async (url: string, wanted: Record<string, unknown>): Promise<void> => {
    await until(async () => {
      const late = await subscribe(url, {}, `${ROOT}/status`);
      await until(() => late.under("status").length > 0);
      const [status] = late.under("status");
      await late.end();
      return status?.retain === true && Object.entries(wanted).every(([name, value]) => status.json[name] === value);
    });
  };
  const watch = async (url: string): Promise<Subscriber> => {
    const server = await subscribe(url, {}, `${ROOT}/status`);
    ending.push(() => server.end());
    return server;
  };
  const story = (server: Subscriber): string[] =>
    server.under("status").map(({ json }) => `${String(json.state)} ${String(json.conn)}`);
  /** Connections never count backwards, and within one `offline` is the last word. */
  const inOrder = (told: readonly string[]): void => {
    const conns = told.map((line) => Number(line.split(" ")[1]));
    expect(conns).toEqual([...conns].sort((a, b) => a - b));
    for (const conn of new Set(conns)) {
      const states = told.filter((line) => line.endsWith(` ${conn}`));
      expect(states.slice(0, -1)).not.toContain(`offline ${conn}`);
    }
  };

  test("a clean stop: offline is said, retained, and the last will is not", async () => {
    const { url } = await broker();
    const server = await watch(url);
    const up = uplink(uplinkSettings(url));
    await until(() => up.state() === "ok");
    await up.stop();
    await retained(url, { state: "offline", conn: 1 });
    expect(story(server)).toEqual(["online 1", "offline 1"]);
  });

  test("killed: the last will says offline under the same number; the next process counts on", async () => {
    const { url } = await broker();
    const server = await watch(url);
    const journal = new MemoryJournal();
    const up = uplink(uplinkSettings(url), journal, {
      ...QUICK,
      backoff: { firstMs: 3_600_000, maxMs: 3_600_000, stableAfterMs: 1 },
    });
    await until(() => story(server).includes("online 1"));
    up.clients[0]?.stream.destroy();
    await retained(url, { state: "offline", conn: 1 });
    const again = uplink(uplinkSettings(url), journal);
    await until(() => again.state() === "ok");
    await retained(url, { state: "online", conn: 2 });
    expect(story(server)).toEqual(["online 1", "offline 1", "online 2"]);
  });

  test("a take-over of its own half-open connection: online under the new number is the last word", async () => {
    const { url } = await broker();
    const server = await watch(url);
    const journal = new MemoryJournal();
    const frozen = uplink(uplinkSettings(url), journal, {
      ...QUICK,
      backoff: { firstMs: 3_600_000, maxMs: 3_600_000, stableAfterMs: 1 },
    });
    await until(() => story(server).includes("online 1"));
    const fresh = uplink(uplinkSettings(url), journal);
    await until(() => fresh.state() === "ok" && frozen.state() === "degraded");
    await retained(url, { state: "online", conn: 2 });
    inOrder(story(server));
    expect(story(server).at(-1)).toBe("online 2");
  });

  test.each(["SIGTERM", "SIGKILL"] as const)("the broker restarted by %s with what it remembered", async (signal) => {
    const mosquitto = await broker(["persistence true", "persistence_location DIR/", "autosave_interval 1"]);
    const up = uplink(uplinkSettings(mosquitto.url));
    await until(() => up.state() === "ok");
    for (const conn of [2, 3]) {
      await mosquitto.stop(signal);
      await until(() => up.state() === "degraded");
      await mosquitto.start();
      await until(() => up.state() === "ok");
      await retained(mosquitto.url, { state: "online", conn });
    }
    await up.stop();
    await retained(mosquitto.url, { state: "offline", conn: 3 });
  });
});

test("a last will that comes late is overruled at once", async () => {
  const broker = await scripted();
  const up = uplink(uplinkSettings(broker.url));
  const online = (): number => broker.published.filter(({ topic }) => topic === `${ROOT}/status`).length;
  await until(() => up.state() === "ok" && online() === 1);
  // The device must have heard itself: what came before may be what the broker remembered.
  broker.client()?.publish(`${ROOT}/status`, String(broker.published[0]?.payload));
  const will = JSON.stringify({
    state: "offline",
    conn: 0,
    version: "0",
    boot: "old",
    time: "2026-01-01T00:00:00.000Z",
  });
  broker.client()?.publish(`${ROOT}/status`, will);
  await until(() => online() === 2);
  const last = broker.published.filter(({ topic }) => topic === `${ROOT}/status`).at(-1);
  expect(JSON.parse(String(last?.payload))).toMatchObject({ state: "online", conn: 1 });
  // Two that correct each other do not go on for ever.
  for (let i = 0; i < 60; i += 1) broker.client()?.publish(`${ROOT}/status`, will);
  await commitMany(up.journal, "press", 10);
  await until(async () => (await up.journal.head()).done === 10);
  expect(online()).toBeLessThanOrEqual(21);
});

test("the journal is told what the broker remembers before any row leaves", async () => {
  const journal = new MemoryJournal();
  await commitMany(journal, "press", 5);
  const remembered = { stream: journal.stream, head: 3, done: 3 };
  const broker = await scripted({
    granted: (topic) => {
      if (topic.endsWith("/state/delivery"))
        broker.client()?.publish(topic, JSON.stringify(remembered), { retain: true });
      return 1;
    },
    puback: (publish) => {
      if (publish.topic === `${ROOT}/status`) broker.client()?.publish(publish.topic, String(publish.payload));
      if (publish.topic.includes("/event/")) expect(journal.witnessed).toHaveLength(1);
      return 0;
    },
  });
  const up = uplink(uplinkSettings(broker.url), journal, { ...QUICK, rememberedMs: 30_000 });
  await until(async () => (await up.journal.head()).done === 5);
  expect(journal.witnessed).toEqual([{ stream: journal.stream, head: 3 }]);
});

test("a journal that cannot answer the witness sends nothing; the connection is tried again", async () => {
  const journal = new MemoryJournal();
  await commitMany(journal, "press", 5);
  let answers = 0;
  journal.witness = async () => {
    answers += 1;
    if (answers < 3) throw new Fault("JOURNAL_CRASHED", "the journal's thread ended");
    return false;
  };
  const broker = await scripted({
    granted: (topic) => {
      const json = JSON.stringify({ stream: randomUUID(), head: 9, done: 9 });
      if (topic.endsWith("/state/delivery")) broker.client()?.publish(topic, json, { retain: true });
      return 1;
    },
    puback: ({ topic, payload }) => {
      if (topic === `${ROOT}/status`) broker.client()?.publish(topic, String(payload));
      if (topic.includes("/event/")) expect(answers).toBe(3);
      return 0;
    },
  });
  const up = uplink(uplinkSettings(broker.url), journal);
  await until(async () => (await up.journal.head()).done === 5);
  expect(broker.connects).toHaveLength(3);
});

test.each([
  ["nothing is remembered", undefined],
  ["garbage is remembered", "{"],
  ["something else is remembered", JSON.stringify({ stream: "none", head: -1 })],
])("%s: rows leave all the same", async (_what, payload) => {
  const broker = await scripted({
    granted: (topic) => {
      if (payload !== undefined && /delivery|status/.test(topic))
        broker.client()?.publish(topic, payload, { retain: true });
      return 1;
    },
  });
  const up = uplink(uplinkSettings(broker.url));
  await commitMany(up.journal, "press", 5);
  await until(async () => (await up.journal.head()).done === 5);
  // No stream is called "": the journal hears that nobody remembers it.
  expect(up.journal.witnessed).toEqual([{ stream: "", head: 0 }]);
});
