// Finds the journal's rows in the bytes of its pages, whatever the tree above them says; each is proved by its sum.
import type { Pages } from "./pages.ts";
import { rowSum } from "./sums.ts";

/** A row that is certainly as it was committed. */
export interface CarvedRow {
  readonly stream: string;
  readonly seq: number;
  readonly type: string;
  readonly timeMs: number;
  readonly json: string;
  /** True where an earlier file's row had been carried over already. */
  readonly carried: boolean;
}

/** Pointers in a row that lead to no row: the list of pointers has ended, or this is another kind of page. */
const MOST_MISSES = 4;

type Value = string | number | null;

/** Goes through every page once. A row that was moved or deleted may still be found, also twice. */
export function* carve(pages: Pages): Generator<CarvedRow, void> {
  for (let number = 1; number <= pages.count; number++) {
    const page = pages.page(number);
    const header = number === 1 ? 100 : 0;
    // The page's own kind and count are not asked: one flipped bit there must not cost the whole page.
    let misses = 0;
    for (let at = header + 8; at + 2 <= page.length && misses < MOST_MISSES; at += 2) {
      const row = rowAt(pages, page, page.readUInt16BE(at));
      misses = row === undefined ? misses + 1 : 0;
      if (row !== undefined) yield row;
    }
  }
}

function rowAt(pages: Pages, page: Buffer, cell: number): CarvedRow | undefined {
  const [length, lengthBytes] = varint(page, cell);
  const [rowid, rowidBytes] = varint(page, cell + lengthBytes);
  if (length < 20 || length > 4_000_000 || rowid < 1) return undefined;
  const payload = payloadOf(pages, page, cell + lengthBytes + rowidBytes, length);
  const values = payload === undefined ? undefined : record(payload);
  if (values === undefined) return undefined;
  if (values.length === 7) {
    const [, stream, seq, type, timeMs, json, sum] = values;
    return proved(stream, seq, type, timeMs, json, sum, true);
  }
  const [, type, timeMs, json, sum = null] = values;
  return proved(undefined, rowid, type, timeMs, json, sum, false);
}

function proved(
  stream: Value | undefined,
  seq: Value | undefined,
  type: Value | undefined,
  timeMs: Value | undefined,
  json: Value | undefined,
  sum: Value | undefined,
  carried: boolean,
): CarvedRow | undefined {
  if (typeof seq !== "number" || typeof type !== "string" || typeof timeMs !== "number" || typeof json !== "string")
    return undefined;
  if (sum !== null && sum !== rowSum(seq, type, timeMs, json)) return undefined;
  const named = /"stream":"([0-9a-f-]{36})","seq":(\d+),"type":"([^"]*)"/.exec(json);
  // Rows of the first version have no sum: they must at least be whole and agree with themselves.
  if (named?.[1] === undefined || Number(named[2]) !== seq || named[3] !== type || !isJson(json)) return undefined;
  if (stream !== undefined && stream !== named[1]) return undefined;
  return { stream: named[1], seq, type, timeMs, json, carried };
}

/** The payload of a leaf cell, its overflow pages included (SQLite file format, section 1.6). */
function payloadOf(pages: Pages, page: Buffer, at: number, length: number): Buffer | undefined {
  const usable = pages.pageBytes;
  const most = usable - 35;
  if (length <= most) return at + length <= page.length ? page.subarray(at, at + length) : undefined;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (usable - 4));
  const local = fitting <= most ? fitting : least;
  if (at + local + 4 > page.length) return undefined;
  const parts = [page.subarray(at, at + local)];
  let left = length - local;
  let next = page.readUInt32BE(at + local);
  while (left > 0) {
    if (next < 2 || next > pages.count) return undefined;
    const overflow = pages.page(next);
    if (overflow.length < usable) return undefined;
    parts.push(overflow.subarray(4, 4 + Math.min(left, usable - 4)));
    left -= usable - 4;
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

/** The columns of a record (SQLite file format, section 2.1); undefined where it is no row of the journal. */
function record(payload: Buffer): Value[] | undefined {
  const [headerBytes, first] = varint(payload, 0);
  if (headerBytes > 64 || headerBytes > payload.length) return undefined;
  const kinds: number[] = [];
  for (let at = first; at < headerBytes; ) {
    const [kind, bytes] = varint(payload, at);
    kinds.push(kind);
    at += bytes;
  }
  if (![4, 5, 7].includes(kinds.length) || kinds[0] !== 0) return undefined;
  const values: Value[] = [];
  let at = headerBytes;
  for (const kind of kinds) {
    const bytes = sizeOfKind(kind);
    if (bytes === undefined || at + bytes > payload.length) return undefined;
    values.push(columnOf(payload, at, kind, bytes));
    at += bytes;
  }
  return values;
}

function sizeOfKind(kind: number): number | undefined {
  if (kind >= 13 && kind % 2 === 1) return (kind - 13) / 2;
  return [0, 1, 2, 3, 4, 6, 8, undefined, 0, 0][kind];
}

function columnOf(payload: Buffer, at: number, kind: number, bytes: number): Value {
  if (kind >= 13) return payload.toString("utf8", at, at + bytes);
  if (kind === 0) return null;
  if (kind >= 8) return kind - 8;
  return bytes === 8 ? Number(payload.readBigInt64BE(at)) : payload.readIntBE(at, bytes);
}

/** A variable-length integer and its bytes; NaN where the page ends. */
function varint(page: Buffer, at: number): readonly [value: number, bytes: number] {
  let value = 0;
  for (let n = 0; n < 8; n++) {
    const byte = page[at + n];
    if (byte === undefined) return [Number.NaN, n];
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, n + 1];
  }
  return [value * 256 + (page[at + 8] ?? 0), 9];
}

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== null;
  } catch {
    return false;
  }
}
