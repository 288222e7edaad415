// What is in PostgreSQL after events came in any order, any number of times, from several consumers at once.
import { createHash, randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { audit } from "../../scripts/consumer/audit.ts";
import { read } from "../../scripts/consumer/reading.ts";
import { migrate, Unfit } from "../../scripts/consumer/schema.ts";
import { DEAD_LETTERS, type Stored, store } from "../../scripts/consumer/store.ts";
import type { ErasedData } from "../../src/words/erased.ts";
import type { Envelope } from "../../src/words/events.ts";
import { type Postgres, startPostgres } from "../fakes/postgres.ts";
import { ABSENT, type Database, DEVICE, event, freshDatabase, gap, PREFIX, rootOf, upTo } from "./rig.ts";

describe.skipIf(ABSENT !== undefined)("the tables", () => {
  const closing: (() => Promise<void>)[] = [];
  let postgres: Postgres;
  let db: Database;

  beforeAll(async () => {
    postgres = await startPostgres();
    db = await freshDatabase(postgres, closing);
    await migrate(db.pool);
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    await postgres?.dispose();
  });

  const storeAll = (events: readonly Envelope[], at: Database = db): Promise<Stored> =>
    store(
      at.pool,
      events.map((one) => read(PREFIX, `${rootOf(one.device)}/event/${one.type}`, Buffer.from(JSON.stringify(one)))),
    );
  const deliver = (stream: string, head: number, done: number): Promise<Stored> =>
    store(db.pool, [{ events: [], delivery: { device: DEVICE, root: rootOf(DEVICE), stream, head, done }, dead: [] }]);
  const upto = async (stream: string): Promise<number> =>
    Number((await db.column("SELECT upto FROM touchpoint.stream WHERE stream = $1", [stream]))[0]);
  const audited = async (stream: string) => (await audit(db.pool)).streams.find((one) => one.stream === stream);

  test("migrating again changes nothing, several at once neither, and a newer database is refused", async () => {
    const other = await freshDatabase(postgres, closing);
    expect(await Promise.all([migrate(other.pool), migrate(other.pool), migrate(other.pool)])).toEqual([2, 2, 2]);
    await other.pool.query("INSERT INTO touchpoint.migration (version) VALUES (99)");
    await expect(migrate(other.pool)).rejects.toThrow(Unfit);
  });

  test("an event keeps every field, and storing it again changes nothing", async () => {
    const stream = randomUUID();
    const one = event(stream, 1, {
      data: { text: `'; DROP TABLE touchpoint.event; -- "\\{},NULL`, n: 0.1, deep: [{ a: null }] },
    });
    expect(await storeAll([one])).toMatchObject({ fresh: 1, repeats: 0 });
    expect(await storeAll([one, one])).toMatchObject({ fresh: 0, repeats: 2 });
    const { rows } = await db.pool.query("SELECT * FROM touchpoint.event WHERE stream = $1", [stream]);
    expect(rows).toHaveLength(1);
    const { time, seq, v, ...rest } = one;
    expect(rows[0]).toMatchObject(rest);
    expect([rows[0].time.toISOString(), rows[0].seq]).toEqual([time, `${seq}`]);
  });

  test("strings full of SQL stay strings, in every field that a device fills", async () => {
    const stream = randomUUID();
    const evil = `x', 'y'); DELETE FROM touchpoint.event; -- $1 {"a",NULL} \\' \\`;
    await storeAll([
      event(stream, 1, { touchpoint: evil, tz: evil, boot: evil.slice(0, 200), site: evil, data: { [evil]: evil } }),
    ]);
    const { rows } = await db.pool.query("SELECT * FROM touchpoint.event WHERE stream = $1", [stream]);
    expect(rows[0]).toMatchObject({ touchpoint: evil, tz: evil, site: evil, data: { [evil]: evil } });
  });

  test("events and gaps in any order, any grouping, from two consumers at once: the ack is what is whole, and never falls", async () => {
    const head = 40;
    await fc.assert(
      fc.asyncProperty(
        // Which seqs exist as events, a gap that owns some, the order, and where batches end.
        fc.uniqueArray(fc.integer({ min: 1, max: head }), { minLength: 1, maxLength: head }),
        fc.tuple(fc.integer({ min: 1, max: head }), fc.integer({ min: 0, max: 8 })),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        fc.integer({ min: 1, max: 9 }),
        async (seqs, [from, span], random, size) => {
          const stream = randomUUID();
          const to = from + span;
          const owner = Math.max(head, to) + 1;
          const all = [...seqs.map((seq) => event(stream, seq)), gap(stream, owner, from, to)];
          const shuffled = [...all, ...all.slice(0, 5)]
            .map((one) => ({ one, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
          const batches = upTo(Math.ceil(shuffled.length / size)).map((n) => shuffled.slice((n - 1) * size, n * size));
          let last = 0;
          for (let at = 0; at < batches.length; at += 2) {
            await Promise.all([storeAll(batches[at] ?? []), storeAll(batches[at + 1] ?? [])]);
            const now = await upto(stream);
            expect(now).toBeGreaterThanOrEqual(last);
            last = now;
          }
          const known = new Set([...seqs, ...upTo(span + 1).map((n) => from + n - 1), owner]);
          const whole = upTo(owner + 1).findIndex((seq) => !known.has(seq));
          expect(last).toBe(whole);
          const found = await audited(stream);
          expect(found).toMatchObject({ stored: seqs.length + 1, upto: whole, whole });
          expect(found?.owned).toBe(upTo(span + 1).filter((n) => !seqs.includes(from + n - 1)).length);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("two consumers with the same events in opposite order neither wait for ever nor count twice", async () => {
    const streams = upTo(8).map(() => randomUUID());
    const events = streams.flatMap((stream) => upTo(20).map((seq) => event(stream, seq)));
    const outcomes = await Promise.all(upTo(6).map((n) => storeAll(n % 2 === 0 ? events : [...events].reverse())));
    expect(outcomes.reduce((sum, { fresh }) => sum + fresh, 0)).toBe(events.length);
    for (const stream of streams) expect(await upto(stream)).toBe(20);
  });

  test("a hole that was long waited for lets the ack jump over everything behind it", async () => {
    const stream = randomUUID();
    const seqs = upTo(6_000).slice(1);
    await storeAll(seqs.map((seq) => event(stream, seq)));
    expect(await upto(stream)).toBe(0);
    await storeAll([event(stream, 1)]);
    expect(await upto(stream)).toBe(6_000);
  });

  test("the audit tells holes from losses that are owned and from what is on its way", async () => {
    const stream = randomUUID();
    await storeAll([1, 2, 5, 9].map((seq) => event(stream, seq)));
    await deliver(stream, 12, 9);
    expect(await audited(stream)).toMatchObject({
      stored: 4,
      owned: 0,
      holes: 5,
      holeRuns: [
        [3, 4],
        [6, 8],
      ],
      behind: 3,
      head: 12,
      done: 9,
      upto: 2,
    });
    await storeAll([gap(stream, 10, 3, 7)]);
    expect(await audited(stream)).toMatchObject({
      stored: 5,
      owned: 4,
      holes: 1,
      holeRuns: [[8, 8]],
      behind: 2,
      upto: 7,
    });
    expect((await audit(db.pool, DEVICE)).ok).toBe(false);
    await storeAll([event(stream, 8)]);
    expect(await audited(stream)).toMatchObject({ holes: 0, upto: 10 });
    expect((await audit(db.pool, DEVICE)).ok).toBe(true);
    // A word that was overtaken by a later one takes nothing back.
    await deliver(stream, 11, 4);
    expect(await audited(stream)).toMatchObject({ head: 12, done: 9 });
  });

  test("an event of a new stream may own what was lost of an old one, and of no other device", async () => {
    const [old, fresh, foreign] = [randomUUID(), randomUUID(), randomUUID()];
    await storeAll([1, 2, 5].map((seq) => event(old, seq)));
    await storeAll([event(foreign, 1, { device: "till-04" }), event(foreign, 3, { device: "till-04" })]);
    await storeAll([gap(fresh, 1, 3, 4, old), gap(fresh, 2, 2, 2, foreign)]);
    expect([await upto(old), await upto(fresh)]).toEqual([5, 2]);
    expect(await db.column("SELECT upto::int FROM touchpoint.stream WHERE device = 'till-04'")).toEqual([1]);
  });

  test("a second event with the number of a stored one is kept for a person to see, and changes nothing", async () => {
    const stream = randomUUID();
    await storeAll([event(stream, 1), event(stream, 2)]);
    const clone = event(stream, 2, { data: { value: 1 } });
    expect(await storeAll([clone])).toMatchObject({ fresh: 0, repeats: 1, dead: 1 });
    expect(
      await db.column("SELECT data->>'value' FROM touchpoint.event WHERE stream = $1 AND seq = 2", [stream]),
    ).toEqual(["4"]);
    expect(await db.column("SELECT reason FROM touchpoint.dead_letter ORDER BY id DESC LIMIT 1")).toEqual([
      "seq 2 of this stream is stored with another id: two devices share one stream",
    ]);
  });

  test("clock repairs move the unsynced events of their part of the boot, also those stored later, and only in the view", async () => {
    const stream = randomUUID();
    const boot = randomUUID();
    const time = "2026-03-29T00:59:59.500Z";
    const unsynced = { boot, clock: "unsynced", time } as const;
    const contact = { start: time, end: "no time at all", people: 1 };
    const repair = (fromMono: number, toMono: number, offsetMs: number) => ({
      type: "clock",
      boot,
      data: { boot, fromMono, toMono, offsetMs, uncertaintyMs: 20, reason: "boot" },
    });
    await storeAll([
      event(stream, 1, { ...unsynced, mono: 100 }),
      event(stream, 3, { boot, clock: "synced", time, mono: 150 }),
      event(stream, 4, { ...repair(0, 500, 3_600_500), mono: 501 }),
      event(stream, 5, { ...unsynced, mono: 700 }),
      event(stream, 6, { ...repair(600, 800, -1_000), mono: 801 }),
      event(stream, 7, { ...unsynced, mono: 900 }),
    ]);
    await storeAll([event(stream, 2, { ...unsynced, mono: 120, type: "contact", data: contact })]);
    const { rows } = await db.pool.query(
      "SELECT seq::int, time, clock, data FROM touchpoint.event_repaired WHERE stream = $1 AND type <> 'clock' ORDER BY seq",
      [stream],
    );
    expect(rows.map((row) => [row.seq, row.time.toISOString(), row.clock])).toEqual([
      [1, "2026-03-29T02:00:00.000Z", "repaired"],
      [2, "2026-03-29T02:00:00.000Z", "repaired"],
      [3, time, "synced"],
      [5, "2026-03-29T00:59:58.500Z", "repaired"],
      [7, time, "unsynced"],
    ]);
    expect(rows[1].data).toEqual({ start: "2026-03-29T02:00:00.000Z", end: "no time at all", people: 1 });
    expect(await db.column("SELECT data FROM touchpoint.event WHERE stream = $1 AND seq = 2", [stream])).toEqual([
      contact,
    ]);
  });

  test("dead letters are bounded, the newest are kept", async () => {
    const reading = {
      events: [],
      dead: upTo(DEAD_LETTERS).map((n) => ({ topic: "t\0", reason: `${n}`, payload: Buffer.alloc(3) })),
    };
    await store(db.pool, [reading]);
    await store(db.pool, [{ events: [], dead: [{ topic: "t", reason: "the last", payload: Buffer.alloc(99_999) }] }]);
    expect(await db.column("SELECT count(*)::int FROM touchpoint.dead_letter")).toEqual([DEAD_LETTERS]);
    const { rows } = await db.pool.query(
      "SELECT reason, bytes, length(payload) AS kept FROM touchpoint.dead_letter ORDER BY id DESC LIMIT 1",
    );
    expect(rows).toEqual([{ reason: "the last", bytes: 99_999, kept: 65_536 }]);
  });

  describe("an erasure", () => {
    const erased = (stream: string, seq: number, data: Partial<ErasedData>): Envelope => {
      const said = {
        what: "customer",
        stream,
        ranges: [],
        count: 0,
        order: "e1",
        reason: "asked",
        by: "ops",
        via: "mqtt",
      };
      return event(stream, seq, { type: "erased", data: { ...said, ...data } as Envelope["data"] });
    };
    const seqsOf = async (stream: string): Promise<number[]> =>
      (await db.column("SELECT seq FROM touchpoint.event WHERE stream = $1 ORDER BY seq", [stream])).map(Number);
    const hash = "a11a0123456789abcdef0123456789ab";

    test("by number: gone, owned, and not stored when it arrives once more", async () => {
      const stream = randomUUID();
      const late = event(stream, 3);
      await storeAll([event(stream, 1), event(stream, 2)]);
      await storeAll([erased(stream, 5, { ranges: [[2, 3]], count: 2 })]);
      expect(await seqsOf(stream)).toEqual([1, 5]);
      expect(await storeAll([late, event(stream, 4), event(stream, 2)])).toMatchObject({
        fresh: 1,
        repeats: 2,
        dead: 0,
      });
      expect(await seqsOf(stream)).toEqual([1, 4, 5]);
      expect(await upto(stream)).toBe(5);
      expect(await audited(stream)).toMatchObject({ stored: 3, owned: 2, holes: 0, upto: 5, whole: 5 });
    });

    test("and somebody else who is storing the same rows at that moment: none of them stays", async () => {
      for (let round = 0; round < 25; round += 1) {
        const stream = randomUUID();
        const rows = Array.from({ length: 20 }, (_, n) => event(stream, n + 1));
        await Promise.all([
          ...rows.map((row) => storeAll([row])),
          storeAll([erased(stream, 21, { ranges: [[1, 20]], count: 20 })]),
          ...rows.map((row) => storeAll([row])),
        ]);
        expect(await seqsOf(stream)).toEqual([21]);
      }
    });

    test("by what it gives: rows that the device had given up long before, in whatever stream, of this device alone", async () => {
      const [former, stream] = [randomUUID(), randomUUID()];
      const salt = "5a".repeat(16);
      const sha256 = createHash("sha256").update(salt).update(hash).digest("hex");
      const customer = { key: "k1", hash };
      const press = event(former, 1, { data: { customer, run: "walk" } });
      await storeAll([
        press,
        event(former, 2, { data: { formerly: customer } }),
        event(former, 3, { data: { customer: { key: "k1", hash: "0".repeat(32) } } }),
        event(former, 4, { type: "answer", data: { run: "walk" } }),
        event(former, 5, { type: "callback", data: { follows: press.id } }),
        event(former, 6, { type: "alert", data: { key: "alert-1", press: press.id } }),
        event(former, 7, { type: "callback", data: { alert: "alert-1" } }),
        { ...event(stream, 1, { data: { customer } }), device: "till-04" },
      ]);
      await deliver(former, 7, 7);
      await storeAll([erased(stream, 9, { matches: [{ salt, sha256 }] })]);
      expect(await seqsOf(former)).toEqual([3, 6]);
      expect(await seqsOf(stream)).toEqual([1, 9]);
      // Gone at somebody's demand is not lost.
      expect(await audited(former)).toMatchObject({ stored: 2, owned: 5, holes: 0, upto: 7, whole: 7 });
    });

    test("of a span: what is of people there, and nothing that owns what is missing", async () => {
      const stream = randomUUID();
      const [time, touchpoint] = ["2026-11-22T09:30:00.000Z", "checkout"];
      await storeAll([
        event(stream, 1, { time, touchpoint }),
        event(stream, 2, { time, touchpoint: "door" }),
        { ...gap(stream, 3, 4, 5), time },
        event(stream, 6, { time: "2026-11-22T10:00:00.000Z", touchpoint }),
      ]);
      const span = { from: "2026-11-22T09:00:00Z", to: "2026-11-22T10:00:00Z", touchpoint };
      await storeAll([erased(stream, 7, { what: "span", ...span })]);
      expect(await seqsOf(stream)).toEqual([2, 3, 6, 7]);
    });

    test("of all: every stream of the device up to the event, and its dead letters", async () => {
      const [former, stream] = [randomUUID(), randomUUID()];
      const device = "till-all";
      const of = (one: Envelope): Envelope => ({ ...one, device });
      await storeAll([event(former, 1), event(stream, 1), event(stream, 9)].map(of));
      await store(db.pool, [read(PREFIX, `${rootOf(device)}/event/press`, Buffer.from("no event"))]);
      await storeAll([of(erased(stream, 8, { what: "all", ranges: [[1, 7]] }))]);
      expect(await seqsOf(former)).toEqual([]);
      expect(await seqsOf(stream)).toEqual([8, 9]);
      expect(
        await db.column("SELECT 1 FROM touchpoint.dead_letter WHERE topic LIKE $1", [`${rootOf(device)}/%`]),
      ).toEqual([]);
    });
  });
});
