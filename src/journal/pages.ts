// The pages of a SQLite file and its write-ahead log as bytes, for a file that SQLite itself cannot read any more.
import { closeSync, openSync, readSync } from "node:fs";
import { sizeOf } from "./files.ts";

// SQLite file format, sections 1.3 (header) and 4 (write-ahead log): https://sqlite.org/fileformat2.html
const HEADER_BYTES = 100;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const DEFAULT_PAGE_BYTES = 4_096;

interface Frame {
  readonly page: number;
  /** Where the page begins in the log. */
  readonly at: number;
  readonly commits: boolean;
  /** True where the frame's checksum follows from what the frame before it says. */
  readonly sound: boolean;
}

/** A file as its last commit left it, as far as its bytes can be read. Close it. */
export class Pages {
  readonly pageBytes: number;
  readonly count: number;
  readonly #file: number;
  readonly #log: number | undefined;
  readonly #inLog = new Map<number, number>();

  constructor(file: string) {
    this.#file = openSync(file, "r");
    const header = bytes(this.#file, 0, HEADER_BYTES);
    this.pageBytes = pageBytesOf(header) ?? DEFAULT_PAGE_BYTES;
    let count = Math.ceil(sizeOf(file) / this.pageBytes);
    this.#log = sizeOf(`${file}-wal`) > WAL_HEADER_BYTES ? openSync(`${file}-wal`, "r") : undefined;
    if (this.#log !== undefined) {
      const frames = framesOf(this.#log, sizeOf(`${file}-wal`), this.pageBytes);
      const committed = frames.slice(0, frames.findLastIndex((frame) => frame.commits) + 1);
      for (const { page, at } of committed) {
        this.#inLog.set(page, at);
        count = Math.max(count, page);
      }
    }
    this.count = count;
  }

  /** The page with this number, from 1; shorter where the file ends. */
  page(number: number): Buffer {
    const at = this.#inLog.get(number);
    if (at !== undefined && this.#log !== undefined) return bytes(this.#log, at, this.pageBytes);
    return bytes(this.#file, (number - 1) * this.pageBytes, this.pageBytes);
  }

  close(): void {
    closeSync(this.#file);
    if (this.#log !== undefined) closeSync(this.#log);
  }
}

/** What is wrong with the first bytes of a file so that SQLite would misread it, or undefined. Empty files are sound. */
export function headerFault(file: string): string | undefined {
  const size = sizeOf(file);
  if (size === 0) return undefined;
  const fd = openSync(file, "r");
  try {
    const header = bytes(fd, 0, HEADER_BYTES);
    if (header.length < HEADER_BYTES || header.toString("latin1", 0, 16) !== "SQLite format 3\0")
      return "it is not a SQLite file";
    const pageBytes = pageBytesOf(header);
    const fixed = header[20] === 0 && header[21] === 64 && header[22] === 32 && header[23] === 32;
    const versions = [1, 2].includes(header[18] ?? 0) && [1, 2].includes(header[19] ?? 0);
    if (pageBytes === undefined || !fixed || !versions || header.readUInt32BE(56) > 1)
      return "the file's header is damaged";
    const pages = header.readUInt32BE(28);
    if (sizeOf(`${file}-wal`) > 0) return undefined;
    if (size < pages * pageBytes) return "the file is shorter than its header says";
    return size > pages * pageBytes ? "the file is longer than its header says" : undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * Says whether the log is broken in its middle: transactions that were begun after a sync follow a frame that is not
 * what was written. A last transaction that was cut off is how a power cut looks, and no damage.
 */
export function logFault(file: string): string | undefined {
  const size = sizeOf(`${file}-wal`);
  if (size <= WAL_HEADER_BYTES) return undefined;
  const fd = openSync(`${file}-wal`, "r");
  try {
    const pageBytes = bytes(fd, 0, WAL_HEADER_BYTES).readUInt32BE(8);
    if (pageBytes < 512 || pageBytes > 65_536) return undefined;
    const frames = framesOf(fd, size, pageBytes);
    const broken = frames.findIndex((frame) => !frame.sound);
    if (broken < 0) return undefined;
    const later = frames.slice(broken).filter((frame, n) => frame.commits && (n === 0 || frame.sound));
    return later.length > 1 ? "the write-ahead log is damaged" : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Frames of the log's present round, in order; those left from an earlier round carry other salts. */
function framesOf(log: number, size: number, pageBytes: number): Frame[] {
  const header = bytes(log, 0, WAL_HEADER_BYTES);
  const bigEndian = (header.readUInt32BE(0) & 1) === 1;
  const first = bytes(log, WAL_HEADER_BYTES, FRAME_HEADER_BYTES);
  if (first.length < FRAME_HEADER_BYTES) return [];
  const headerSum = sum(header.subarray(0, 24), [0, 0], bigEndian);
  const trusted = headerSum[0] === header.readUInt32BE(24) && headerSum[1] === header.readUInt32BE(28);
  const salts = trusted ? header.subarray(16, 24) : first.subarray(8, 16);
  let before: Sum = [header.readUInt32BE(24), header.readUInt32BE(28)];
  const frames: Frame[] = [];
  const step = FRAME_HEADER_BYTES + pageBytes;
  for (let at = WAL_HEADER_BYTES; at + step <= size; at += step) {
    const frame = bytes(log, at, step);
    if (!frame.subarray(8, 16).equals(salts)) {
      before = [frame.readUInt32BE(16), frame.readUInt32BE(20)];
      continue;
    }
    const told: Sum = [frame.readUInt32BE(16), frame.readUInt32BE(20)];
    const is = sum(frame.subarray(FRAME_HEADER_BYTES), sum(frame.subarray(0, 8), before, bigEndian), bigEndian);
    before = told;
    frames.push({
      page: frame.readUInt32BE(0),
      at: at + FRAME_HEADER_BYTES,
      commits: frame.readUInt32BE(4) !== 0,
      sound: is[0] === told[0] && is[1] === told[1],
    });
  }
  return frames;
}

type Sum = readonly [number, number];

/** The log's checksum (SQLite file format, section 4.2): over 32-bit words, two at a time. */
function sum(data: Buffer, from: Sum, bigEndian: boolean): Sum {
  let [a, b] = from;
  for (let at = 0; at + 8 <= data.length; at += 8) {
    a = (a + (bigEndian ? data.readUInt32BE(at) : data.readUInt32LE(at)) + b) >>> 0;
    b = (b + (bigEndian ? data.readUInt32BE(at + 4) : data.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}

function pageBytesOf(header: Buffer): number | undefined {
  if (header.length < HEADER_BYTES) return undefined;
  const told = header.readUInt16BE(16);
  const pageBytes = told === 1 ? 65_536 : told;
  return pageBytes >= 512 && (pageBytes & (pageBytes - 1)) === 0 ? pageBytes : undefined;
}

function bytes(fd: number, at: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, at));
}
