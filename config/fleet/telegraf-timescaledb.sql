-- What Telegraf writes, and events in their columns, each once. PostgreSQL 14 or newer; docs/fleet/telegraf.md
CREATE SCHEMA IF NOT EXISTS telegraf;

CREATE TABLE telegraf.event (
  device     text        NOT NULL,
  stream     uuid        NOT NULL,
  seq        bigint      NOT NULL,
  time       timestamptz NOT NULL,
  id         uuid        NOT NULL,
  type       text        NOT NULL,
  site       text        NOT NULL,
  touchpoint text,
  data       jsonb       NOT NULL
);
-- With TimescaleDB. A key of a hypertable must hold its time, which of one event is always the same.
-- SELECT create_hypertable('telegraf.event', 'time', chunk_time_interval => INTERVAL '7 days');
ALTER TABLE telegraf.event ADD PRIMARY KEY (device, stream, seq, time);

-- The columns that Telegraf gives: its time, the tag and the one field of the message.
CREATE TABLE telegraf.event_raw (time timestamp, topic text, value text);

-- Nothing stays in event_raw: what cannot be read goes to dead_letter, so that no batch fails for ever because of it.
CREATE TABLE telegraf.dead_letter (received timestamptz NOT NULL DEFAULT now(), topic text, value text, reason text);

CREATE FUNCTION telegraf.take_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  -- The broker's rules vouch for the topic, not for what is said in the message.
  named text := split_part(NEW.topic, '/', 4);
BEGIN
  INSERT INTO telegraf.event (device, stream, seq, time, id, type, site, touchpoint, data)
  SELECT named, (e->>'stream')::uuid, (e->>'seq')::bigint, (e->>'time')::timestamptz, (e->>'id')::uuid, e->>'type',
    e->>'site', e->>'touchpoint', e->'data'
  FROM jsonb_array_elements(
    CASE WHEN NEW.topic LIKE '%/batch' THEN NEW.value::jsonb->'events' ELSE jsonb_build_array(NEW.value::jsonb) END) e
  ON CONFLICT DO NOTHING;
  RETURN NULL;
EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
  INSERT INTO telegraf.dead_letter (topic, value, reason) VALUES (NEW.topic, NEW.value, SQLERRM);
  RETURN NULL;
END $$;
CREATE TRIGGER take_apart BEFORE INSERT ON telegraf.event_raw FOR EACH ROW EXECUTE FUNCTION telegraf.take_apart();
