// The consumer between a real Mosquitto and a real PostgreSQL, both of which stop and break, beside consumers that are killed.
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { audit } from "../../scripts/consumer/audit.ts";
import { openDatabase } from "../../scripts/consumer/database.ts";
import { read } from "../../scripts/consumer/reading.ts";
import { migrate } from "../../scripts/consumer/schema.ts";
import { store } from "../../scripts/consumer/store.ts";
import { type Mosquitto, startMosquitto } from "../fakes/mosquitto.ts";
import { type Postgres, startPostgres } from "../fakes/postgres.ts";
import { until } from "../fakes/until.ts";
import {
  ABSENT,
  consumerSays,
  type Database,
  DEVICE,
  event,
  freshDatabase,
  gap,
  PREFIX,
  rootOf,
  type Speaker,
  settings,
  spawnConsumer,
  startConsumer,
  startSpeaker,
  upTo,
} from "./rig.ts";

/** As a broker in service: it keeps sessions in a file, and gives as much as each consumer asks for. */
const BROKER = ["max_inflight_messages 0", "persistence true", "persistence_location DIR/", "max_queued_messages 0"];

describe.skipIf(ABSENT !== undefined)("the consumer", () => {
  let postgres: Postgres;
  let broker: Mosquitto;
  let db: Database;
  let device: Speaker;
  let closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await postgres?.dispose();
  });
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });
  const begin = async (lines: readonly string[] = BROKER, files: Record<string, string> = {}): Promise<void> => {
    db = await freshDatabase(postgres, closing);
    broker = await startMosquitto({ lines, files });
    closing.push(() => broker.dispose());
    device = await startSpeaker(broker.url, closing);
  };
  const seqs = async (stream: string, pool = db): Promise<unknown[]> =>
    pool.column("SELECT seq::int FROM touchpoint.event WHERE stream = $1 ORDER BY seq", [stream]);
  const storedCount = async (): Promise<number> =>
    Number((await db.column("SELECT count(*) FROM touchpoint.event"))[0]);
  const acked = (stream: string, upto: number): Promise<void> =>
    until(() => device.acks.some((ack) => ack.stream === stream && ack.upto === upto), `ack ${upto}`);

  test("events come in once each, are acknowledged to the device, and the audit finds nothing missing", async () => {
    await begin();
    const stream = randomUUID();
    const consumer = await startConsumer(settings(broker.url, "a"), db.url, closing);
    const events = upTo(500).map((seq) => event(stream, seq));
    await device.sayAll(events.toReversed());
    await device.raw(`${rootOf(DEVICE)}/batch`, JSON.stringify({ events: [event(stream, 501), event(stream, 502)] }));
    await acked(stream, 502);
    await device.deliver(stream, 502, 502);
    await until(async () => (await audit(db.pool)).streams[0]?.done === 502, "state/delivery stored");
    expect(await seqs(stream)).toEqual(upTo(502));
    expect(await audit(db.pool)).toMatchObject({ ok: true, dead: 0, streams: [{ stored: 502, upto: 502, holes: 0 }] });
    expect(await consumer.stop()).toMatchObject({ fresh: 502, repeats: 0, dead: 0 });
    // The ack of a device stays at the broker for whenever it comes back.
    const late = await startSpeaker(broker.url, closing);
    await until(() => late.acks.length > 0, "the retained ack");
    expect(late.acks).toEqual([{ device: DEVICE, stream, upto: 502 }]);
  });

  test("no message is acknowledged to the broker before it is committed; a killed consumer's share comes to it again", async () => {
    await begin();
    const stream = randomUUID();
    const first = await spawnConsumer(broker.url, db.url, "a", closing, ["--batch", "10"]);
    await device.sayAll(upTo(5).map((seq) => event(stream, seq)));
    await acked(stream, 5);
    // From here on no batch can be committed.
    const locker = openDatabase(db.url);
    closing.push(() => locker.end());
    const lock = await locker.connect();
    await lock.query("BEGIN");
    await lock.query("LOCK TABLE touchpoint.event IN ACCESS EXCLUSIVE MODE");
    await device.sayAll(upTo(200).map((n) => event(stream, n + 5)));
    await until(
      async () =>
        (
          await lock.query(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
          )
        ).rowCount === 1,
      "the consumer waits with a batch in its hands",
    );
    await first.kill("SIGKILL");
    await lock.query("COMMIT");
    lock.release();
    const second = await startConsumer(settings(broker.url, "a", { batch: 10 }), db.url, closing);
    await acked(stream, 205);
    expect(await seqs(stream)).toEqual(upTo(205));
    // What was committed had its PUBACK and does not come again.
    const { fresh, repeats } = await second.stop();
    expect([fresh, repeats]).toEqual([200, 0]);
  });

  test("two consumers share the work, agree on the ack, and one killed in the middle loses nothing", async () => {
    await begin();
    const streams = new Map(["till-03", "till-04", "till-05"].map((name) => [name, randomUUID()]));
    const mine = await startConsumer(settings(broker.url, "a"), db.url, closing);
    let other = await spawnConsumer(broker.url, db.url, "b", closing);
    const count = 1_200;
    const said = upTo(count).map(async (seq) => {
      for (const [name, stream] of streams) await device.say(event(stream, seq, { device: name }));
    });
    await until(async () => (await storedCount()) > 300, "the first events stored");
    await other.kill("SIGKILL");
    await Promise.all(said);
    other = await spawnConsumer(broker.url, db.url, "b", closing);
    for (const stream of streams.values()) await acked(stream, count);
    await until(async () => (await storedCount()) === 3 * count, "every event stored");
    expect((await audit(db.pool)).streams).toMatchObject(upTo(3).map(() => ({ stored: count, upto: count })));
    for (const stream of streams.values()) {
      const uptos = device.acks.filter((ack) => ack.stream === stream).map(({ upto }) => upto);
      expect(uptos).toEqual(uptos.toSorted((a, b) => a - b));
    }
    const { fresh } = await mine.stop();
    expect(fresh).toBeGreaterThan(0);
    expect(fresh).toBeLessThan(3 * count);
    expect(await other.kill("SIGTERM")).toBe(0);
    const { fresh: theirs } = other.lines.find(({ state }) => state === "stopped") ?? {};
    expect(Number(theirs)).toBeGreaterThanOrEqual(0);
  });

  test("PostgreSQL crashes in the middle: the consumer waits, says so once, and nothing is lost or doubled", async () => {
    await begin();
    const stream = randomUUID();
    const consumer = await startConsumer(settings(broker.url, "a", { batch: 20 }), db.url, closing);
    const said = Promise.all(upTo(1_000).map((seq) => device.say(event(stream, seq))));
    await until(async () => (await storedCount()) > 100, "the first events stored");
    await postgres.stop("crash");
    await until(() => consumer.said.some(({ state }) => state === "database-away"), "the consumer noticed");
    await said;
    await device.sayAll(upTo(50).map((n) => event(stream, 1_000 + n)));
    await postgres.start();
    await acked(stream, 1_050);
    expect(await seqs(stream)).toEqual(upTo(1_050));
    const states = consumer.said.map(({ state }) => state);
    expect(states.filter((state) => state !== "ack-failed")).toEqual(["subscribed", "database-away", "database-back"]);
    expect(states.filter((state) => state === "ack-failed").length).toBeLessThanOrEqual(1);
  });

  test("a broker that was killed and forgot everything: what devices send again is stored and acknowledged again", async () => {
    await begin(["max_inflight_messages 0"]);
    const stream = randomUUID();
    const consumer = await startConsumer(settings(broker.url, "a"), db.url, closing);
    await device.sayAll(upTo(20).map((seq) => event(stream, seq)));
    await acked(stream, 20);
    const reconnected = new Promise((resolve) => device.client.once("connect", resolve));
    await broker.stop("SIGKILL");
    await broker.start();
    await reconnected;
    await until(() => consumer.said.filter(({ state }) => state === "subscribed").length === 2, "subscribed again");
    device.acks.length = 0;
    await device.say(event(stream, 20));
    await acked(stream, 20);
    await device.say(event(stream, 21));
    await acked(stream, 21);
    expect((await consumer.stop()).repeats).toBe(1);
    expect(await seqs(stream)).toEqual(upTo(21));
  });

  test("garbage, huge messages and floods at QoS 0 end as dead letters or nowhere, and honest events go on", async () => {
    await begin();
    const stream = randomUUID();
    const consumer = await startConsumer(settings(broker.url, "a", { batch: 50 }), db.url, closing);
    const topic = `${rootOf(DEVICE)}/event/press`;
    const good = event(stream, 1);
    const bad: (string | Buffer)[] = [
      "",
      "null",
      "[]",
      Buffer.from([0xc3, 0x28, 0x00]),
      "x".repeat(70_000),
      JSON.stringify({ ...good, data: { text: "y".repeat(70_000) } }),
      JSON.stringify({ ...good, seq: -1 }),
      // Valid by every rule of ours, and refused by the database: there is no year 0.
      JSON.stringify({ ...event(stream, 3), time: "0000-01-01T00:00:00.000Z" }),
    ];
    await Promise.all([
      ...bad.map((payload) => device.raw(topic, payload)),
      device.say(good),
      device.raw(`${rootOf(DEVICE)}/event/press`, JSON.stringify({ ...event(stream, 2), touchpoint: "nul \0" })),
      // More than a consumer takes at all: the broker keeps it from it.
      device.raw(topic, Buffer.alloc(400_000, 0x7b)),
      ...upTo(300).map(() => device.raw(topic, "flood", 0)),
    ]);
    await acked(stream, 2);
    await device.say(event(stream, 3));
    await acked(stream, 3);
    const { fresh, dead } = await consumer.stop();
    expect(fresh).toBe(3);
    // The one with a NUL is stored and kept as it came; of the flood only what there was room for.
    expect(dead).toBeGreaterThanOrEqual(bad.length + 1);
    expect(dead).toBeLessThanOrEqual(bad.length + 1 + 300);
    const reasons = await db.column("SELECT DISTINCT reason FROM touchpoint.dead_letter WHERE payload <> 'flood'");
    expect(reasons.some((reason) => String(reason).startsWith("the database refused it"))).toBe(true);
  });

  test("what was stored by a consumer that was killed before it could say so is acknowledged by the next one", async () => {
    await begin();
    const stream = randomUUID();
    await migrate(db.pool);
    const one = event(stream, 1);
    await store(db.pool, [read(PREFIX, `${rootOf(DEVICE)}/event/press`, Buffer.from(JSON.stringify(one)))]);
    await startConsumer(settings(broker.url, "a"), db.url, closing);
    await acked(stream, 1);
  });

  test("a device whose ack the broker refuses is named once, and all others have theirs", async () => {
    await begin([...BROKER, "acl_file DIR/rules"], {
      rules: `topic deny ${rootOf("till-04")}/ack\ntopic readwrite ${PREFIX}/#\n`,
    });
    const streams = new Map(["till-04", "till-05"].map((name) => [name, randomUUID()]));
    const consumer = await startConsumer(settings(broker.url, "a"), db.url, closing);
    for (const seq of upTo(5))
      for (const [name, stream] of streams) {
        await device.say(event(stream, seq, { device: name }));
        if (name === "till-05") await acked(stream, seq);
      }
    const named = consumer.said.filter((one) => "message" in one && one.message.includes(rootOf("till-04")));
    expect(named).toMatchObject([{ state: "ack-failed" }]);
    expect(device.acks.some((ack) => ack.device === "till-04")).toBe(false);
  });

  test("a new stream of the same device has an ack of its own, an old one's stragglers too, and the topic keeps the current one", async () => {
    await begin();
    const [old, now] = [randomUUID(), randomUUID()];
    await startConsumer(settings(broker.url, "a"), db.url, closing);
    await device.sayAll(upTo(10).map((seq) => event(old, seq)));
    await device.deliver(old, 12, 10);
    await acked(old, 10);
    await device.sayAll(upTo(3).map((seq) => event(now, seq)));
    await device.deliver(now, 3, 3);
    await acked(now, 3);
    await until(
      async () => (await audit(db.pool)).streams.some((one) => one.stream === now && one.done === 3),
      "delivery",
    );
    // What could be read of the old journal comes late, and what could not is owned.
    await device.say(event(old, 12));
    await device.say(gap(now, 4, 11, 11, old));
    await acked(old, 12);
    await acked(now, 4);
    const late = await startSpeaker(broker.url, closing);
    await until(() => late.acks.at(-1)?.stream === now, "the retained ack");
    expect(late.acks.at(-1)).toEqual({ device: DEVICE, stream: now, upto: 4 });
    expect((await audit(db.pool)).ok).toBe(true);
  });

  test("a consumer that stops leaves its share to itself, one that leaves gives it to the others", async () => {
    await begin();
    const stream = randomUUID();
    const stopped = await startConsumer(settings(broker.url, "a"), db.url, closing);
    await stopped.stop();
    await device.sayAll(upTo(100).map((seq) => event(stream, seq)));
    const back = await startConsumer(settings(broker.url, "a"), db.url, closing);
    await acked(stream, 100);
    await back.stop();
    const stays = await startConsumer(settings(broker.url, "b"), db.url, closing);
    const leaves = await startConsumer(settings(broker.url, "a", { leave: true }), db.url, closing);
    await leaves.stop();
    await device.sayAll(upTo(100).map((n) => event(stream, 100 + n)));
    await acked(stream, 200);
    expect((await stays.stop()).fresh).toBeGreaterThanOrEqual(100);
  });

  test("two consumers that were given one id take it from each other, and still nothing is lost or doubled", async () => {
    await begin();
    const stream = randomUUID();
    const first = await startConsumer(settings(broker.url, "same"), db.url, closing);
    const second = await startConsumer(settings(broker.url, "same"), db.url, closing);
    await until(() => first.said.some(({ state }) => state === "broker-away"), "the first one lost its connection");
    await device.sayAll(upTo(300).map((seq) => event(stream, seq)));
    await acked(stream, 300);
    expect(await seqs(stream)).toEqual(upTo(300));
    await second.stop();
  });

  test("the audit's command line exits 1 where something delivered is missing, and 0 when it came", async () => {
    await begin();
    const run = (...args: string[]) => consumerSays(db.url, ...args);
    expect(await run("migrate")).toEqual({ status: 0, stdout: "version 2\n" });
    const stream = randomUUID();
    await startConsumer(settings(broker.url, "a"), db.url, closing);
    await device.say(event(stream, 2));
    await device.deliver(stream, 2, 2);
    await until(
      async () => (await audit(db.pool)).streams.some(({ done, stored }) => done === 2 && stored === 1),
      "both",
    );
    const failed = await run("audit");
    expect(failed.status).toBe(1);
    expect(failed.stdout).toContain("delivered and never stored, owned by no gap: 1\n");
    await device.say(event(stream, 1));
    expect((await run("audit", "--wait", "20")).status).toBe(0);
    expect(JSON.parse((await run("audit", "--json", "--device", DEVICE)).stdout)).toMatchObject({ ok: true });
    expect((await run("audit", "--wait", "long")).status).toBe(2);
    expect((await run("run", "--broker", "localhost")).status).toBe(2);
  });
});
