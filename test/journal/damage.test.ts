// A file that cannot be trusted is set aside and a new stream begins; one of the future is left alone.
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { AGAIN_LANE, type Journal } from "../../src/journal/journal.ts";
import { openReader } from "../../src/journal/read.ts";
import { ownedBy } from "../../src/journal/retention.ts";
import { Database } from "../../src/journal/sqlite.ts";
import { valueSum } from "../../src/journal/sums.ts";
import { type Envelope, GapData, LANE } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { freshFile, open, stored, verified } from "./rig.ts";

const press = (n: number) => ({ events: [stamped("press", n)], keep: {} });

/** A closed journal with `count` presses; its stream. */
async function written(file: string, count: number): Promise<string> {
  const { journal } = await open(file);
  await Promise.all(Array.from({ length: count }, (_, n) => journal.commit(press(n))));
  const { stream } = await journal.head();
  await journal.close();
  return stream;
}

function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const opened = openSync(file, "r+");
  writeSync(opened, bytes, 0, bytes.length, at);
  closeSync(opened);
}

/** What became of rows of an earlier stream: those that still wait, and the numbers that gaps own. */
async function accountOf(journal: Journal, stream: string): Promise<{ carried: Envelope[]; owned: number[] }> {
  const carried: Envelope[] = [];
  for (let after = 0; ; ) {
    const rows = await journal.waiting(AGAIN_LANE, after, 1_000);
    carried.push(...rows.map((row) => JSON.parse(row.json) as Envelope).filter((event) => event.stream === stream));
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.at;
  }
  const gaps = (await journal.waiting(LANE.gap, 0, 1_000)).map((row) => GapData.safeParse(JSON.parse(row.json).data));
  const owned = gaps.flatMap(({ data }) => (data?.stream === stream ? ownedBy(data) : []));
  return { carried, owned: owned.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, n) => from + n)) };
}

const asides = (file: string): string[] =>
  readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.`) && !/\.(lock|witness)$/.test(name));

function edit(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

describe("a damaged file at start", () => {
  const damages: { what: string; damage: (file: string) => void }[] = [
    {
      what: "text instead of a database",
      damage: (file) => writeFileSync(file, "these are not the bytes\n".repeat(400)),
    },
    { what: "random bytes", damage: (file) => writeFileSync(file, Buffer.alloc(8_192, 0xa5)) },
    { what: "a few bytes", damage: (file) => writeFileSync(file, "SQLite") },
    {
      what: "cut in the middle",
      damage: (file) => truncateSync(file, Math.floor(statSync(file).size / 2 / 4096) * 4096),
    },
    { what: "cut inside a page", damage: (file) => truncateSync(file, statSync(file).size - 100) },
    { what: "flipped bytes in the header", damage: (file) => overwrite(file, 0, Buffer.alloc(24, 0x5a)) },
    { what: "a flipped page size", damage: (file) => overwrite(file, 16, Buffer.from([0x03, 0x07])) },
    { what: "a root page of noise", damage: (file) => overwrite(file, 100, Buffer.alloc(3_000, 0xff)) },
    { what: "another program's database", damage: (file) => edit(file, "PRAGMA application_id = 7") },
    { what: "a table missing", damage: (file) => edit(file, "DROP TABLE outbox") },
    { what: "a column missing", damage: (file) => edit(file, "ALTER TABLE keep DROP COLUMN value") },
    { what: "its stream's name missing", damage: (file) => edit(file, "DELETE FROM meta WHERE key = 'stream'") },
    { what: "a last event of another seq", damage: (file) => edit(file, "UPDATE events SET seq = 900 WHERE seq = 40") },
  ];
  it.each(damages)("$what: set aside, reported, a new stream, every row carried over or owned", async ({ damage }) => {
    const file = freshFile();
    const stream = await written(file, 40);
    const before = new Map(stored(file).map((event) => [event.seq, event]));
    damage(file);
    const bytes = readFileSync(file);
    const { journal, reported } = await open(file);
    await until(() => reported.at(-1) === "ok", "the journal is well again");
    expect(reported).toEqual(["starting", "JOURNAL_DAMAGED", "ok"]);
    expect((await journal.head()).stream).not.toBe(stream);
    const { carried, owned } = await accountOf(journal, stream);
    for (const row of carried) expect(row).toEqual(before.get(row.seq));
    const told = new Set([...carried.map((row) => row.seq), ...owned]);
    expect([...before.keys()].filter((seq) => !told.has(seq))).toEqual([]);
    expect(readFileSync(`${file}.damaged-20261122T091407311Z`).equals(bytes)).toBe(true);
    await journal.commit(press(1));
    await journal.close();
    expect((await open(file)).reported).toEqual(["starting", "ok"]);
    expect(verified(file)).toMatchObject({ ok: true });
  });

  it("an empty file is a new journal", async () => {
    const file = freshFile();
    await written(file, 3);
    truncateSync(file, 0);
    const { journal } = await open(file);
    expect(await journal.commit(press(1))).toEqual({ firstSeq: 1, lastSeq: 1 });
    expect(verified(file).ok).toBe(true);
  });

  it("a log of noise beside a sound file loses nothing that was in the file", async () => {
    const file = freshFile();
    const stream = await written(file, 5);
    writeFileSync(`${file}-wal`, Buffer.alloc(40_000, 0x77));
    const { journal } = await open(file);
    expect(await journal.head()).toMatchObject({ stream, head: 5 });
  });
});

describe("damage found while running", () => {
  it("sets the file aside, begins a new stream and commits what waited into it", async () => {
    const file = freshFile();
    const old = await written(file, 3_000);
    // Every page behind the first few: the start sees nothing of it.
    const { journal, reported } = await open(file);
    const size = statSync(file).size;
    for (let at = 4_096; at < size; at += 4_096) overwrite(file, at, Buffer.alloc(4_096, 0xff));
    let told = 0;
    journal.onCommitted(() => {
      told += 1;
    });
    // Reads go past what the thread still has in memory.
    const rows = journal.waiting(1, 0, 1_000);
    const steps = Promise.all([1, 2, 3].map((n) => journal.commit(press(n))));
    await rows;
    await steps;
    await until(() => reported.at(-1) === "ok", "the journal is well again");
    expect(reported).toContain("JOURNAL_DAMAGED");
    const { stream, head } = await journal.head();
    expect(stream).not.toBe(old);
    expect(head).toBeGreaterThan(0);
    await until(() => told > 0, "listeners hear of the new stream");
    journal.settle([{ stream: old, seq: 1 }]);
    expect((await journal.head()).done).toBe(0);
    expect(asides(file).length).toBeGreaterThan(0);
    expect(verified(file).ok).toBe(true);
  });
});

describe("a file of elsewhere", () => {
  it("of another machine is set aside and a new stream begins", async () => {
    const file = freshFile();
    const stream = await written(file, 3);
    const { journal, reported } = await open(file, { machine: "a clone" });
    expect(reported).toEqual(["starting", "JOURNAL_MOVED", "ok"]);
    expect((await journal.head()).stream).not.toBe(stream);
    expect(stored(`${file}.moved-20261122T091407311Z`)).toHaveLength(3);
  });

  it("of an unknown machine is taken as it is", async () => {
    const file = freshFile();
    const stream = await written(file, 3);
    const { journal } = await open(file, { machine: "" });
    expect(await journal.head()).toMatchObject({ stream, head: 3 });
  });

  it("of a newer version is left alone, by the agent and by the reader", async () => {
    const file = freshFile();
    await written(file, 3);
    edit(
      file,
      `PRAGMA user_version = 99; UPDATE meta SET value = '99', sum = ${valueSum("version", "99")} WHERE key = 'version'`,
    );
    const bytes = readFileSync(file);
    await expect(open(file)).rejects.toMatchObject({ code: "JOURNAL_NEWER", kind: "config" });
    expect(() => openReader(file)).toThrow(expect.objectContaining({ code: "JOURNAL_NEWER" }));
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(asides(file)).toEqual([]);
  });

  it("that is a folder, or lies where none can be made, is a fault", async () => {
    const file = freshFile();
    await written(file, 1);
    await expect(open(dirname(file))).rejects.toMatchObject({ code: "JOURNAL_OPEN" });
    await expect(open(`${file}/deeper/journal.db`)).rejects.toMatchObject({ code: "JOURNAL_OPEN" });
    expect(existsSync(file)).toBe(true);
  });
});
