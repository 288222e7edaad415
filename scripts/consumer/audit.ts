// Holds what is stored against what devices say they delivered and what gaps own. Reads only.
import type { Pool } from "pg";

/** First and last seq of a run. */
export type Run = readonly [from: number, to: number];

export interface StreamAudit {
  readonly device: string;
  readonly stream: string;
  /** Events stored. */
  readonly stored: number;
  /** Seqs that are not stored and that a gap owns. */
  readonly owned: number;
  /** Seqs up to `done` that are neither: the broker acknowledged them, and they did not arrive. */
  readonly holes: number;
  /** The first of these holes. */
  readonly holeRuns: readonly Run[];
  /** Seqs after `done` up to the head that are neither: on their way. */
  readonly behind: number;
  /** As the device last said in `state/delivery`; 0 where it said nothing. */
  readonly head: number;
  readonly done: number;
  /** What this consumer tells the device. */
  readonly upto: number;
  /** What `upto` must be by what is stored and owned. */
  readonly whole: number;
}

export interface Audit {
  readonly streams: readonly StreamAudit[];
  /** Dead letters that are kept. */
  readonly dead: number;
  /** No hole that no gap owns, and no `ack` that is wrong. */
  readonly ok: boolean;
}

const RUNS_SHOWN = 10;

const STREAMS = `
  SELECT device, stream FROM touchpoint.stream WHERE $1::text IS NULL OR device = $1 ORDER BY device, created, stream`;

const AUDIT = `
  WITH s AS (SELECT * FROM touchpoint.stream WHERE device = $1 AND stream = $2),
  here AS (
    SELECT coalesce(range_agg(run), '{}') AS runs, coalesce(sum(size), 0) AS size, coalesce(max(last), 0) AS last FROM (
      SELECT int8range(min(seq), max(seq), '[]') AS run, count(*) AS size, max(seq) AS last
        FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run_of FROM touchpoint.event
              WHERE device = $1 AND stream = $2) numbered
        GROUP BY run_of
    ) r
  ),
  lost AS (
    SELECT coalesce(range_agg(int8range(first, last, '[]')), '{}') AS runs FROM touchpoint.gap
      WHERE device = $1 AND stream = $2
  ),
  known AS (SELECT here.runs + lost.runs AS runs, lost.runs - here.runs AS owned FROM here, lost),
  missing AS (
    SELECT int8multirange(int8range(1, s.done + 1)) - known.runs AS holes,
      int8multirange(int8range(s.done + 1, greatest(s.done, s.head, here.last) + 1)) - known.runs AS behind,
      int8multirange(int8range(1, NULL)) - known.runs AS ever
    FROM s, here, known
  )
  SELECT here.size::float8 AS stored,
    (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(known.owned) r)::float8 AS owned,
    (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(missing.holes) r)::float8 AS holes,
    (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(missing.behind) r)::float8 AS behind,
    ARRAY(SELECT lower(r)::float8 FROM unnest(missing.holes) r ORDER BY 1 LIMIT ${RUNS_SHOWN}) AS hole_from,
    ARRAY(SELECT (upper(r) - 1)::float8 FROM unnest(missing.holes) r ORDER BY 1 LIMIT ${RUNS_SHOWN}) AS hole_to,
    s.head::float8 AS head, s.done::float8 AS done, s.upto::float8 AS upto, (lower(missing.ever) - 1)::float8 AS whole
  FROM s, here, known, missing`;

interface Row extends Omit<StreamAudit, "device" | "stream" | "holeRuns"> {
  readonly hole_from: readonly number[];
  readonly hole_to: readonly number[];
}

/**
 * Audits one device or all of them; each stream is seen at one moment.
 * @throws Error of the driver
 */
export async function audit(pool: Pool, device?: string): Promise<Audit> {
  const listed = await pool.query<{ device: string; stream: string }>(STREAMS, [device ?? null]);
  const streams: StreamAudit[] = [];
  for (const key of listed.rows) {
    const { rows } = await pool.query<Row>(AUDIT, [key.device, key.stream]);
    for (const { hole_from, hole_to, ...figures } of rows)
      streams.push({ ...key, ...figures, holeRuns: hole_from.map((from, at) => [from, hole_to[at] ?? from] as const) });
  }
  const dead = await pool.query<{ dead: number }>("SELECT count(*)::int AS dead FROM touchpoint.dead_letter");
  return {
    streams,
    dead: dead.rows[0]?.dead ?? 0,
    ok: streams.every(({ holes, upto, whole }) => holes === 0 && upto === whole),
  };
}

/** The audit as a table for a terminal. */
export function auditTable({ streams, dead, ok }: Audit): string {
  const head = ["device", "stream", "stored", "owned", "holes", "behind", "head", "done", "ack"];
  const rows = streams.map((one) => [
    one.device,
    one.stream,
    ...[one.stored, one.owned, one.holes, one.behind, one.head, one.done, one.upto].map(String),
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ");
  const notes = streams.flatMap(({ device, stream, holes, holeRuns, upto, whole }) => [
    ...(holes === 0
      ? []
      : [
          `${device} ${stream}: delivered and never stored, owned by no gap: ` +
            holeRuns.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ") +
            (holeRuns.length === RUNS_SHOWN ? " …" : ""),
        ]),
    ...(upto === whole ? [] : [`${device} ${stream}: the ack is ${upto} and must be ${whole}`]),
  ]);
  return [
    line(head),
    ...rows.map(line),
    ...notes,
    `${ok ? "ok" : "FAILED"}: ${streams.length} streams, ${dead} dead letters`,
  ].join("\n");
}
