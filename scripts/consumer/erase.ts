// Erases in PostgreSQL what an `erased` event says: its numbers, and what the device had given up long before.
import type { PoolClient } from "pg";
import { type ErasedData, NOT_OF_PEOPLE } from "../../src/words/erased.ts";
import type { EventRow } from "./reading.ts";

/** Waits for whoever is storing, and holds up whoever wants to, until the erasure is committed; reading goes on. */
export const LOCK_TO_ERASE = "LOCK TABLE touchpoint.event IN SHARE ROW EXCLUSIVE MODE";

/**
 * Deletes, and has the erased event own what is gone: the audit must not call it lost, and it must not come in again.
 * Parameters 1 to 3: device, stream and seq of the erased event.
 */
const erase = (using: string, condition: string): string => `
  WITH gone AS (
    DELETE FROM touchpoint.event e ${using} WHERE e.device = $1 AND ${condition} RETURNING e.stream, e.seq
  )
  INSERT INTO touchpoint.gap (device, stream, first, last, reason, owner_stream, owner_seq, erased)
  SELECT $1, run.stream, min(run.seq), max(run.seq), 'erased', $2::uuid, $3::bigint, true
    FROM (SELECT stream, seq, seq - row_number() OVER (PARTITION BY stream ORDER BY seq) AS of
            FROM (SELECT DISTINCT stream, seq FROM gone) one) run
    GROUP BY run.stream, run.of
  ON CONFLICT DO NOTHING`;

const BY_NUMBER = erase(
  "USING unnest($4::bigint[], $5::bigint[]) AS r(first, last)",
  "e.stream = $6 AND e.seq BETWEEN r.first AND r.last",
);

const DIGESTS = ["n.data #>> '{customer,hash}'", "n.data #>> '{formerly,hash}'", "n.data ->> 'transaction'"].map(
  (value) => `encode(sha256(convert_to(m.salt || (${value}), 'UTF8')), 'hex')`,
);

/**
 * What names the customer or the sale, and what is tied to that as on the device: the same walk, what follows, a contact left
 * there. Goes through every event of the device: an erasure is rare, and an index over hashes of customers would be one more copy.
 */
const BY_VALUE = erase(
  "",
  `(e.stream, e.seq) IN (
    WITH named AS (
      SELECT n.stream, n.seq, n.id::text AS id, n.data ->> 'run' AS run FROM touchpoint.event n
        WHERE n.device = $1 AND EXISTS (
          SELECT FROM unnest($4::text[], $5::text[]) AS m(salt, sha256) WHERE m.sha256 IN (${DIGESTS.join(", ")}))
    ), alerts AS (
      SELECT a.data ->> 'key' AS key FROM touchpoint.event a
        WHERE a.device = $1 AND a.type = 'alert' AND a.data ->> 'press' IN (SELECT id FROM named)
    )
    SELECT stream, seq FROM named
    UNION ALL
    SELECT k.stream, k.seq FROM touchpoint.event k
      WHERE k.device = $1 AND k.type IN ('press', 'answer', 'survey', 'callback') AND (
        k.data ->> 'follows' IN (SELECT id FROM named)
        OR k.data ->> 'run' IN (SELECT run FROM named WHERE run IS NOT NULL)
        OR k.data ->> 'alert' IN (SELECT key FROM alerts)))`,
);

const BY_TIME = erase(
  "",
  `e.time >= $4 AND e.time < $5 AND ($6::text IS NULL OR coalesce(e.touchpoint, $6) = $6) AND e.type <> ALL ($7::text[])`,
);

/** Everything said before the event, whichever stream: only what this device says from now on is left. */
const BY_DEVICE = erase("", "(e.stream <> $2 OR e.seq < $3)");

/** Why a message was no event is for a person to look at; whose it was cannot be told, so all of the device go. */
const LETTERS = `
  DELETE FROM touchpoint.dead_letter WHERE left(topic, length($1) + 1) = $1 || '/'`;

/** In the transaction that stores the event itself. */
export async function eraseStored(client: PoolClient, row: EventRow, erases: ErasedData): Promise<void> {
  const { device, root, envelope } = row;
  const { what, stream, ranges, matches = [], from, to, touchpoint } = erases;
  const run = (text: string, ...values: unknown[]): Promise<unknown> =>
    client.query(text, [device, envelope.stream, envelope.seq, ...values]);
  const [firsts, lasts] = [ranges.map(([first]) => first), ranges.map(([, last]) => last)];
  if (ranges.length > 0) await run(BY_NUMBER, firsts, lasts, stream);
  if (matches.length > 0)
    await run(
      BY_VALUE,
      matches.map(({ salt }) => salt),
      matches.map(({ sha256 }) => sha256),
    );
  if (what === "span" && from !== undefined && to !== undefined)
    await run(BY_TIME, from, to, touchpoint ?? null, NOT_OF_PEOPLE);
  if (what === "all") await run(BY_DEVICE);
  await client.query(LETTERS, [root]);
}
