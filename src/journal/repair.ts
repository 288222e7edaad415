// Rewrites the times of rows that a clock that was not set had stamped, as long as nobody else can have seen them.

import { EVENT_TYPES, type EventType, instantsOf } from "../words/events.ts";
import type { Repaired } from "./journal.ts";
import type { RepairPart } from "./protocol.ts";
import { laneOf } from "./salvage.ts";
import { Damage } from "./schema.ts";
import type { Database } from "./sqlite.ts";
import { rowSum } from "./sums.ts";

/** Rows looked at in one transaction. */
const PART_ROWS = 5_000;

interface Row {
  readonly seq: number;
  readonly type: string;
  readonly timeMs: number;
  readonly json: string;
  readonly sum: number | null;
}

interface Stamps {
  time: string;
  clock: string;
  readonly boot: string;
  readonly mono: number;
  readonly data: Record<string, unknown>;
}

/**
 * One part of a repair, from the newest row backwards: rows of one boot follow one another, and begin within one part.
 * @param handed highest seq of each lane that was handed out unsynced
 */
export function repairTimes(
  db: Database,
  { boot, offsetMs, span, before, begun }: RepairPart,
  handed: Readonly<Record<string, number>>,
): Repaired & { next: number | null } {
  const rows = db
    .prepare("SELECT seq, type, timeMs, json, sum FROM events WHERE seq < ? ORDER BY seq DESC LIMIT ?")
    .all(before, PART_ROWS) as Row[];
  const waits = db.prepare("SELECT 1 FROM outbox WHERE lane = ? AND seq = ?");
  const write = db.prepare("UPDATE events SET timeMs = ?, json = ?, sum = ? WHERE seq = ?");
  let corrected = 0;
  let alreadySent = begun ? 0 : carriedOf(db, boot);
  let met = begun;
  for (const row of rows) {
    if (row.sum !== null && row.sum !== rowSum(row.seq, row.type, row.timeMs, row.json))
      throw new Damage(`event ${row.seq} is not what was written`);
    const event = JSON.parse(row.json) as Stamps;
    if (event.boot !== boot && met) return { corrected, alreadySent, next: null };
    if (event.boot !== boot) continue;
    met = true;
    if (event.clock !== "unsynced" || event.mono < (span.fromMono ?? 0) || event.mono > (span.toMono ?? Infinity))
      continue;
    const lane = laneOf(row.type);
    if (row.seq <= (handed[lane] ?? 0) || waits.get(lane, row.seq) === undefined) {
      alreadySent += 1;
      continue;
    }
    const timeMs = row.timeMs + offsetMs;
    const json = JSON.stringify(moved(event, row.type, offsetMs));
    write.run(timeMs, json, rowSum(row.seq, row.type, timeMs, json), row.seq);
    corrected += 1;
  }
  const last = rows.at(-1);
  return { corrected, alreadySent, next: !met || rows.length < PART_ROWS || last === undefined ? null : last.seq };
}

/** The event with every instant of the wrong clock moved; the order of its fields stays. */
function moved(event: Stamps, type: string, offsetMs: number): Stamps {
  const shift = (instant: unknown): unknown =>
    typeof instant === "string" ? new Date(Date.parse(instant) + offsetMs).toISOString() : instant;
  const known = EVENT_TYPES.find((name: EventType) => name === type);
  const data = { ...event.data };
  // Data with a clock of its own was said in an earlier boot: this repair knows nothing of that.
  if (known !== undefined && data.clock === undefined)
    for (const field of instantsOf(known)) data[field] = shift(data[field]);
  return { ...event, time: String(shift(event.time)), clock: "corrected", data };
}

/** Rows carried over from another file keep their bytes: the file they came from may have sent them. */
function carriedOf(db: Database, boot: string): number {
  return Number(
    db
      .prepare('SELECT count(*) FROM carried WHERE instr(json, ?) > 0 AND instr(json, \'"clock":"unsynced"\') > 0')
      .pluck()
      .get(`"boot":${JSON.stringify(boot)}`),
  );
}
