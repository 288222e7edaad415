// Call-back contacts in the journal: gone when sent or confirmed, given up with a gap when expired, wiped from the file.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Journal } from "../../src/journal/journal.ts";
import type { JournalSettings } from "../../src/journal/open.ts";
import { Database } from "../../src/journal/sqlite.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open, stored, verified } from "./rig.ts";

const SEALED = "AQsealedcontactthatmustgo".repeat(40);
const EXPIRES = "2026-11-23T09:14:07.311Z";

const contact = (sealed = SEALED, expires = EXPIRES) => stamped("callback", 1, { key: "k1", sealed, expires });
/** Where the journal's clock stands. */
function clockAt(time: string): { now: () => Date; set(later: string): void } {
  let now = time;
  return {
    now: () => new Date(now),
    set: (later) => {
      now = later;
    },
  };
}

async function commit(journal: Journal, ...types: ("callback" | "press")[]): Promise<void> {
  await journal.commit({ events: types.map((type) => (type === "callback" ? contact() : stamped(type, 2))), keep: {} });
}
const typesIn = (file: string): string[] => stored(file).map(({ type }) => type);
/** True where any file of the data folder, the write-ahead log too, holds this text. */
function isOnDisk(file: string, text: string): boolean {
  const folder = dirname(file);
  return readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(text));
}

describe("a call-back contact that was sent", () => {
  it("is deleted and wiped from every file, and the press beside it stays", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await commit(journal, "press", "callback", "press");
    expect(isOnDisk(file, SEALED)).toBe(true);
    journal.settle([{ seq: 1 }, { seq: 2 }]);
    await until(() => !isOnDisk(file, SEALED), "its bytes are gone");
    expect(typesIn(file)).toEqual(["press", "press"]);
    expect(await journal.head()).toMatchObject({ head: 3, waiting: 1, done: 2 });
    expect(verified(file).findings).toEqual([]);
  });

  it("stays while it proves the head, and goes when another row follows; also over a restart", async () => {
    const file = freshFile();
    const first = await open(file);
    await commit(first.journal, "press", "callback");
    first.journal.settle([{ seq: 1 }, { seq: 2 }]);
    await first.journal.close();
    const { journal } = await open(file);
    expect(await journal.head()).toMatchObject({ head: 2, waiting: 0 });
    expect(typesIn(file)).toEqual(["press", "callback"]);
    await commit(journal, "press");
    await until(() => !isOnDisk(file, SEALED), "its bytes are gone");
    expect(typesIn(file)).toEqual(["press", "press"]);
    await journal.close();
    expect(await (await open(file)).journal.head()).toMatchObject({ head: 3 });
  });

  it("waits for the server's word where that counts", async () => {
    const file = freshFile();
    const { journal } = await open(file);
    await commit(journal, "callback", "callback", "press");
    journal.settle([
      { seq: 1, unconfirmed: true },
      { seq: 2, unconfirmed: true },
    ]);
    const { stream } = await journal.head();
    journal.confirm(stream, 1);
    await until(() => typesIn(file).length === 2, "the confirmed one is gone");
    expect(stored(file).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(await journal.resendUnconfirmed(0, 10)).toEqual({ queued: 1 });
  });
});

describe("a call-back contact that could not be sent", () => {
  const quick: Partial<JournalSettings> = { expireMs: 20 };

  it("is given up at its end, with a gap that owns it, and wiped", async () => {
    const file = freshFile();
    const clock = clockAt("2026-11-23T09:14:07.310Z");
    const { journal } = await open(file, { ...quick, now: clock.now });
    await commit(journal, "callback", "press", "callback");
    await journal.commit({ events: [contact("AQlater", "2026-11-24T00:00:00.000Z")], keep: {} });
    journal.settle([{ seq: 1, refused: "too large" }]);
    await journal.usage();
    expect(typesIn(file)).toEqual(["callback", "press", "callback", "callback"]);
    clock.set(EXPIRES);
    await until(() => typesIn(file).at(-1) === "gap", "the gap");
    await until(() => !isOnDisk(file, SEALED), "their bytes are gone");
    const rows = stored(file);
    expect(rows.map(({ seq, type }) => [seq, type])).toEqual([
      [2, "press"],
      [4, "callback"],
      [5, "gap"],
    ]);
    expect(rows.at(-1)?.data).toEqual({
      source: "journal",
      from: 1,
      to: 3,
      count: 2,
      ranges: [
        [1, 1],
        [3, 3],
      ],
      types: { callback: 2 },
      reason: "a call-back contact expired before it was sent",
    });
    expect(await journal.head()).toMatchObject({ head: 5, waiting: 3 });
    expect(verified(file).findings).toEqual([]);
  });

  it("that expired while the device was off is never handed out", async () => {
    const file = freshFile();
    const first = await open(file);
    await commit(first.journal, "callback");
    await first.journal.close();
    const { journal } = await open(file, { now: () => new Date("2026-12-01T00:00:00.000Z") });
    await journal.commit({ events: [], keep: {} });
    expect(await journal.waiting(1, 0, 10)).toEqual([]);
    expect(typesIn(file)).toEqual(["gap"]);
  });

  it("is given up in the stream it came from, where it was carried over from another machine's file", async () => {
    const file = freshFile();
    const first = await open(file);
    const { stream } = await first.journal.head();
    await commit(first.journal, "press", "callback");
    await first.journal.close();
    const clock = clockAt("2026-11-22T09:14:07.311Z");
    const { journal } = await open(file, { ...quick, machine: "other", device: "till-03", now: clock.now });
    expect((await journal.waiting(3, 0, 10)).map(({ type }) => type)).toEqual(["press", "callback"]);
    clock.set(EXPIRES);
    await until(() => typesIn(file).at(-1) === "gap", "the gap");
    expect(stored(file).at(-1)?.data).toMatchObject({ stream, from: 2, to: 2, types: { callback: 1 } });
    expect((await journal.waiting(3, 0, 10)).map(({ type }) => type)).toEqual(["press"]);
  });

  it("whose end cannot be read is not kept", async () => {
    const file = freshFile();
    const { journal } = await open(file, quick);
    await journal.commit({ events: [contact(SEALED, "soon"), stamped("press", 2)], keep: {} });
    await until(() => typesIn(file).at(-1) === "gap", "the gap");
    expect(typesIn(file)).toEqual(["press", "gap"]);
  });

  it("is not told twice while the gap is on its way", async () => {
    const file = freshFile();
    const clock = clockAt("2026-11-22T09:14:07.311Z");
    const { journal } = await open(file, { expireMs: 1, now: clock.now });
    for (let n = 0; n < 20; n += 1) await commit(journal, "callback", "press");
    clock.set(EXPIRES);
    await until(() => typesIn(file).filter((type) => type === "callback").length === 0, "all are gone");
    const owned = stored(file).filter(({ type }) => type === "gap");
    expect(owned.reduce((sum, { data }) => sum + Number(data.count), 0)).toBe(20);
    expect(verified(file).findings).toEqual([]);
  });
});

it("contacts are found by an index: no other row is read for them", async () => {
  const file = freshFile();
  const { journal } = await open(file);
  await journal.close();
  const db = new Database(file, { readonly: true });
  const plan = db.prepare("EXPLAIN QUERY PLAN SELECT seq FROM events WHERE type = 'callback' AND seq < 9").all();
  db.close();
  expect(JSON.stringify(plan)).toContain("shortLived");
});
