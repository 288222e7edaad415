// Makes a new journal out of one that cannot go on: what can be read is carried over, what cannot is owned by gaps.
import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, openSync, rmSync } from "node:fs";
import { ErasedData } from "../words/erased.ts";
import { EVENT_TYPES, type EventType, LANE } from "../words/events.ts";
import { type CarvedRow, carve } from "./carve.ts";
import { makeFile } from "./files.ts";
import { logFault, Pages } from "./pages.ts";
import { countOf, type Gap, gapsOver, ownedByEvent, type Range, rangesOf, united, without } from "./retention.ts";
import { Damage, metaOf, migrate, putMeta } from "./schema.ts";
import { Database } from "./sqlite.ts";
import { markSum, rowSum, valueSum } from "./sums.ts";
import { ASIDE_KEY, placeOfNew } from "./swap.ts";

export interface Salvage {
  readonly file: string;
  /** The name that the old file will get; the new one carries it until it is in place. */
  readonly aside: string;
  readonly machine: string;
  /** Why, as the gaps will say. */
  readonly reason: string;
  /** The highest seq that was given for certain, by anybody's memory, with its stream. */
  readonly known?: { readonly stream: string; readonly head: number } | undefined;
  /** Rows after this one may carry numbers that were given twice: they get new ones in the new stream. */
  readonly forkedAfter?: number | undefined;
  /**
   * Another machine wrote the file and may still send its rows: none is called lost, and only those of this device's
   * name are carried over, which the server knows by stream and seq whoever sends them.
   */
  readonly moved?: { readonly device: string | undefined } | undefined;
}

/** What the tables beside the events still say; undefined where they cannot be believed. */
interface Beside {
  readonly stream: string | undefined;
  readonly confirmed: number;
  readonly waiting: ReadonlyMap<string, ReadonlySet<number>> | undefined;
  readonly pruned: readonly Range[] | undefined;
  readonly keep: readonly { readonly key: string; readonly value: string }[];
  readonly lost: readonly string[];
}

/** Builds the new journal at `placeOfNew(file)`, synced and complete; the old file is only read. */
export function salvage(task: Salvage): void {
  const fresh = placeOfNew(task.file);
  for (const left of [fresh, `${fresh}-journal`, `${fresh}-wal`, `${fresh}-shm`]) rmSync(left, { force: true });
  makeFile(fresh);
  const beside = readBeside(task.file);
  const db = new Database(fresh);
  try {
    db.pragma("auto_vacuum = INCREMENTAL");
    db.pragma("secure_delete = ON");
    migrate(db);
    db.pragma("synchronous = OFF");
    db.transaction(() => {
      putMeta(db, "stream", randomUUID());
      putMeta(db, "machine", task.machine);
      fill(db, task, beside);
      putMeta(db, ASIDE_KEY, task.aside);
    })();
  } finally {
    db.close();
  }
  const fd = openSync(fresh, "r+");
  fsyncSync(fd);
  closeSync(fd);
}

function fill(db: Database, task: Salvage, beside: Beside): void {
  const insert = db.prepare(
    "INSERT OR IGNORE INTO carried (stream, seq, type, timeMs, json, sum) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const found = new Map<string, Set<number>>();
  const owned: Range[] = [];
  const erased: CarvedRow[] = [];
  const counts = new Map<string, number>();
  const pages = new Pages(task.file);
  try {
    for (const row of carve(pages)) {
      if (!row.carried) counts.set(row.stream, (counts.get(row.stream) ?? 0) + 1);
      remember(found, row);
      if (!row.carried) owned.push(...ownedByEvent(row.type, dataOf(row.json), row.stream));
      if (row.type === "erased") erased.push(row);
      if (mayWait(row, beside) && (task.moved === undefined || isOf(row, task.moved.device)))
        insert.run(
          row.stream,
          row.seq,
          row.type,
          row.timeMs,
          row.json,
          rowSum(row.seq, row.type, row.timeMs, row.json),
        );
    }
  } finally {
    pages.close();
  }
  // What was erased may still lie in a page that nobody had come to wipe.
  for (const row of erased) forgetErased(db, row);
  const stream = beside.stream ?? task.known?.stream ?? mostFrequent(counts);
  if (stream !== undefined && task.forkedAfter !== undefined) renumber(db, stream, task.forkedAfter);
  queueCarried(db);
  const keep = db.prepare("INSERT INTO keep (key, value, sum) VALUES (?, ?, ?)");
  for (const { key, value } of beside.keep) keep.run(key, value, valueSum(key, value));
  if (task.moved !== undefined) return;
  const lost = db.prepare("INSERT INTO lost (gap) VALUES (?)");
  for (const gap of beside.lost) lost.run(gap);
  for (const gap of gapsOfLosses(stream, task, beside, found, owned)) lost.run(JSON.stringify(gap));
}

function gapsOfLosses(
  stream: string | undefined,
  task: Salvage,
  beside: Beside,
  found: ReadonlyMap<string, ReadonlySet<number>>,
  owned: readonly Range[],
): Gap[] {
  const gaps: Gap[] = [];
  // Numbers after a fork were given twice: what this file has under them is not what was lost under them.
  const fork = task.forkedAfter ?? Number.MAX_SAFE_INTEGER;
  const has = (of: string, seq: number): boolean => found.get(of)?.has(seq) ?? false;
  for (const [of, seqs] of beside.waiting ?? []) {
    const missing = [...seqs].filter((seq) => !has(of, seq) && !(of === stream && seq > fork)).sort((a, b) => a - b);
    gaps.push(...gapsOver(rangesOf(missing), `${task.reason}; these could not be read`, { stream: of }));
  }
  if (stream === undefined) return gaps;
  const seen = Math.min(fork, Math.max(0, ...top(found.get(stream)), ...top(beside.waiting?.get(stream))));
  const head = task.known?.stream === stream ? Math.max(seen, task.known.head) : seen;
  // Where the outbox is believed, only what came after all that can be seen is in doubt.
  const doubtful: Range[] = beside.waiting === undefined ? [[1, head]] : [[seen + 1, head]];
  const told = [...owned, ...(beside.pruned ?? []), ...(beside.confirmed > 0 ? [[1, beside.confirmed] as const] : [])];
  const there = rangesOf([...(found.get(stream) ?? [])].filter((seq) => seq <= fork).sort((a, b) => a - b));
  const missing = without(
    doubtful.filter(([first, last]) => first <= last),
    united([...told, ...there]),
  );
  if (countOf(missing) > 0)
    gaps.push(...gapsOver(missing, `${task.reason}; these could not be read, and may have been sent`, { stream }));
  return gaps;
}

function forgetErased(db: Database, { json }: CarvedRow): void {
  const { success, data } = ErasedData.safeParse(dataOf(json));
  if (!success) return;
  const forget = db.prepare("DELETE FROM carried WHERE stream = ? AND seq BETWEEN ? AND ?");
  for (const [first, last] of data.ranges) forget.run(data.stream, first, last);
}

/** Rows that were given a number twice become new events of the new stream. */
function renumber(db: Database, stream: string, after: number): void {
  const own = metaOf(db, "stream") ?? "";
  const rows = db
    .prepare("SELECT * FROM carried WHERE stream = ? AND seq > ? ORDER BY seq")
    .all(stream, after) as CarvedRow[];
  const event = db.prepare("INSERT INTO events (seq, type, timeMs, json, sum) VALUES (?, ?, ?, ?, ?)");
  const outbox = db.prepare(`INSERT INTO outbox (lane, seq, sum) VALUES (@lane, @seq, ${markSum("@lane", "@seq")})`);
  for (const [n, { seq: old, type, timeMs, json }] of rows.entries()) {
    const seq = n + 1;
    const renamed = json.replace(`"stream":"${stream}","seq":${old},`, `"stream":"${own}","seq":${seq},`);
    event.run(seq, type, timeMs, renamed, rowSum(seq, type, timeMs, renamed));
    outbox.run({ lane: laneOf(type), seq });
  }
  db.prepare("DELETE FROM carried WHERE stream = ? AND seq > ?").run(stream, after);
}

/** What was carried over waits in the last lane, the urgent first. */
function queueCarried(db: Database): void {
  const urgent = EVENT_TYPES.filter((type) => LANE[type] < 2).map((type) => `'${type}'`);
  db.exec(
    `INSERT INTO again (stream, seq, sum)
     SELECT stream, seq, ${markSum("seq", "0")} FROM carried ORDER BY type NOT IN (${urgent.join(", ")}), stream, seq`,
  );
}

/** Lane of an event, also of one of a later version. */
export function laneOf(type: string): number {
  const known = EVENT_TYPES.find((name: EventType) => name === type);
  return known === undefined ? 2 : LANE[known];
}

function mayWait(row: CarvedRow, { waiting, confirmed, stream }: Beside): boolean {
  if (waiting !== undefined) return waiting.get(row.stream)?.has(row.seq) ?? false;
  return row.carried || row.stream !== stream || row.seq > confirmed;
}

function isOf(row: CarvedRow, device: string | undefined): boolean {
  return device !== undefined && row.json.includes(`,"device":${JSON.stringify(device)},`);
}

function readBeside(file: string): Beside {
  const nothing: Beside = {
    stream: undefined,
    confirmed: 0,
    waiting: undefined,
    pruned: undefined,
    keep: [],
    lost: [],
  };
  let db: Database;
  try {
    db = new Database(file, { readonly: true, timeout: 5_000 });
  } catch {
    return nothing;
  }
  /** What one table says, or undefined where it is broken or contradicts its sums. */
  const believed = <T>(table: string, read: () => T): T | undefined => {
    try {
      if (db.pragma(`quick_check(${table})`, { simple: true }) !== "ok") return undefined;
      return read();
    } catch {
      return undefined;
    }
  };
  const whole = logFault(file) === undefined;
  try {
    const modern = believed("meta", () => metaOf(db, "version")) !== undefined;
    const stream = believed("meta", () => metaOf(db, "stream"));
    const waiting = new Map<string, Set<number>>();
    const add = (of: string, seq: number): void => {
      const seqs = waiting.get(of);
      if (seqs === undefined) waiting.set(of, new Set([seq]));
      else seqs.add(seq);
    };
    const own = believed("outbox", () => {
      if (modern) proveMarks(db);
      for (const seq of db.prepare("SELECT seq FROM outbox").pluck().all() as number[]) add(stream ?? "", seq);
      return true;
    });
    const rest =
      !modern ||
      believed("again", () => {
        for (const table of ["again", "sent"])
          for (const row of db.prepare(`SELECT stream, seq FROM ${table}`).all() as { stream: string; seq: number }[])
            add(row.stream, row.seq);
        return true;
      });
    const keep = believed("keep", () => db.prepare("SELECT * FROM keep").all()) as
      | { key: string; value: string; sum?: number }[]
      | undefined;
    return {
      stream,
      confirmed: believed("meta", () => Number(metaOf(db, "confirmed") ?? 0)) ?? 0,
      // SQLite reads a broken log only up to the break: what it says then is of an earlier hour.
      waiting: stream !== undefined && own === true && rest === true && whole ? waiting : undefined,
      pruned: modern
        ? (believed("pruned", () => db.prepare("SELECT first, last FROM pruned").raw().all()) as Range[] | undefined)
        : [],
      keep: (keep ?? []).filter(({ key, value, sum }) => sum === undefined || sum === valueSum(key, value)),
      lost: (modern ? believed("lost", () => db.prepare("SELECT gap FROM lost").pluck().all() as string[]) : []) ?? [],
    };
  } finally {
    db.close();
  }
}

/** @throws Damage where a mark is not what was written */
export function proveMarks(db: Database): void {
  const wrong = (table: string, a: string, b: string): unknown =>
    db.prepare(`SELECT 1 FROM ${table} WHERE sum IS NOT ${markSum(a, b)} LIMIT 1`).get();
  if (wrong("outbox", "lane", "seq") ?? wrong("again", "seq", "0") ?? wrong("sent", "seq", "0"))
    throw new Damage("what waits for the broker is not what was written");
}

function remember(found: Map<string, Set<number>>, row: CarvedRow): void {
  const seqs = found.get(row.stream);
  if (seqs === undefined) found.set(row.stream, new Set([row.seq]));
  else seqs.add(row.seq);
}

function dataOf(json: string): unknown {
  return (JSON.parse(json) as { data: unknown }).data;
}

function top(seqs: ReadonlySet<number> | undefined): number[] {
  let most = 0;
  for (const seq of seqs ?? []) most = Math.max(most, seq);
  return [most];
}

function mostFrequent(counts: ReadonlyMap<string, number>): string | undefined {
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
