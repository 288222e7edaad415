// Opens the journal's file, and gives it up where the next seq could not be trusted.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { Fault } from "../words/errors.ts";
import { isDamage } from "./failure.ts";
import { lock, makeFile, makeFolder, sizeOf } from "./files.ts";
import { isSameMachine } from "./machine.ts";
import { headerFault, logFault } from "./pages.ts";
import type { Loss, Opened, Opening, SetAside } from "./protocol.ts";
import type { Gap } from "./retention.ts";
import { proveMarks, type Salvage, salvage } from "./salvage.ts";
import { Damage, metaOf, migrate, putMeta } from "./schema.ts";
import { indexShortLived, ShortLived } from "./short-lived.ts";
import { Database } from "./sqlite.ts";
import { CHECKPOINT_PAGES, type Checked, PAGE_BYTES, Store } from "./store.ts";
import { rowSum, valueSum } from "./sums.ts";
import { ASIDE_KEY, asideName, finishSwap, swapIn, thinAsides } from "./swap.ts";
import { prepareAll, readHead } from "./tables.ts";
import { Tidier } from "./tidy.ts";
import { upgrade } from "./upgrade.ts";
import { Wear } from "./wear.ts";
import { readWitness, writeWitness } from "./witness.ts";

/** Tables beside the events: small while the broker is there, and what they say nothing else can prove. */
const SMALL_TABLES = [
  "meta",
  "outbox",
  "keep",
  "refused",
  "carried",
  "again",
  "sent",
  "refusedCarried",
  "pruned",
  "lost",
];
/** Rows at the end of the file that are read at each start. */
const TAIL_ROWS = 500;

/** A file that is no longer to be written, and why. */
class Unfit extends Damage {
  readonly code: SetAside["code"];
  readonly salvage: Partial<Salvage>;

  constructor(code: SetAside["code"], reason: string, task: Partial<Salvage> = {}) {
    super(reason);
    this.code = code;
    this.salvage = task;
  }
}

/**
 * Opens the journal, making it where there is none. A file that is damaged, that knows less than somebody remembers, or
 * that another machine wrote is set aside, and a new stream begins: a seq given twice would be a loss at the server.
 * What the old file held is carried over, see `salvage`.
 * @param told hears of a file that was set aside, at once
 * @throws Fault JOURNAL_LOCKED, JOURNAL_NEWER, or what the file system and SQLite throw
 */
export function openStore(opening: Opening, told: (aside: SetAside) => void): { store: Store; opened: Opened } {
  const { file } = opening;
  makeFolder(file);
  const holder = lock(file);
  try {
    finishSwap(file);
    let checked: Checked;
    try {
      checked = openChecked(opening);
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      renew(opening, thrown, told);
      checked = openChecked({ ...opening, expect: undefined, damaged: undefined, remembered: undefined });
    }
    return begun(opening, checked, holder);
  } catch (thrown) {
    holder.close();
    throw thrown;
  }
}

function begun(opening: Opening, checked: Checked, holder: Database): { store: Store; opened: Opened } {
  const { db, head, unclean } = checked;
  try {
    const last = Number(db.prepare("SELECT max(sentMs) FROM sent").pluck().get() ?? 0);
    const wear = new Wear(db, last);
    const tidier = new Tidier(db, opening.file, opening.quota, wear);
    const shortLived = new ShortLived(db, tidier);
    const { file, againAfter = 0 } = opening;
    const store = new Store(checked, { holder, tidier, shortLived, wear, file, againAfter });
    const losses = (db.prepare("SELECT id, gap FROM lost ORDER BY id").all() as { id: number; gap: string }[]).map(
      ({ id, gap }): Loss => ({ id, gap: JSON.parse(gap) as Gap }),
    );
    writeWitness(opening.file, head.stream, head.head);
    return { store, opened: { stream: head.stream, head: head.head, losses, unclean } };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** Puts a new journal in the place of one that cannot go on. */
function renew(opening: Opening, thrown: unknown, told: (aside: SetAside) => void): void {
  const { file, machine } = opening;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Unfit ? thrown.code : "JOURNAL_DAMAGED";
  const why = { JOURNAL_DAMAGED: "damaged", JOURNAL_MOVED: "moved", JOURNAL_RESTORED: "restored" }[code];
  const aside = asideName(file, why, opening.stamp);
  const witness = readWitness(file);
  const known = opening.remembered ?? opening.expect ?? witness;
  salvage({ file, aside, machine, reason, known, ...(thrown instanceof Unfit ? thrown.salvage : {}) });
  swapIn(file, aside);
  told({ code, reason, file: aside });
  thinAsides(file);
}

/** Opens one file as it is and makes sure that the next seq can be given in it. */
function openChecked(opening: Opening): Checked {
  const { file } = opening;
  // A copy that is too old is sound, and says itself where its numbers can no longer be trusted.
  if (opening.damaged !== undefined && opening.remembered === undefined && existsSync(file))
    throw new Damage(opening.damaged);
  makeFile(file);
  const fault = headerFault(file) ?? logFault(file);
  if (fault !== undefined) throw new Damage(fault);
  upgrade(file);
  const db = new Database(file, { timeout: 5_000 });
  try {
    db.pragma("cache_size = -4096");
    // From the first row on: what is deleted is overwritten with zeros, wherever pages moved it, so that an erasure later
    // has no earlier trace to look for.
    db.pragma("secure_delete = ON");
    if (sizeOf(file) === 0) db.pragma("auto_vacuum = INCREMENTAL");
    // Changed where it is: the disk has little room, and the log of it takes some.
    if (migrate(db) > 0) db.pragma("wal_checkpoint(TRUNCATE)");
    indexShortLived(db);
    if (db.pragma("journal_mode = WAL", { simple: true }) !== "wal")
      throw new Fault("JOURNAL_OPEN", "no write-ahead log is possible here");
    db.pragma("synchronous = FULL");
    // A net only: the thread copies the log itself when nobody waits.
    db.pragma(`wal_autocheckpoint = ${8 * CHECKPOINT_PAGES}`);
    db.pragma(`journal_size_limit = ${4 * CHECKPOINT_PAGES * PAGE_BYTES}`);
    for (const table of SMALL_TABLES) {
      const found = String(db.pragma(`quick_check(${table})`, { simple: true }));
      if (found !== "ok") throw new Damage(`table ${table}: ${found.split("\n").at(-1)}`);
    }
    proveMarks(db);
    proveKept(db);
    // Nobody can remember more of a stream that begins here than this very run says of it.
    const begins = metaOf(db, "stream") === undefined || metaOf(db, ASIDE_KEY) !== undefined;
    if (metaOf(db, "stream") === undefined) begin(db, opening.machine);
    const head = readHead(db);
    proveHead(db, opening, head.stream);
    proveMachine(db, opening);
    const clean = metaOf(db, "clean");
    if (clean !== undefined && Number(clean) !== head.head)
      throw new Damage("events that were there at the last close are missing");
    db.transaction(() => {
      db.prepare("DELETE FROM meta WHERE key IN ('clean', 'aside')").run();
      if (!begins && metaOf(db, "opened") === undefined) putMeta(db, "opened", String(head.head));
    }).immediate();
    const unclean = clean === undefined && head.head > 0;
    return { db, machine: metaOf(db, "machine") ?? "", head, sql: prepareAll(db), unclean };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function begin(db: Database, machine: string): void {
  if (db.prepare("SELECT 1 FROM events LIMIT 1").get() !== undefined) throw new Damage("the stream's name is lost");
  db.transaction(() => {
    putMeta(db, "stream", randomUUID());
    putMeta(db, "machine", machine);
  }).immediate();
}

/** @throws Damage where the last seq is not beyond doubt */
function proveHead(db: Database, opening: Opening, stream: string): void {
  const rows = db
    .prepare("SELECT seq, type, timeMs, json, sum FROM events ORDER BY seq DESC LIMIT ?")
    .all(TAIL_ROWS) as { seq: number; type: string; timeMs: number; json: string; sum: number | null }[];
  let before = Number.POSITIVE_INFINITY;
  for (const { seq, type, timeMs, json, sum } of rows) {
    if (seq >= before || (sum !== null && sum !== rowSum(seq, type, timeMs, json)))
      throw new Damage(`event ${seq} is not what was written`);
    if (!json.includes(`,"stream":"${stream}","seq":${seq},`)) throw new Damage("the last event is not of this stream");
    before = seq;
  }
  const head = rows[0]?.seq ?? 0;
  const { expect, remembered } = opening;
  if (expect !== undefined && (expect.stream !== stream || head < expect.head))
    throw new Damage("events that were committed are missing");
  const forkedAfter = Number(metaOf(db, "opened") ?? head);
  if (remembered?.stream === stream)
    throw new Unfit("JOURNAL_RESTORED", "an older copy of the journal was put back", { forkedAfter });
  const witness = readWitness(opening.file);
  if (witness === undefined) return;
  if ((witness.stream === stream && witness.head > head) || witness.ended.includes(stream))
    throw new Unfit("JOURNAL_RESTORED", "an older copy of the journal was put back");
}

/** @throws Unfit where another machine wrote the file */
function proveMachine(db: Database, { machine, device }: Opening): void {
  const wrote = metaOf(db, "machine") ?? "";
  if (!isSameMachine(wrote, machine))
    throw new Unfit("JOURNAL_MOVED", "another machine wrote it", { moved: { device } });
  // What was not known when the stream began is known now.
  if (machine.length > wrote.length) putMeta(db, "machine", machine);
}

/** @throws Damage where a kept value is not what was written */
function proveKept(db: Database): void {
  for (const table of ["meta", "keep"])
    for (const row of db.prepare(`SELECT key, value, sum FROM ${table}`).iterate()) {
      const { key, value, sum } = row as { key: string; value: string; sum: number };
      if (sum !== valueSum(key, value)) throw new Damage(`the value of ${key} is not what was written`);
    }
}
