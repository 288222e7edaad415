// What the journal promises to the rest of the agent, on a real SQLite file.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { openReader } from "../../src/journal/read.ts";
import { Envelope, EVENT_DATA } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open, stored, verified } from "./rig.ts";

const press = (n: number) => ({ events: [stamped("press", n)], keep: {} });

describe("commit", () => {
  it("numbers events 1, 2, 3 in the order of the calls and resolves in that order", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    const resolved: number[] = [];
    const steps = Array.from({ length: 200 }, (_, n) =>
      journal.commit(press(n)).then((committed) => {
        resolved.push(n);
        return committed;
      }),
    );
    const committed = await Promise.all(steps);
    expect(resolved).toEqual(steps.map((_, n) => n));
    expect(committed.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual(steps.map((_, n) => [n + 1, n + 1]));
    const events = stored(file);
    expect(events.map(({ seq, mono }) => [seq, mono])).toEqual(steps.map((_, n) => [n + 1, n]));
    expect(verified(file)).toMatchObject({ ok: true, events: 200, head: 200 });
  });

  it("is on disk when it resolves: a reader sees it at once", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    for (let n = 1; n <= 5; n++) {
      await journal.commit(press(n));
      expect(stored(file)).toHaveLength(n);
    }
  });

  it("writes the envelope in the contract's order, valid by its schemas", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    const types = ["press", "contact", "presence", "mood", "health", "gap"] as const;
    const events = types.map((type, n) => stamped(type, n));
    expect(await journal.commit({ events, keep: {} })).toEqual({ firstSeq: 1, lastSeq: 6 });
    const { stream } = await journal.head();
    const back = stored(file);
    expect(Object.keys(back[0] ?? {})).toEqual([
      "v",
      "id",
      "stream",
      "seq",
      "type",
      "time",
      "tz",
      "clock",
      "boot",
      "mono",
      "site",
      "device",
      "touchpoint",
      "data",
    ]);
    for (const [n, event] of back.entries()) {
      expect(Envelope.parse(event)).toEqual({ ...events[n], stream, seq: n + 1 });
      EVENT_DATA[types[n] ?? "press"].parse(event.data);
    }
  });

  it("keeps state with the events: all of a step or nothing", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await journal.commit({
      events: [stamped("press", 1)],
      keep: { "dedupe.p1": [1, 2], "dedupe.p2": "x", other: true },
    });
    await journal.commit({ events: [], keep: { "dedupe.p2": null } });
    expect(await journal.kept("dedupe.")).toEqual({ "dedupe.p1": [1, 2] });
    expect(await journal.kept("")).toEqual({ "dedupe.p1": [1, 2], other: true });
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const bad = { events: [stamped("press", 2)], keep: { other: circular } };
    await expect(journal.commit(bad)).rejects.toThrow(TypeError);
    expect(await journal.kept("other")).toEqual({ other: true });
    expect(await journal.commit(press(3))).toEqual({ firstSeq: 2, lastSeq: 2 });
    expect(verified(file)).toMatchObject({ ok: true, events: 2 });
  });

  it("treats a key's prefix as plain text", async () => {
    const { journal } = await open(freshFile());
    await journal.commit({ events: [], keep: { "a%b": 1, a_b: 2, axb: 3 } });
    expect(await journal.kept("a%")).toEqual({ "a%b": 1 });
    expect(await journal.kept("a_")).toEqual({ a_b: 2 });
  });

  it("resolves a barrier after everything before it", async () => {
    const { journal } = await open(freshFile());
    const order: string[] = [];
    const steps = [1, 2, 3].map((n) => journal.commit(press(n)).then(() => order.push(`press ${n}`)));
    const barrier = journal.commit({ events: [], keep: {} }).then((committed) => {
      expect(committed).toEqual({});
      order.push("barrier");
    });
    await Promise.all([...steps, barrier]);
    expect(order).toEqual(["press 1", "press 2", "press 3", "barrier"]);
    expect(await journal.commit({ events: [], keep: {} })).toEqual({});
  });

  it("tells listeners of rows, and only of rows", async () => {
    const { journal } = await open(freshFile());
    let told = 0;
    journal.onCommitted(() => {
      told += 1;
    });
    await journal.commit({ events: [], keep: { a: 1 } });
    await journal.commit(press(1));
    await until(() => told > 0, "the listener is told");
    expect(told).toBe(1);
  });
});

describe("the outbox", () => {
  it("hands out rows lane by lane, by seq, in windows", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    for (let n = 0; n < 6; n++)
      await journal.commit({ events: [stamped(n % 2 === 0 ? "contact" : "press", n)], keep: {} });
    const seqs = async (lane: number, after: number, limit: number) =>
      (await journal.waiting(lane, after, limit)).map((row) => row.seq);
    expect(await seqs(1, 0, 10)).toEqual([2, 4, 6]);
    expect(await seqs(2, 0, 2)).toEqual([1, 3]);
    expect(await seqs(2, 3, 2)).toEqual([5]);
    expect(await seqs(0, 0, 10)).toEqual([]);
    const [row] = await journal.waiting(1, 0, 1);
    const { stream } = await journal.head();
    expect(row).toMatchObject({ stream, seq: 2, lane: 1, type: "press" });
    expect(JSON.parse(row?.json ?? "")).toEqual(stored(file)[1]);
  });

  it("is done up to the first row that still waits; refused rows stay visible", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await journal.commit({ events: [1, 2, 3, 4, 5].map((n) => stamped("press", n)), keep: {} });
    const { stream } = await journal.head();
    expect(await journal.head()).toMatchObject({ head: 5, done: 0, waiting: 5, refused: 0, confirmed: 0 });
    journal.settle([{ seq: 2 }, { stream, seq: 3 }]);
    expect(await journal.head()).toMatchObject({ done: 0, waiting: 3 });
    journal.settle([{ seq: 1 }]);
    expect(await journal.head()).toMatchObject({ done: 3, waiting: 2 });
    journal.settle([{ seq: 4, refused: "not authorized" }, { seq: 4 }, { seq: 77 }]);
    expect(await journal.head()).toMatchObject({ done: 4, waiting: 1, refused: 1 });
    journal.settle([{ stream: "another", seq: 5 }]);
    expect(await journal.head()).toMatchObject({ done: 4, waiting: 1 });
    expect((await journal.waiting(1, 0, 10)).map((row) => row.seq)).toEqual([5]);
    journal.settle([{ seq: 5 }]);
    expect(await journal.head()).toMatchObject({ head: 5, done: 5, waiting: 0, refused: 1 });
  });

  it("remembers the server's word, never backwards, never beyond the head, never of another stream", async () => {
    const { journal } = await open(freshFile());
    await journal.commit({ events: [1, 2, 3].map((n) => stamped("press", n)), keep: {} });
    const { stream } = await journal.head();
    const confirmed = async () => (await journal.head()).confirmed;
    journal.confirm(stream, 2);
    expect(await confirmed()).toBe(2);
    journal.confirm(stream, 1);
    expect(await confirmed()).toBe(2);
    journal.confirm("another", 3);
    expect(await confirmed()).toBe(2);
    journal.confirm(stream, 99);
    expect(await confirmed()).toBe(3);
  });

  it("writes marks without being asked for anything else", async () => {
    const file = freshFile();
    const first = await open(file);
    await first.journal.commit({ events: [1, 2].map((n) => stamped("press", n)), keep: {} });
    first.journal.settle([{ seq: 1 }]);
    const reader = openReader(file);
    await until(() => reader.head().done === 1, "the mark reaches the file by itself");
    reader.close();
  });
});

describe("reopening", () => {
  it("goes on with the same stream, seq, state and marks", async () => {
    const file = freshFile();
    const first = await open(file);
    await first.journal.commit({ events: [1, 2, 3].map((n) => stamped("press", n)), keep: { state: { a: 1 } } });
    first.journal.settle([{ seq: 1 }, { seq: 2, refused: "too large" }]);
    const before = await first.journal.head();
    await first.journal.close();
    const second = await open(file);
    expect(await second.journal.head()).toEqual(before);
    expect(await second.journal.kept("")).toEqual({ state: { a: 1 } });
    expect(await second.journal.commit(press(4))).toEqual({ firstSeq: 4, lastSeq: 4 });
    expect(second.reported).toEqual(["starting", "ok"]);
    expect(verified(file)).toMatchObject({ ok: true, head: 4 });
  });

  it("commits what waits before it closes, and nothing after", async () => {
    const file = freshFile();
    const { journal, reported } = await open(file);
    const steps = [1, 2, 3].map((n) => journal.commit(press(n)));
    await journal.close();
    await Promise.all(steps);
    expect(stored(file)).toHaveLength(3);
    await expect(journal.commit(press(4))).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
    await expect(journal.head()).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
    expect(reported.at(-1)).toBe("stopped");
  });

  it("makes its folder and files for this user only", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await journal.commit(press(1));
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    for (const each of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(each).mode & 0o777).toBe(0o600);
  });

  it("refuses a second agent and lets readers in", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await journal.commit(press(1));
    await expect(open(file)).rejects.toMatchObject({ code: "JOURNAL_LOCKED" });
    expect(stored(file)).toHaveLength(1);
    await journal.close();
    expect(await (await open(file)).journal.head()).toMatchObject({ head: 1 });
  });
});
