// Which row goes next: the lowest lane with rows waiting, by seq within a lane. Pure; the reading is done elsewhere.
import type { OutboxRow } from "../journal/journal.ts";

interface Lane {
  readonly number: number;
  rows: OutboxRow[];
  /** Index in `rows` of the next one to go. */
  at: number;
  /** Seq of the last row read. */
  afterSeq: number;
  /** The journal may hold rows after `afterSeq`. */
  more: boolean;
  reading: boolean;
  /** Woken while a read was under way, so that read may have come too early. */
  wokenMeanwhile: boolean;
}

/** A read that the journal is asked for. */
export interface LaneRead {
  readonly lane: number;
  readonly afterSeq: number;
  readonly limit: number;
}

/**
 * Rows in hand for one connection. Each row is handed out once; a new connection starts with new lanes. Holds at most
 * `1.5 × batch` rows of each lane.
 */
export class Lanes {
  readonly #lanes: Lane[];
  readonly #batch: number;
  #stream: string | undefined;

  constructor(lanes: readonly number[], batch: number) {
    this.#batch = batch;
    this.#lanes = [...lanes]
      .sort((a, b) => a - b)
      .map((number) => ({
        number,
        rows: [],
        at: 0,
        afterSeq: 0,
        more: true,
        reading: false,
        wokenMeanwhile: false,
      }));
  }

  /** Rows were committed: every lane may have more. */
  wake(): void {
    for (const lane of this.#lanes) {
      lane.more = true;
      lane.wokenMeanwhile = lane.reading;
    }
  }

  /** Reads to be asked for now; each is taken as under way until `add` or `failed`. */
  reads(): LaneRead[] {
    const wanted: LaneRead[] = [];
    for (const lane of this.#lanes) {
      if (lane.reading || !lane.more || lane.rows.length - lane.at > this.#batch / 2) continue;
      lane.reading = true;
      lane.wokenMeanwhile = false;
      wanted.push({ lane: lane.number, afterSeq: lane.afterSeq, limit: this.#batch });
    }
    return wanted;
  }

  /** Rows that a read brought, by seq. */
  add(read: LaneRead, rows: readonly OutboxRow[]): void {
    const lane = this.#lane(read.lane);
    lane.reading = false;
    this.#follow(rows[0]?.stream);
    // Asked for before the lanes began anew: these rows may not be the next ones.
    if (read.afterSeq !== lane.afterSeq) return;
    lane.more = rows.length >= read.limit || lane.wokenMeanwhile;
    lane.rows = [...lane.rows.slice(lane.at), ...rows];
    lane.at = 0;
    lane.afterSeq = rows.at(-1)?.seq ?? lane.afterSeq;
  }

  /** A read failed; it will be asked for again. */
  failed(read: LaneRead): void {
    this.#lane(read.lane).reading = false;
  }

  /** The next row to publish, or undefined where none is in hand. */
  next(): OutboxRow | undefined {
    for (const lane of this.#lanes) {
      const row = lane.rows[lane.at];
      if (row === undefined) continue;
      lane.at += 1;
      return row;
    }
    return undefined;
  }

  /** Takes a row back that the broker could not take for now; it keeps its place in the order. */
  putBack(row: OutboxRow): void {
    const lane = this.#lane(row.lane);
    const before = lane.rows.slice(lane.at);
    const place = before.findIndex((one) => one.stream === row.stream && one.seq > row.seq);
    lane.rows = place < 0 ? [...before, row] : before.toSpliced(place, 0, row);
    lane.at = 0;
  }

  /** True where no row is in hand and the journal has none that was not read. */
  get empty(): boolean {
    return this.#lanes.every((lane) => !lane.reading && !lane.more && lane.at >= lane.rows.length);
  }

  /** The journal began a new stream, in which every seq comes again: all lanes start at its beginning. */
  #follow(stream: string | undefined): void {
    if (stream === undefined || stream === this.#stream) return;
    if (this.#stream !== undefined)
      for (const lane of this.#lanes) {
        lane.more = true;
        lane.afterSeq = 0;
      }
    this.#stream = stream;
  }

  #lane(number: number): Lane {
    const lane = this.#lanes.find((one) => one.number === number);
    if (lane === undefined) throw new RangeError(`no lane ${number}`);
    return lane;
  }
}
