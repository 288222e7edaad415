// A backlog never keeps an alert waiting, and what a server asks for again comes after everything else.
import { afterEach, expect, test } from "vitest";
import { type ScriptedBroker, startScriptedBroker } from "../fakes/broker-scripted.ts";
import { MemoryJournal } from "../fakes/journal.ts";
import {
  commitMany,
  QUICK,
  ROOT,
  stamped,
  startUplink,
  type UplinkUnderTest,
  until,
  uplinkSettings,
  upTo,
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
const seqOf = (payload: unknown): number => (JSON.parse(String(payload)) as { seq: number }).seq;

test("ahead of 100,000 rows an alert is among the next that are published", async () => {
  const journal = new MemoryJournal();
  await commitMany(journal, "press", 100_000);
  const rows: number[] = [];
  let raisedAfter = 0;
  let alert = 0;
  const broker = await scripted({
    puback: ({ topic, payload }) => {
      if (!topic.includes("/event/")) return 0;
      rows.push(seqOf(payload));
      if (rows.length === 5_000) {
        alert = journal.urgent(stamped("press", "alert"), 0);
        raisedAfter = rows.length;
      }
      return 0;
    },
  });
  uplink(uplinkSettings(broker.url), journal);
  await until(() => alert > 0 && rows.includes(alert));
  // What was on its way when it was raised, and what left while the journal was asked for it: at most what was in hand.
  expect(rows.indexOf(alert) - raisedAfter).toBeLessThan(1_500 + 64);
  expect(rows.length).toBeLessThan(100_000);
});

test("an alert finds room in a window that a backlog has filled", async () => {
  const journal = new MemoryJournal();
  await commitMany(journal, "press", 1_000);
  const rows: number[] = [];
  const broker = await scripted({
    // The broker takes everything and acknowledges no row.
    puback: ({ topic, payload }) => {
      if (!topic.includes("/event/")) return 0;
      rows.push(seqOf(payload));
      return undefined;
    },
  });
  uplink(uplinkSettings(broker.url), journal, { ...QUICK, lingerMs: 50 });
  await until(() => rows.length === 60);
  const alerts = [1, 2, 3, 4].map((n) => journal.urgent(stamped("press", n), 0));
  await until(() => rows.length === 64);
  expect(rows).toEqual([...upTo(60), ...alerts]);
});

test("a quota that refuses the backlog does not keep an alert back", async () => {
  const journal = new MemoryJournal();
  await commitMany(journal, "mood", 500);
  const alerts: number[] = [];
  let refused = 0;
  const broker = await scripted({
    puback: ({ topic, payload }) => {
      if (topic.includes("/event/mood")) refused += 1;
      if (topic.includes("/event/press")) alerts.push(seqOf(payload));
      return topic.includes("/event/mood") ? 0x97 : 0;
    },
  });
  const up = uplink(uplinkSettings(broker.url), journal, { ...QUICK, lingerMs: 50 });
  await until(() => up.reports.some(({ fault }) => fault?.code === "BROKER_QUOTA"));
  const before = refused;
  const raised = journal.urgent(stamped("press", "alert"), 0);
  await until(() => alerts.includes(raised));
  expect(refused - before).toBeLessThanOrEqual(1);
});

const command = (more: Record<string, unknown>): string =>
  JSON.stringify({ id: "r1", expires: new Date(Date.now() + 60_000).toISOString(), by: "ops", ...more });
const replies = (broker: ScriptedBroker, topic = `${ROOT}/reply/resend`): Record<string, unknown>[] =>
  broker.published.filter((one) => one.topic === topic).map(({ payload }) => JSON.parse(String(payload)));

test("resend: the rows asked for come again under their old numbers, and the reply counts them", async () => {
  const broker = await scripted();
  const up = uplink(uplinkSettings(broker.url));
  await commitMany(up.journal, "press", 40);
  await until(async () => (await up.journal.head()).done === 40);
  await until(() => broker.subscribed.includes(`${ROOT}/cmd/+`));
  const sent = broker.published.filter(({ topic }) => topic.includes("/event/")).map(({ payload }) => String(payload));
  broker.client()?.publish(`${ROOT}/cmd/resend`, command({ from: 5, to: 14 }));
  await until(() => replies(broker).length === 1);
  expect(replies(broker)).toEqual([{ id: "r1", ok: true, stream: up.journal.stream, queued: 10 }]);
  const again = (): string[] =>
    broker.published
      .filter(({ topic }) => topic.endsWith("/event/press"))
      .map(({ payload }) => String(payload))
      .slice(40);
  await until(() => again().length === 10);
  expect(again()).toEqual(sent.slice(4, 14));
});

test.each([
  ["the same id again", { id: "r1", from: 1, to: 2 }, "seen"],
  ["another stream", { id: "r2", from: 1, to: 2, stream: "019a0000-0000-7000-8000-000000000000" }, "invalid"],
  ["backwards", { id: "r2", from: 5, to: 2 }, "invalid"],
  ["no numbers", { id: "r2", from: "1", to: 2 }, "invalid"],
  ["too many", { id: "r2", from: 1, to: 10_000_000 }, "invalid"],
  ["expired", { id: "r2", from: 1, to: 2, expires: "2020-01-01T00:00:00Z" }, "expired"],
])("resend with %s is refused and says why", async (_what, more, reason) => {
  const broker = await scripted();
  const up = uplink(uplinkSettings(broker.url));
  await until(() => broker.subscribed.includes(`${ROOT}/cmd/+`));
  broker.client()?.publish(`${ROOT}/cmd/resend`, command({ from: 1, to: 1 }));
  broker.client()?.publish(`${ROOT}/cmd/resend`, command(more));
  await until(() => replies(broker).length === 2);
  expect(replies(broker)[1]).toMatchObject({ id: more.id, ok: false, reason });
  expect(up.clients).toHaveLength(1);
});

test("retained and unreadable commands do nothing; unknown ones are answered", async () => {
  const broker = await scripted();
  const up = uplink(uplinkSettings(broker.url));
  await until(() => broker.subscribed.includes(`${ROOT}/cmd/+`));
  const client = broker.client();
  client?.publish(`${ROOT}/cmd/resend`, command({ from: 1, to: 1 }), { retain: true });
  client?.publish(`${ROOT}/cmd/resend`, "junk");
  client?.publish(`${ROOT}/cmd/explode`, command({}));
  await until(() => replies(broker, `${ROOT}/reply/explode`).length === 1);
  expect(replies(broker)).toMatchObject([{ ok: false, reason: "retained" }]);
  expect(replies(broker, `${ROOT}/reply/explode`)).toMatchObject([{ ok: false, reason: "unknown" }]);
  expect(up.dropped.filter(({ code }) => code === "COMMAND_REFUSED")).toHaveLength(3);
  expect([...up.journal.keep.keys()].filter((key) => key.startsWith("command:"))).toEqual([]);
});

test("a response topic below the configured prefix is used, with what the sender wants back", async () => {
  const broker = await scripted();
  uplink(uplinkSettings(broker.url, { replyPrefix: "acme/replies" }), undefined, QUICK);
  await until(() => broker.subscribed.includes(`${ROOT}/cmd/+`));
  const ask = (id: string, responseTopic: string): void =>
    broker.client()?.publish(`${ROOT}/cmd/resend`, command({ id, from: 1, to: 1 }), {
      properties: { responseTopic, correlationData: Buffer.from(`for ${id}`) },
    });
  ask("a", "acme/replies/7");
  ask("b", "touchpoint/v1/other/device/status");
  await until(() => replies(broker, "acme/replies/7").length === 1 && replies(broker).length === 1);
  const correlated = broker.published.filter(({ properties }) => properties?.correlationData !== undefined);
  expect(correlated.map(({ topic, properties }) => [topic, String(properties?.correlationData)])).toEqual([
    ["acme/replies/7", "for a"],
    [`${ROOT}/reply/resend`, "for b"],
  ]);
});
