// Puts readings into PostgreSQL: one transaction for events and what follows from them, one for deliveries.
import type { Pool, PoolClient, QueryResultRow } from "pg";
import { eraseStored, LOCK_TO_ERASE } from "./erase.ts";
import type { DeadLetter, DeliveryRow, EventRow, Reading } from "./reading.ts";

/** Names a stream of a device. */
export interface StreamKey {
  readonly device: string;
  readonly stream: string;
}

export interface Stored {
  /** Events that were not there before. */
  readonly fresh: number;
  /** Events that were there already. */
  readonly repeats: number;
  readonly dead: number;
  /** Streams whose `ack` may have moved. */
  readonly touched: readonly StreamKey[];
  /** Streams that sent again what was stored: their device may not know its `ack`. */
  readonly repeated: readonly StreamKey[];
}

/** Most dead letters kept, and most bytes of each. */
export const DEAD_LETTERS = 2_000;
const DEAD_LETTER_BYTES = 65_536;

const INSERT_EVENTS = `
  WITH stored AS (
    INSERT INTO touchpoint.event (device, stream, seq, type, id, site, touchpoint, time, tz, clock, boot, mono, data)
    SELECT i.device, i.stream, i.seq, i.type, i.id, i.site, i.touchpoint, i.time, i.tz, i.clock, i.boot, i.mono, i.data::jsonb
      FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                  $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::float8[], $13::text[])
        AS i(device, stream, seq, type, id, site, touchpoint, time, tz, clock, boot, mono, data)
      -- What was erased may still be on its way, or be sent again.
      WHERE NOT EXISTS (SELECT 1 FROM touchpoint.gap g WHERE g.erased AND g.device = i.device AND g.stream = i.stream
                          AND i.seq BETWEEN g.first AND g.last)
      -- In one order everywhere, so that two consumers with the same events wait for each other instead of for ever.
      ORDER BY i.device, i.stream, i.seq
    ON CONFLICT DO NOTHING
    RETURNING device, stream
  )
  SELECT device, stream, count(*)::int AS fresh FROM stored GROUP BY device, stream`;

const FIND_IMPOSTORS = `
  SELECT i.place::int AS place
    FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::uuid[]) WITH ORDINALITY AS i(device, stream, seq, id, place)
    JOIN touchpoint.event e USING (device, stream, seq)
    WHERE e.id <> i.id`;

const INSERT_GAPS = `
  INSERT INTO touchpoint.gap (device, stream, first, last, reason, owner_stream, owner_seq, erased)
  SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::uuid[], $7::bigint[], $8::boolean[])
    ORDER BY 1, 2, 6, 7, 3, 4
  ON CONFLICT DO NOTHING`;

const INSERT_REPAIRS = `
  INSERT INTO touchpoint.clock_repair (device, boot, from_mono, to_mono, offset_ms, uncertainty_ms, stream, seq)
  SELECT * FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::uuid[], $8::bigint[])
    ORDER BY 1, 2, 7, 8
  ON CONFLICT DO NOTHING`;

const TOUCH_STREAMS = `
  INSERT INTO touchpoint.stream AS s (device, stream, root)
  SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[]) ORDER BY 1, 2
  ON CONFLICT (device, stream) DO UPDATE SET root = excluded.root WHERE s.root <> excluded.root`;

const ADVANCE = `
  SELECT touchpoint.advance(t.device, t.stream)
    FROM (SELECT * FROM unnest($1::text[], $2::uuid[]) AS u(device, stream) ORDER BY 1, 2) t`;

const SAY_DELIVERIES = `
  INSERT INTO touchpoint.stream AS s (device, stream, root, head, done, heard)
  SELECT d.*, clock_timestamp() FROM unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[]) AS d ORDER BY 1, 2
  ON CONFLICT (device, stream) DO UPDATE
    SET root = excluded.root, head = greatest(s.head, excluded.head), done = greatest(s.done, excluded.done),
        heard = excluded.heard`;

const INSERT_DEAD = `
  WITH kept AS (
    INSERT INTO touchpoint.dead_letter (topic, reason, bytes, payload)
    SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[]) RETURNING id
  )
  DELETE FROM touchpoint.dead_letter WHERE id <= (SELECT max(id) FROM kept) - $5::bigint`;

/**
 * Stores what was read; when it resolves, all of it is committed. Storing the same again changes nothing.
 * @throws Error of the driver: with nothing stored, or with all stored and the answer lost
 */
export async function store(pool: Pool, readings: readonly Reading[]): Promise<Stored> {
  const events = readings.flatMap((reading) => reading.events);
  const dead = readings.flatMap((reading) => reading.dead);
  const deliveries = readings.flatMap((reading) => reading.delivery ?? []);
  const stored =
    events.length + dead.length === 0
      ? { fresh: 0, repeats: 0, dead: 0, touched: [], repeated: [] }
      : await transaction(pool, (client) => storeEvents(client, events, dead));
  // After the events that it speaks of, and in a transaction of its own, which locks nothing else.
  if (deliveries.length > 0) await sayDeliveries(pool, deliveries);
  return stored;
}

async function storeEvents(
  client: PoolClient,
  events: readonly EventRow[],
  dead: readonly DeadLetter[],
): Promise<Stored> {
  const perStream = new Map<string, StreamKey & { readonly root: string; given: number; fresh: number }>();
  for (const { device, root, envelope } of events) {
    const key = keyOf(device, envelope.stream);
    const entry = perStream.get(key) ?? { device, root, stream: envelope.stream, given: 0, fresh: 0 };
    entry.given += 1;
    perStream.set(key, entry);
  }
  // Before anything is stored: nobody else may be storing what this erases, and not see that it is erased.
  if (events.some(({ erases }) => erases !== undefined)) await client.query(LOCK_TO_ERASE);
  let honest = events;
  const letters = [...dead];
  if (events.length > 0) {
    const inserted = await run<{ device: string; stream: string; fresh: number }>(
      client,
      "insert-events",
      INSERT_EVENTS,
      eventColumns(events),
    );
    for (const { device, stream, fresh } of inserted) {
      const entry = perStream.get(keyOf(device, stream));
      if (entry !== undefined) entry.fresh = fresh;
    }
    if ([...perStream.values()].some(({ given, fresh }) => fresh < given)) {
      const impostors = await impostorsAmong(client, events);
      honest = events.filter((event) => !impostors.has(event));
      for (const { root, envelope } of impostors)
        letters.push({
          topic: `${root}/event/${envelope.type}`,
          reason: `seq ${envelope.seq} of this stream is stored with another id: two devices share one stream`,
          payload: Buffer.from(JSON.stringify(envelope)),
        });
    }
    await follow(client, honest, [...perStream.values()]);
  }
  if (letters.length > 0) await bury(client, letters);
  const streams = [...perStream.values()];
  const fresh = streams.reduce((sum, stream) => sum + stream.fresh, 0);
  const owned = honest.flatMap(({ device, owns }) => (owns ?? []).map(({ stream }) => ({ device, stream })));
  return {
    fresh,
    repeats: events.length - fresh,
    dead: letters.length,
    touched: [...streams.map(({ device, stream }) => ({ device, stream })), ...owned],
    repeated: streams.filter((one) => one.fresh < one.given).map(({ device, stream }) => ({ device, stream })),
  };
}

function eventColumns(events: readonly EventRow[]): unknown[][] {
  const column = (of: (row: EventRow) => unknown): unknown[] => events.map(of);
  return [
    column(({ device }) => device),
    column(({ envelope }) => envelope.stream),
    column(({ envelope }) => envelope.seq),
    column(({ envelope }) => envelope.type),
    column(({ envelope }) => envelope.id),
    column(({ envelope }) => envelope.site),
    column(({ envelope }) => envelope.touchpoint ?? null),
    column(({ envelope }) => envelope.time),
    column(({ envelope }) => envelope.tz),
    column(({ envelope }) => envelope.clock),
    column(({ envelope }) => envelope.boot),
    column(({ envelope }) => envelope.mono),
    column(({ envelope }) => JSON.stringify(envelope.data)),
  ];
}

/** Events whose place was taken by another event. */
async function impostorsAmong(client: PoolClient, events: readonly EventRow[]): Promise<Set<EventRow>> {
  const found = await run<{ place: number }>(client, "find-impostors", FIND_IMPOSTORS, [
    events.map(({ device }) => device),
    events.map(({ envelope }) => envelope.stream),
    events.map(({ envelope }) => envelope.seq),
    events.map(({ envelope }) => envelope.id),
  ]);
  return new Set(found.flatMap(({ place }) => events[place - 1] ?? []));
}

/** What follows from events that are stored: gaps, repairs, and how far each stream is whole. */
async function follow(
  client: PoolClient,
  events: readonly EventRow[],
  streams: readonly (StreamKey & { readonly root: string })[],
): Promise<void> {
  const gaps = events.flatMap(({ device, root, envelope, owns }) =>
    (owns ?? []).map((one) => ({ device, root, owner: envelope, ...one })),
  );
  const repairs = events.flatMap(({ device, envelope, repairs: one }) =>
    one === undefined ? [] : [{ device, owner: envelope, ...one }],
  );
  if (gaps.length > 0)
    await run(client, "insert-gaps", INSERT_GAPS, [
      gaps.map(({ device }) => device),
      gaps.map(({ stream }) => stream),
      gaps.map(({ from }) => from),
      gaps.map(({ to }) => to),
      gaps.map(({ reason }) => reason),
      gaps.map(({ owner }) => owner.stream),
      gaps.map(({ owner }) => owner.seq),
      gaps.map(({ owner }) => owner.type === "erased"),
    ]);
  for (const event of events) if (event.erases !== undefined) await eraseStored(client, event, event.erases);
  if (repairs.length > 0)
    await run(client, "insert-repairs", INSERT_REPAIRS, [
      repairs.map(({ device }) => device),
      repairs.map(({ boot }) => boot),
      repairs.map(({ fromMono }) => fromMono),
      repairs.map(({ toMono }) => toMono),
      repairs.map(({ offsetMs }) => offsetMs),
      repairs.map(({ uncertaintyMs }) => uncertaintyMs),
      repairs.map(({ owner }) => owner.stream),
      repairs.map(({ owner }) => owner.seq),
    ]);
  const whole = new Map([...streams, ...gaps].map((one) => [keyOf(one.device, one.stream), one]));
  const devices = [...whole.values()].map(({ device }) => device);
  const ids = [...whole.values()].map(({ stream }) => stream);
  await run(client, "touch-streams", TOUCH_STREAMS, [devices, ids, [...whole.values()].map(({ root }) => root)]);
  await run(client, "advance", ADVANCE, [devices, ids]);
}

async function bury(client: PoolClient, letters: readonly DeadLetter[]): Promise<void> {
  const kept = letters.slice(-DEAD_LETTERS);
  await run(client, "insert-dead", INSERT_DEAD, [
    kept.map(({ topic }) => topic.replaceAll("\0", "\uFFFD")),
    kept.map(({ reason }) => reason.replaceAll("\0", "\uFFFD").slice(0, 2_000)),
    kept.map(({ payload }) => payload.length),
    kept.map(({ payload }) => payload.subarray(0, DEAD_LETTER_BYTES)),
    DEAD_LETTERS,
  ]);
}

async function sayDeliveries(pool: Pool, deliveries: readonly DeliveryRow[]): Promise<void> {
  // Two words on one stream cannot be told in one statement; the later one counts.
  const last = [...new Map(deliveries.map((one) => [keyOf(one.device, one.stream), one])).values()];
  await pool.query({
    name: "say-deliveries",
    text: SAY_DELIVERIES,
    values: [
      last.map(({ device }) => device),
      last.map(({ stream }) => stream),
      last.map(({ root }) => root),
      last.map(({ head }) => head),
      last.map(({ done }) => done),
    ],
  });
}

const keyOf = (device: string, stream: string): string => `${device} ${stream}`;

async function run<Row extends QueryResultRow>(
  client: PoolClient,
  name: string,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  return (await client.query<Row>({ name, text, values })).rows;
}

/** Runs `work` between BEGIN and COMMIT; a connection on which anything failed is thrown away. */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    client.release();
    return result;
  } catch (thrown) {
    client.release(true);
    throw thrown;
  }
}
