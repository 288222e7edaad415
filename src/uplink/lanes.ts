// Which row goes next: the lowest lane with rows waiting, by seq within a lane. Pure; the reading is done elsewhere.
import type { OutboxRow } from "../journal/journal.ts";

interface Lane {
  readonly number: number;
  rows: OutboxRow[];
  /** Index in `rows` of the next one to go. */
  at: number;
  /** Place of the last row read; it only grows, also where the journal begins a new stream. */
  after: number;
  /** The journal may hold rows after `after`. */
  more: boolean;
  reading: boolean;
  /** Woken while a read was under way, so that read may have come too early. */
  wokenMeanwhile: boolean;
}

/** A read that the journal is asked for. */
export interface LaneRead {
  readonly lane: number;
  readonly after: number;
  readonly limit: number;
}

/**
 * Rows in hand for one connection. Each row is handed out once; a new connection starts with new lanes. Holds at most
 * `1.5 × batch` rows of each lane.
 */
export class Lanes {
  readonly #lanes: Lane[];
  readonly #batch: number;

  constructor(lanes: readonly number[], batch: number) {
    this.#batch = batch;
    this.#lanes = [...lanes]
      .sort((a, b) => a - b)
      .map((number) => ({
        number,
        rows: [],
        at: 0,
        after: 0,
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
      wanted.push({ lane: lane.number, after: lane.after, limit: this.#batch });
    }
    return wanted;
  }

  /** Rows that a read brought, by seq. */
  add(read: LaneRead, rows: readonly OutboxRow[]): void {
    const lane = this.#lane(read.lane);
    lane.reading = false;
    lane.more = rows.length >= read.limit || lane.wokenMeanwhile;
    lane.rows = [...lane.rows.slice(lane.at), ...rows];
    lane.at = 0;
    lane.after = rows.at(-1)?.at ?? lane.after;
  }

  /** A read failed; it will be asked for again. */
  failed(read: LaneRead): void {
    this.#lane(read.lane).reading = false;
  }

  /**
   * The next row to publish, or undefined where none is in hand.
   * @param before only lanes below this number
   */
  next(before = Number.POSITIVE_INFINITY): OutboxRow | undefined {
    for (const lane of this.#lanes) {
      if (lane.number >= before) return undefined;
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
    const place = before.findIndex((one) => one.at > row.at);
    lane.rows = place < 0 ? [...before, row] : before.toSpliced(place, 0, row);
    lane.at = 0;
  }

  /** True where no row is in hand and the journal has none that was not read. */
  get empty(): boolean {
    return this.#lanes.every(isClear);
  }

  /** True where no row of this lane is in hand or still to be read. */
  isClear(number: number): boolean {
    return isClear(this.#lane(number));
  }

  #lane(number: number): Lane {
    const lane = this.#lanes.find((one) => one.number === number);
    if (lane === undefined) throw new RangeError(`no lane ${number}`);
    return lane;
  }
}

function isClear(lane: Lane): boolean {
  return !lane.reading && !lane.more && lane.at >= lane.rows.length;
}
