// The tables of the consumer, as numbered migrations that only go forward; all in the schema `touchpoint`.
import type { Pool } from "pg";

/** Migrations by their place in the list: 1, 2, 3 …; a migration that was released never changes. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE touchpoint.event (
    device     text             NOT NULL,
    stream     uuid             NOT NULL,
    seq        bigint           NOT NULL CHECK (seq >= 1),
    type       text             NOT NULL,
    id         uuid             NOT NULL,
    site       text             NOT NULL,
    touchpoint text,
    time       timestamptz      NOT NULL,
    tz         text             NOT NULL,
    clock      text             NOT NULL,
    boot       text             NOT NULL,
    mono       double precision NOT NULL,
    data       jsonb            NOT NULL,
    stored     timestamptz      NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (device, stream, seq)
  );

  CREATE TABLE touchpoint.gap (
    device       text   NOT NULL,
    stream       uuid   NOT NULL,
    first        bigint NOT NULL,
    last         bigint NOT NULL CHECK (last >= first),
    reason       text   NOT NULL,
    owner_stream uuid   NOT NULL,
    owner_seq    bigint NOT NULL,
    passed       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (device, stream, owner_stream, owner_seq, first, last)
  );
  CREATE INDEX gap_ahead ON touchpoint.gap (device, stream, first) WHERE NOT passed;
  COMMENT ON TABLE touchpoint.gap IS 'Seqs first..last of (device, stream) are lost, and the event (device, owner_stream, owner_seq) says so.';
  COMMENT ON COLUMN touchpoint.gap.passed IS 'The ack lies beyond it: nobody has to look here again to move it.';

  CREATE TABLE touchpoint.clock_repair (
    device         text             NOT NULL,
    boot           text             NOT NULL,
    from_mono      double precision NOT NULL,
    to_mono        double precision NOT NULL,
    offset_ms      double precision NOT NULL,
    uncertainty_ms double precision NOT NULL,
    stream         uuid             NOT NULL,
    seq            bigint           NOT NULL,
    PRIMARY KEY (device, boot, stream, seq)
  );
  COMMENT ON TABLE touchpoint.clock_repair IS 'What the clock event (device, stream, seq) says of the unsynced events of that part of that boot.';

  CREATE TABLE touchpoint.stream (
    device  text        NOT NULL,
    stream  uuid        NOT NULL,
    root    text        NOT NULL,
    upto    bigint      NOT NULL DEFAULT 0,
    head    bigint      NOT NULL DEFAULT 0,
    done    bigint      NOT NULL DEFAULT 0,
    heard   timestamptz NOT NULL DEFAULT '-infinity',
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (device, stream)
  );
  COMMENT ON COLUMN touchpoint.stream.upto IS 'Every seq up to here is stored or owned by a gap: the ack.';
  COMMENT ON COLUMN touchpoint.stream.root IS 'Topic root under which the device last spoke of this stream.';
  COMMENT ON COLUMN touchpoint.stream.heard IS 'When state/delivery last named this stream: the newest is the device''s current one.';

  CREATE TABLE touchpoint.ack (
    device text   NOT NULL,
    stream uuid   NOT NULL,
    upto   bigint NOT NULL,
    PRIMARY KEY (device, stream)
  );
  COMMENT ON TABLE touchpoint.ack IS 'What was published as ack; a row apart from touchpoint.stream, so that storing never waits for a broker.';

  CREATE TABLE touchpoint.dead_letter (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic    text        NOT NULL,
    reason   text        NOT NULL,
    bytes    integer     NOT NULL,
    payload  bytea       NOT NULL
  );
  COMMENT ON TABLE touchpoint.dead_letter IS 'Messages that could not be stored as they were; the newest, up to a bound.';

  -- Moves upto of one stream as far as stored seqs and gaps reach, and returns it. The row lock comes first and every
  -- statement after it sees what was committed before the lock was got, so two consumers agree and upto never falls.
  CREATE FUNCTION touchpoint.advance(the_device text, the_stream uuid) RETURNS bigint LANGUAGE plpgsql AS $$
  DECLARE
    was     bigint;
    reached bigint;
    further bigint;
    look    integer;
    looked  bigint := 0;
  BEGIN
    SELECT s.upto INTO was FROM touchpoint.stream s
      WHERE s.device = the_device AND s.stream = the_stream FOR UPDATE;
    reached := was;
    LOOP
      -- Stored seqs without a hole from here on: a short look first, longer ones while nothing is missing.
      look := 16;
      LOOP
        SELECT max(run.seq) INTO further FROM (
          SELECT ahead.seq, row_number() OVER (ORDER BY ahead.seq) AS place FROM (
            SELECT e.seq FROM touchpoint.event e
              WHERE e.device = the_device AND e.stream = the_stream AND e.seq > reached
              ORDER BY e.seq LIMIT look
          ) ahead
        ) run WHERE run.seq = reached + run.place;
        EXIT WHEN further IS NULL;
        EXIT WHEN further < reached + look;
        reached := further;
        look := least(look * 4, 4096);
      END LOOP;
      reached := coalesce(further, reached);
      WITH passing AS (
        UPDATE touchpoint.gap g SET passed = true
          WHERE g.device = the_device AND g.stream = the_stream AND NOT g.passed AND g.first > looked AND g.first <= reached + 1
          RETURNING g.last
      )
      SELECT max(passing.last) INTO further FROM passing;
      EXIT WHEN further IS NULL;
      looked := reached + 1;
      reached := greatest(reached, further);
    END LOOP;
    IF reached > was THEN
      UPDATE touchpoint.stream s SET upto = reached WHERE s.device = the_device AND s.stream = the_stream;
    END IF;
    RETURN reached;
  END $$;

  -- A time inside data, moved; what is no time stays as it is.
  CREATE FUNCTION touchpoint.moved(value jsonb, by_ms double precision) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
  BEGIN
    RETURN to_jsonb(to_char(((value #>> '{}')::timestamptz + by_ms * interval '1 millisecond') AT TIME ZONE 'UTC',
      'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
  EXCEPTION WHEN data_exception THEN
    RETURN value;
  END $$;

  -- Events with the best time known: where a clock event repairs them, their time and the start and end in their data
  -- are moved. The events themselves never change.
  CREATE VIEW touchpoint.event_repaired AS
    SELECT e.device, e.stream, e.seq, e.type, e.id, e.site, e.touchpoint,
      e.time + coalesce(r.offset_ms, 0) * interval '1 millisecond' AS time,
      e.tz,
      CASE WHEN r.offset_ms IS NULL THEN e.clock ELSE 'repaired' END AS clock,
      r.uncertainty_ms,
      e.boot, e.mono,
      CASE WHEN r.offset_ms IS NULL THEN e.data
        ELSE e.data
          || CASE WHEN e.data ? 'start' THEN jsonb_build_object('start', touchpoint.moved(e.data -> 'start', r.offset_ms)) ELSE '{}' END
          || CASE WHEN e.data ? 'end' THEN jsonb_build_object('end', touchpoint.moved(e.data -> 'end', r.offset_ms)) ELSE '{}' END
      END AS data,
      e.stored, e.time AS time_said
    FROM touchpoint.event e
    LEFT JOIN LATERAL (
      SELECT c.offset_ms, c.uncertainty_ms FROM touchpoint.clock_repair c
        WHERE c.device = e.device AND c.boot = e.boot AND e.mono BETWEEN c.from_mono AND c.to_mono
        ORDER BY c.seq DESC LIMIT 1
    ) r ON e.clock = 'unsynced';
  `,
  `
  ALTER TABLE touchpoint.gap ADD COLUMN erased boolean NOT NULL DEFAULT false;
  CREATE INDEX gap_erased ON touchpoint.gap (device, stream, first) WHERE erased;
  COMMENT ON COLUMN touchpoint.gap.erased IS 'Erased at somebody''s demand: what arrives under these seqs is not stored.';
  `,
];

/** Any number that nobody else uses for an advisory lock in this database. */
const MIGRATION_LOCK = 7_205_759_403_792_794;

/** A database that this version cannot use, however often it tries. */
export class Unfit extends Error {
  override readonly name = "Unfit";
}

/** Brings the tables to this version; several consumers may call it at once. Returns the version. @throws Unfit */
export async function migrate(pool: Pool): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query("CREATE SCHEMA IF NOT EXISTS touchpoint");
    await client.query(
      "CREATE TABLE IF NOT EXISTS touchpoint.migration (version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())",
    );
    const { rows } = await client.query<{ version: number | null }>(
      "SELECT max(version) AS version FROM touchpoint.migration",
    );
    const version = rows[0]?.version ?? 0;
    if (version > MIGRATIONS.length)
      throw new Unfit(
        `the database is at version ${version}, this consumer knows ${MIGRATIONS.length}: install a newer one`,
      );
    const encoding = await client.query<{ server_encoding: string }>("SHOW server_encoding");
    if (encoding.rows[0]?.server_encoding !== "UTF8")
      throw new Unfit("the database does not hold UTF-8; make one with ENCODING 'UTF8'");
    for (const [place, sql] of MIGRATIONS.entries()) {
      if (place < version) continue;
      await client.query(sql);
      await client.query("INSERT INTO touchpoint.migration (version) VALUES ($1)", [place + 1]);
    }
    await client.query("COMMIT");
    client.release();
    return MIGRATIONS.length;
  } catch (thrown) {
    client.release(true);
    throw thrown;
  }
}
