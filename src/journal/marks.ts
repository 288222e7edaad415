// What became of rows, gathered until a commit or a quarter of a second takes it to the file.
import type { RowFate } from "./journal.ts";
import type { Marks } from "./protocol.ts";

/** More than this while the disk fails, and the oldest are forgotten: their rows are sent again. */
const MOST = 50_000;

export class MarkBuffer {
  #stream: string;
  #sent: number[] = [];
  #refused: [number, string][] = [];
  #confirmed = 0;

  constructor(stream: string) {
    this.#stream = stream;
  }

  get isEmpty(): boolean {
    return this.#sent.length === 0 && this.#refused.length === 0 && this.#confirmed === 0;
  }

  settle(fates: readonly RowFate[]): void {
    for (const { stream, seq, refused } of fates) {
      if (stream !== undefined && stream !== this.#stream) continue;
      if (refused === undefined) this.#sent.push(seq);
      else this.#refused.push([seq, refused]);
    }
    if (this.#sent.length > MOST) this.#sent = this.#sent.slice(-MOST / 2);
    if (this.#refused.length > MOST) this.#refused = this.#refused.slice(-MOST / 2);
  }

  confirm(stream: string, upto: number): void {
    if (stream === this.#stream && Number.isSafeInteger(upto)) this.#confirmed = Math.max(this.#confirmed, upto);
  }

  /** Hands over what was gathered. */
  take(): Marks {
    const marks = { stream: this.#stream, sent: this.#sent, refused: this.#refused, confirmed: this.#confirmed };
    this.begin(this.#stream);
    return marks;
  }

  /** Forgets everything: a new stream begins. */
  begin(stream: string): void {
    this.#stream = stream;
    this.#sent = [];
    this.#refused = [];
    this.#confirmed = 0;
  }
}
