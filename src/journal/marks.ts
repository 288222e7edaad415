// What became of rows, gathered until a commit or a quarter of a second takes it to the file.
import type { RowFate } from "./journal.ts";
import type { Marks } from "./protocol.ts";

/** More than this while the disk fails, and the oldest are forgotten: their rows are sent again. */
const MOST = 50_000;

interface Gathered {
  sent: number[];
  unconfirmed: number[];
  refused: [number, string][];
  confirmed: number;
}

export class MarkBuffer {
  #own = "";
  readonly #streams = new Map<string, Gathered>();

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  /** @param own stream of fates that name none */
  follow(own: string): void {
    this.#own = own;
  }

  settle(fates: readonly RowFate[]): void {
    for (const { stream, seq, refused, unconfirmed } of fates) {
      const of = this.#of(stream ?? this.#own);
      if (refused !== undefined) of.refused.push([seq, refused]);
      else if (unconfirmed === true) of.unconfirmed.push(seq);
      else of.sent.push(seq);
    }
    for (const of of this.#streams.values()) {
      if (of.sent.length > MOST) of.sent = of.sent.slice(-MOST / 2);
      if (of.unconfirmed.length > MOST) of.unconfirmed = of.unconfirmed.slice(-MOST / 2);
      if (of.refused.length > MOST) of.refused = of.refused.slice(-MOST / 2);
    }
  }

  confirm(stream: string, upto: number): void {
    if (!Number.isSafeInteger(upto) || upto < 1) return;
    const of = this.#of(stream);
    of.confirmed = Math.max(of.confirmed, upto);
  }

  /** Hands over what was gathered, stream by stream. */
  take(): Marks[] {
    const marks = [...this.#streams].map(([stream, of]): Marks => ({ stream, ...of }));
    this.#streams.clear();
    return marks;
  }

  #of(stream: string): Gathered {
    const of = this.#streams.get(stream) ?? { sent: [], unconfirmed: [], refused: [], confirmed: 0 };
    this.#streams.set(stream, of);
    return of;
  }
}

/** First and last of each run of consecutive numbers: a backlog is settled in order, and a run costs what a row costs. */
export function runsOf(seqs: readonly number[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const seq of seqs) {
    const run = runs.at(-1);
    if (run !== undefined && seq === run[1] + 1) run[1] = seq;
    else runs.push([seq, seq]);
  }
  return runs;
}
