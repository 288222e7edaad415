// A byte flipped in any page of the file: no row is lost without a gap, and none is sent that differs from its commit.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { type Journal, OUTBOX_LANES } from "../../src/journal/journal.ts";
import { ownedBy } from "../../src/journal/retention.ts";
import { Database } from "../../src/journal/sqlite.ts";
import { type EventType, GapData } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { until } from "../fakes/until.ts";
import { CHECK, freshFile, open, startChild, stored, verified } from "./rig.ts";

const PAGE_BYTES = 4_096;
const ROWS = 120;
const SENT = 30;
const TYPES: readonly EventType[] = ["press", "contact", "mood", "press"];

/** Everything that waits, in whatever lane; settles it as a drain does. */
async function drained(journal: Journal): Promise<{ stream: string; seq: number; type: string; json: string }[]> {
  const rows = [];
  for (const lane of OUTBOX_LANES)
    for (let after = 0; ; ) {
      const found = await journal.waiting(lane, after, 1_000);
      rows.push(...found);
      journal.settle(found.map(({ stream, seq }) => ({ stream, seq })));
      const last = found.at(-1);
      if (last === undefined) break;
      after = last.at;
    }
  return rows;
}

/** A small journal of a few rows of each kind, some of them sent; what it holds, by seq. */
async function made(file: string): Promise<{ stream: string; rows: Map<number, string> }> {
  const { journal } = await open(file);
  for (let n = 0; n < ROWS; n++)
    await journal.commit({ events: [stamped(TYPES[n % TYPES.length] ?? "press", n)], keep: { [`key ${n % 7}`]: n } });
  journal.settle(Array.from({ length: SENT }, (_, n) => ({ seq: n + 1 })));
  const { stream } = await journal.head();
  await journal.close();
  return { stream, rows: new Map(stored(file).map((event) => [event.seq, JSON.stringify(event)])) };
}

/** Opens a damaged file, drains it, and holds what came to what was there. */
async function check(file: string, stream: string, rows: ReadonlyMap<number, string>, where: string): Promise<string> {
  const { journal, reported } = await open(file);
  const press = await journal.commit({ events: [stamped("press", 9_999)], keep: {} });
  const first = await drained(journal);
  // Damage that only showed while reading began a new stream: what it saved waits by now.
  await journal.commit({ events: [stamped("press", 10_000)], keep: {} });
  const came = [...first, ...(await drained(journal))];
  await until(() => reported.at(-1) === "ok", `${where}: the journal is well again`);
  const seen = new Set<number>();
  const owned = new Set<number>();
  const fresh = new Set<number>();
  for (const row of came) {
    const event = JSON.parse(row.json) as { mono: number; type: string; data: unknown };
    const gap = GapData.safeParse(event.data).data;
    if (row.type === "gap" && (gap?.stream ?? row.stream) === stream)
      for (const [from, to] of gap === undefined ? [] : ownedBy(gap))
        for (let seq = from; seq <= to; seq++) owned.add(seq);
    if (event.mono >= 9_999) fresh.add(event.mono);
    if (row.stream !== stream || row.seq > ROWS) continue;
    // Nothing is ever sent that differs from what was committed.
    expect(row.json, `${where}: seq ${row.seq}`).toBe(rows.get(row.seq));
    seen.add(row.seq);
  }
  for (let seq = SENT + 1; seq <= ROWS; seq++)
    expect(seen.has(seq) || owned.has(seq), `${where}: seq ${seq} is lost without a gap`).toBe(true);
  expect([...fresh].sort(), where).toEqual([10_000, 9_999]);
  const { stream: now } = await journal.head();
  if (now === stream) expect(press.firstSeq, `${where}: no number is given twice`).toBe(ROWS + 1);
  await journal.close();
  const again = await open(file);
  expect(again.reported, `${where}: the second start is well`).toEqual(["starting", "ok"]);
  await again.journal.close();
  expect(verified(file).findings, where).toEqual([]);
  return now === stream ? "unharmed" : `${seen.size}`;
}

describe("a flipped byte", () => {
  it("in every page of a closed file", async () => {
    const origin = freshFile();
    const { stream, rows } = await made(origin);
    const bytes = readFileSync(origin);
    const saved: string[] = [];
    for (let page = 0; page < bytes.length / PAGE_BYTES; page++) {
      // Another place in each page: its head, its pointers, its cells.
      const at = page * PAGE_BYTES + ((page * 577) % (PAGE_BYTES - 1));
      const file = freshFile();
      mkdirSync(dirname(file), { recursive: true });
      copyFileSync(`${origin}.witness`, `${file}.witness`);
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x24;
      writeFileSync(file, damaged);
      saved.push(await check(file, stream, rows, `page ${page + 1}, byte ${at % PAGE_BYTES}`));
    }
    expect(saved.length).toBeGreaterThan(20);
    // Carving saves nearly all: one flipped byte costs one row.
    for (const count of saved) if (count !== "unharmed") expect(Number(count)).toBeGreaterThanOrEqual(ROWS - SENT - 4);
  }, 300_000);

  it("in the middle of the write-ahead log of a killed agent", async () => {
    const origin = freshFile();
    const { journal } = await open(origin);
    for (let n = 0; n < ROWS; n++)
      await journal.commit({ events: [stamped(TYPES[n % TYPES.length] ?? "press", n)], keep: {} });
    journal.settle(Array.from({ length: SENT }, (_, n) => ({ seq: n + 1 })));
    const { stream } = await journal.head();
    const rows = new Map(stored(origin).map((event) => [event.seq, JSON.stringify(event)]));
    const log = readFileSync(`${origin}-wal`);
    for (const share of [0.1, 0.5, 0.9]) {
      const file = freshFile();
      mkdirSync(dirname(file), { recursive: true });
      for (const end of ["", ".witness"]) copyFileSync(`${origin}${end}`, `${file}${end}`);
      const damaged = Buffer.from(log);
      const at = Math.floor(log.length * share);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      writeFileSync(`${file}-wal`, damaged);
      expect(await check(file, stream, rows, `log, byte ${at}`)).not.toBe("unharmed");
    }
  }, 60_000);
});

describe("a file that was not closed", () => {
  it("is checked as a whole while it is in use: damage that no start sees begins a new stream", async () => {
    const file = freshFile();
    const child = startChild(file, { env: { MACHINE: "this" } });
    await child.said("opened");
    child.tell({ presses: 2_000 });
    await child.said("committed", (line) => line.committed === 2_000);
    child.process.kill("SIGKILL");
    await child.gone();
    const sound = await open(file, { checkUrl: CHECK });
    await sound.journal.commit({ events: [stamped("press", 1)], keep: {} });
    const { stream } = await sound.journal.head();
    await sound.journal.close();
    expect(sound.reported).toEqual(["starting", "ok", "stopped"]);
    // As a killed agent leaves it, with one flipped byte in the text of an old row.
    const db = new Database(file);
    db.exec("DELETE FROM meta WHERE key = 'clean'");
    db.close();
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"seq":100,"type"') + 40;
    bytes[at] = (bytes[at] ?? 0) ^ 0x01;
    writeFileSync(file, bytes);
    const { journal, reported } = await open(file, { checkUrl: CHECK });
    expect((await journal.head()).stream).toBe(stream);
    await until(() => reported.includes("JOURNAL_DAMAGED") && reported.at(-1) === "ok", "the check finds it");
    await journal.commit({ events: [stamped("press", 2)], keep: {} });
    expect((await journal.head()).stream).not.toBe(stream);
    const came = await drained(journal);
    expect(came.filter((row) => row.stream === stream)).toHaveLength(2_000);
    const gaps = came.filter((row) => row.type === "gap").map((row) => GapData.parse(JSON.parse(row.json).data));
    expect(gaps.flatMap(ownedBy)).toEqual([[100, 100]]);
  }, 60_000);
});
