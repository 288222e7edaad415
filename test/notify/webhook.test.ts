// Webhooks against a real HTTP server: what is told arrives, in order, whatever the server does meanwhile.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { z } from "zod";
import { NotifySettings } from "../../src/config/notify.ts";
import { type Notify, startNotify } from "../../src/notify/notify.ts";
import { MOST_WAITING } from "../../src/notify/webhook.ts";
import type { StageState } from "../../src/supervise/keep-running.ts";
import type { Fault } from "../../src/words/errors.ts";
import type { EventData } from "../../src/words/events.ts";
import { type Answer, type Receiver, startReceiver } from "../fakes/receiver.ts";
import { until } from "../fakes/until.ts";
import { stamped } from "../uplink/rig.ts";

const QUICK = { firstMs: 5, maxMs: 20, stableAfterMs: 1_000 };
let folder = "";
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-notify-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true });
});

async function receiver(answers: readonly Answer[] = [], port = 0): Promise<Receiver> {
  const started = await startReceiver(answers, port);
  ends.push(() => started.close());
  return started;
}

function notify(...webhooks: NonNullable<z.input<typeof NotifySettings>["webhooks"]>) {
  const stop = new AbortController();
  const said: { stage: string; state: StageState; fault?: Fault }[] = [];
  const dropped: Fault[] = [];
  const started: Notify = startNotify(NotifySettings.parse({ webhooks }), {
    signal: stop.signal,
    report: (stage) => (state, fault) => void said.push({ stage, state, ...(fault === undefined ? {} : { fault }) }),
    dropped: (_stage, fault) => void dropped.push(fault),
    backoff: QUICK,
  });
  const end = async (): Promise<void> => {
    stop.abort();
    await started.ended;
  };
  ends.push(end);
  return { tell: started.tell, said, dropped, end };
}

function alert(key: string, rev: number, state: EventData["alert"]["state"] = "raised") {
  const data = { key, rev, state, rule: "bad", reason: "rated 1", count: 1, ageMs: 0 };
  return { ...stamped("alert", ""), data: { ...data, raisedAt: "2026-11-22T09:14:07.311Z" } };
}
const told = ({ received }: Receiver): string[] => received.map(({ body }) => `${body.data.key}.${body.data.rev}`);

test("each change is POSTed once as the event's JSON, in order, with the token of the file and a key to tell doubles by", async () => {
  const server = await receiver();
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "s3cret-token\n");
  const { tell } = notify({ id: "hq", url: server.url, tokenFile });
  tell(alert("a", 1));
  tell(alert("a", 2, "resolved"));
  tell(stamped("press", 1));
  await until(() => server.received.length === 2, "two notices");
  expect(told(server)).toEqual(["a.1", "a.2"]);
  const [first] = server.received;
  expect(first?.body).toMatchObject({ v: 1, type: "alert", touchpoint: "checkout", data: { key: "a", rev: 1 } });
  expect(first?.headers).toMatchObject({
    authorization: "Bearer s3cret-token",
    "content-type": "application/json",
    "idempotency-key": "a.1",
  });
});

test("a server that fails, sends elsewhere, or does not answer gets it again, with the same key and rev, before the next", async () => {
  const server = await receiver([500, 302, "slow", 503, 429, 401]);
  const { tell, said } = notify({ id: "hq", url: server.url, timeoutMs: 150 });
  tell(alert("a", 1));
  tell(alert("b", 1));
  await until(() => said.some(({ state }, i) => i > 0 && state === "ok") && server.received.length === 8, "both taken");
  expect(told(server)).toEqual([...Array(7).fill("a.1"), "b.1"]);
  expect(new Set(server.received.slice(0, 7).map(({ headers }) => headers["idempotency-key"]))).toEqual(
    new Set(["a.1"]),
  );
  const faults = said.flatMap(({ fault }) => (fault === undefined ? [] : [fault.message]));
  expect(faults).toEqual([
    "webhook hq answered 500",
    "webhook hq answered 302",
    "webhook hq: no answer within 150 ms",
    "webhook hq answered 503",
    "webhook hq answered 429",
    "webhook hq answered 401",
  ]);
});

test("a server that is not there is tried until it is, and another receiver does not wait for it", async () => {
  const gone = await startReceiver();
  await gone.close();
  const other = await receiver();
  const { tell, said } = notify({ id: "hq", url: gone.url }, { id: "desk", url: other.url });
  tell(alert("a", 1));
  await until(() => other.received.length === 1, "the other receiver");
  await until(
    () => said.filter(({ stage, state }) => stage === "webhook:hq" && state === "degraded").length > 2,
    "tries",
  );
  expect(said.find(({ state }) => state === "degraded")?.fault).toMatchObject({
    code: "WEBHOOK_FAILED",
    message: "webhook hq: ECONNREFUSED",
  });
  const back = await receiver([], gone.port);
  await until(() => back.received.length === 1, "the server that came back");
  await until(() => said.at(-1)?.state === "ok", "well again");
});

test("a notice that the server refuses for good is dropped and counted; the next goes on", async () => {
  const server = await receiver([422]);
  const { tell, dropped } = notify({ id: "hq", url: server.url });
  tell(alert("a", 1));
  tell(alert("b", 1));
  await until(() => server.received.length === 2, "the next");
  expect(told(server)).toEqual(["a.1", "b.1"]);
  expect(dropped.map(({ code, message }) => [code, message])).toEqual([["WEBHOOK_FAILED", "webhook hq answered 422"]]);
});

test("no fault and no stage says the token or the address", async () => {
  const server = await receiver([500]);
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "bad\u0001token");
  const url = `${server.url}/hook-7d1f`;
  const { tell, said, dropped } = notify(
    { id: "hq", url, tokenFile },
    { id: "none", url, tokenFile: join(folder, "no") },
  );
  tell(alert("a", 1));
  await until(() => new Set(said.filter(({ fault }) => fault).map(({ stage }) => stage)).size === 2, "both fail");
  const everything = JSON.stringify([said, dropped, said.map(({ fault }) => [fault?.details, String(fault?.cause)])]);
  expect(everything).not.toMatch(/token"|badtoken|bad.token|hook-7d1f/);
  expect(said.find(({ stage, fault }) => stage === "webhook:none" && fault)?.fault?.code).toBe("CONFIG_SECRET");
  expect(server.received).toEqual([]);
});

test("the queue is bounded: what a later word overtook goes first, and nobody waits", async () => {
  const server = await receiver(["slow"]);
  const { tell, dropped } = notify({ id: "hq", url: server.url, timeoutMs: 60_000 });
  tell(alert("first", 1));
  await until(() => server.received.length === 1, "the first is on its way");
  tell(alert("a", 1));
  for (let i = 0; i < MOST_WAITING - 3; i += 1) tell(alert(`k${i}`, 1));
  tell(alert("a", 2));
  expect(dropped).toEqual([]);
  tell(alert("last", 1));
  expect(dropped).toHaveLength(1);
});

test("a receiver is told of the states it wants", async () => {
  const server = await receiver();
  const { tell } = notify({ id: "hq", url: server.url, states: ["escalated", "resolved"] });
  tell(alert("a", 1));
  tell(alert("a", 2, "escalated"));
  tell(alert("a", 3, "acknowledged"));
  tell(alert("a", 4, "resolved"));
  await until(() => server.received.length === 2, "two notices");
  expect(told(server)).toEqual(["a.2", "a.4"]);
});

test("a stop ends at once, in the middle of an answer that does not come", async () => {
  const server = await receiver(["slow"]);
  const { tell, said, end } = notify({ id: "hq", url: server.url, timeoutMs: 60_000 });
  tell(alert("a", 1));
  await until(() => server.received.length === 1, "a request");
  await end();
  expect(said.at(-1)?.state).toBe("stopped");
});
