// Checksums of what the journal stores: a row that differs from what was committed is never sent.
import { crc32 } from "node:zlib";

/**
 * Checksum of a row of `events`, over every column. A flipped bit can also make a text a number or bytes, whatever the
 * column was declared as: such a row has no checksum, NaN.
 */
export function rowSum(seq: number, type: string, timeMs: number, json: string): number {
  if (typeof type !== "string" || typeof timeMs !== "number" || typeof json !== "string") return Number.NaN;
  return crc32(json, crc32(`${seq},${type},${timeMs},`));
}

/** Checksum of a value under its key, in `meta` and `keep`; NaN where one of them is no text any more. */
export function valueSum(key: string, value: string): number {
  if (typeof key !== "string" || typeof value !== "string") return Number.NaN;
  return crc32(value, crc32(`${key}=`));
}

/**
 * Checksum of two numbers in SQL, so that a table of a million marks is checked in one statement.
 * @param a names a column or parameter below 2^31; so does `b`
 */
export function markSum(a: string, b: string): string {
  return `((CAST(${a} AS INTEGER) * 2654435761 + CAST(${b} AS INTEGER) * 40503 + 7) & 4294967295)`;
}
