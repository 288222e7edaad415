// Finds what an erasure takes: rows of every stream in the file, and what is kept that names the same. Changes nothing.
import { type Erasable, NOT_OF_PEOPLE } from "../words/erased.ts";
import type { JournalHead } from "./journal.ts";
import { type Range, rangesOf } from "./retention.ts";
import type { Database } from "./sqlite.ts";

/** So many numbers before the first row that was found, others may belong to it: a walk through questions, for instance. */
const REACH = 5_000;

/** Numbers of one stream. */
export interface ErasablePart {
  readonly stream: string;
  readonly ranges: readonly Range[];
  /** Rows that are there under them. */
  readonly count: number;
}

export interface Found {
  /** The journal's own stream first, also where nothing of it is to go. */
  readonly parts: readonly ErasablePart[];
  /** Kept values as they are to be afterwards; null: gone. */
  readonly keep: Readonly<Record<string, unknown>>;
}

interface Row {
  readonly stream: string;
  readonly seq: number;
  readonly type: string;
  readonly json: string;
}

/** @param spared beginnings of keys that stay whatever is erased */
export function findErasable(
  db: Database,
  { stream, head }: Pick<JournalHead, "stream" | "head">,
  erasable: Erasable,
  spared: readonly string[],
): Found {
  if (erasable.what === "all") return everything(db, stream, head, spared);
  const rows = erasable.what === "span" ? rowsOfSpan(db, stream, erasable) : rowsOfPerson(db, stream, erasable);
  const seqs = new Map<string, number[]>([[stream, []]]);
  for (const row of rows) {
    const of = seqs.get(row.stream);
    if (of === undefined) seqs.set(row.stream, [row.seq]);
    else of.push(row.seq);
  }
  const parts = [...seqs].map(([of, numbers]) => ({
    stream: of,
    ranges: rangesOf(numbers.sort((a, b) => a - b)),
    count: numbers.length,
  }));
  return { parts, keep: erasable.what === "span" ? {} : keptWithout(db, erasable, spared) };
}

function everything(db: Database, own: string, head: number, spared: readonly string[]): Found {
  const keys = db.prepare("SELECT key FROM keep").pluck().all() as string[];
  const carried = db.prepare("SELECT stream, seq FROM carried ORDER BY stream, seq").all() as Pick<
    Row,
    "stream" | "seq"
  >[];
  const others = [...new Set(carried.map(({ stream }) => stream))].map((stream) => {
    const seqs = carried.filter((row) => row.stream === stream).map(({ seq }) => seq);
    return { stream, ranges: rangesOf(seqs), count: seqs.length };
  });
  const count = Number(db.prepare("SELECT count(*) FROM events").pluck().get());
  return {
    parts: [{ stream: own, ranges: head === 0 ? [] : [[1, head]], count }, ...others],
    keep: Object.fromEntries(keys.filter((key) => !isSpared(key, spared)).map((key) => [key, null])),
  };
}

/** Rows of the file's own stream and of those that were carried over. */
function* rowsWhere(db: Database, own: string, condition: string, values: Record<string, unknown>): Generator<Row> {
  for (const from of [
    "SELECT @own AS stream, seq, type, json FROM events",
    "SELECT stream, seq, type, json FROM carried",
  ])
    yield* db.prepare(`${from} WHERE ${condition}`).iterate({ own, ...values }) as IterableIterator<Row>;
}

function* rowsOfSpan(db: Database, own: string, span: Extract<Erasable, { what: "span" }>): Generator<Row> {
  const exempt = NOT_OF_PEOPLE.map((type) => `'${type}'`).join(", ");
  const rows = rowsWhere(db, own, `timeMs >= @fromMs AND timeMs < @toMs AND type NOT IN (${exempt})`, {
    fromMs: Date.parse(span.from),
    toMs: Date.parse(span.to),
  });
  for (const row of rows)
    if (span.touchpoint === undefined || [undefined, span.touchpoint].includes(touchpointOf(row))) yield row;
}

/** Undefined where it was said of none, or nobody can read it any more. */
function touchpointOf({ json }: Row): string | undefined {
  const { touchpoint } = parsed(json) ?? {};
  return typeof touchpoint === "string" ? touchpoint : undefined;
}

/**
 * Rows that name a customer or a sale, and those that are tied to them by what they follow: answers of the same walk, what
 * was said after such a press, a contact that was left there. A row that cannot be read and holds the text goes too.
 */
function rowsOfPerson(db: Database, own: string, person: Person): Row[] {
  const found = new Map<string, Row>();
  /** Ids of events, of walks and of alerts that were found. */
  const ties = new Set<string>();
  const firstSeq = new Map<string, number>();
  const take = (row: Row): void => {
    found.set(`${row.stream} ${row.seq}`, row);
    firstSeq.set(row.stream, Math.min(row.seq, firstSeq.get(row.stream) ?? row.seq));
    const { id, data } = parsed(row.json) ?? {};
    for (const tie of [id, (data as Fields | undefined)?.run]) if (typeof tie === "string") ties.add(tie);
  };
  for (const needle of needlesOf(person))
    for (const row of rowsWhere(db, own, "instr(json, @needle) > 0", { needle })) {
      const event = parsed(row.json);
      if (event === undefined || isTied(event.data, person)) take(row);
    }
  if (found.size === 0) return [];
  // A press is tied by what it follows alone, and most follow nothing: those are not read.
  const kin = `seq >= @from AND (type IN ('answer', 'survey', 'callback', 'alert')
    OR type = 'press' AND instr(json, '"follows":') > 0)`;
  const from = Math.max(0, Math.min(...firstSeq.values()) - REACH);
  // Once more where something was found: what follows may be followed, and a walk begins before it is known whose it is.
  for (let before = -1; before !== found.size + ties.size; ) {
    before = found.size + ties.size;
    for (const row of rowsWhere(db, own, kin, { from })) {
      if (found.has(`${row.stream} ${row.seq}`)) continue;
      const data = parsed(row.json)?.data as Fields | undefined;
      if (data === undefined) continue;
      const isOf = ["follows", "press", "run", "alert"].some((name) => ties.has(String(data[name])));
      // An alert names nobody; what was left for it does.
      if (isOf && row.type === "alert") ties.add(String(data.key));
      else if (isOf) take(row);
    }
  }
  return [...found.values()];
}

type Person = Extract<Erasable, { what: "customer" | "transaction" }>;
type Fields = Readonly<Record<string, unknown>>;

function needlesOf(person: Person): string[] {
  return person.what === "customer"
    ? person.customers.map(({ hash }) => `"hash":"${hash}"`)
    : [`"transaction":${JSON.stringify(person.transaction)}`];
}

/** Kept values that name the person, without the part that does; where that is the whole, the value goes. */
function keptWithout(db: Database, person: Person, spared: readonly string[]): Record<string, unknown> {
  const rows = db.prepare("SELECT key, value FROM keep").all() as { key: string; value: string }[];
  const changed: Record<string, unknown> = {};
  for (const { key, value } of rows) {
    if (isSpared(key, spared) || !needlesOf(person).some((needle) => value.includes(needle))) continue;
    changed[key] = without(JSON.parse(value), person) ?? null;
  }
  return changed;
}

/** The value without every object in it that names the person; undefined where it is one itself. */
function without(value: unknown, person: Person): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isTied(value, person)) return undefined;
  if (Array.isArray(value)) return value.map((one) => without(one, person)).filter((one) => one !== undefined);
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, part]) => [name, without(part, person)] as const)
      .filter(([, part]) => part !== undefined),
  );
}

/** True where an object names the person by a field of its own. */
function isTied(value: unknown, person: Person): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const fields = value as Fields;
  if (person.what === "transaction") return fields.transaction === person.transaction;
  return [fields.customer, fields.formerly].some((one) => {
    const known = one as Fields | undefined | null;
    return person.customers.some(({ key, hash }) => known?.key === key && known.hash === hash);
  });
}

function isSpared(key: string, spared: readonly string[]): boolean {
  return spared.some((beginning) => key.startsWith(beginning));
}

function parsed(json: string): Fields | undefined {
  try {
    return JSON.parse(json) as Fields;
  } catch {
    return undefined;
  }
}
