// Space kept on the disk so that presses still count when somebody else has filled it.
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { sizeOf } from "./files.ts";

const BLOCK_BYTES = 65_536;
/** The reserve is made only where this many times its size is free: a disk that is nearly full keeps what it has. */
const ROOM = 2;

export class Reserve {
  readonly #file: string;
  readonly #bytes: number;
  #there: boolean;

  /** @param bytes 0: no reserve is kept, and none is ever missed */
  constructor(file: string, bytes: number) {
    this.#file = `${file}.reserve`;
    this.#bytes = bytes;
    this.#there = bytes > 0 && sizeOf(this.#file) >= bytes;
    if (bytes === 0) rmSync(this.#file, { force: true });
  }

  get isThere(): boolean {
    return this.#there;
  }

  get isMissing(): boolean {
    return this.#bytes > 0 && !this.#there;
  }

  /** Gives the space back to the disk; true where there was any. */
  release(): boolean {
    if (!this.#there) return false;
    rmSync(this.#file, { force: true });
    this.#there = false;
    return true;
  }

  /** Makes the reserve where it is missing and there is room; true where it is there afterwards. */
  keep(): boolean {
    if (!this.isMissing) return this.#there;
    const disk = statfsSync(dirname(this.#file));
    if (disk.bavail * disk.bsize < ROOM * this.#bytes) return false;
    const fd = openSync(this.#file, "w", 0o600);
    try {
      // Written, not only allocated or left as a hole, and of a kind that no file system makes smaller.
      const block = randomBytes(BLOCK_BYTES);
      for (let at = 0; at < this.#bytes; at += BLOCK_BYTES)
        writeSync(fd, block, 0, Math.min(BLOCK_BYTES, this.#bytes - at));
      fsyncSync(fd);
      this.#there = true;
    } catch {
      rmSync(this.#file, { force: true });
    } finally {
      closeSync(fd);
    }
    return this.#there;
  }
}
