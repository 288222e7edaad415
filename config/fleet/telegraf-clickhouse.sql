-- What Telegraf writes, and events in their columns. docs/fleet/telegraf.md
CREATE DATABASE IF NOT EXISTS touchpoint;

-- The columns that Telegraf gives: its time, the tag and the one field of the message.
CREATE TABLE touchpoint.event_raw (time DateTime, topic String, value String) ENGINE = Null;

-- A row that comes again replaces the one before when parts are merged; ask with FINAL to see each once.
CREATE TABLE touchpoint.event (
  device     LowCardinality(String),
  stream     UUID,
  seq        UInt64,
  time       DateTime64(3, 'UTC'),
  id         UUID,
  type       LowCardinality(String),
  site       LowCardinality(String),
  touchpoint LowCardinality(String),
  data       String
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(time) ORDER BY (device, stream, seq);

-- The broker's rules vouch for the topic, not for what is said in the message.
CREATE MATERIALIZED VIEW touchpoint.take_apart TO touchpoint.event AS
SELECT
  splitByChar('/', topic)[4] AS device,
  toUUIDOrZero(JSONExtractString(one, 'stream')) AS stream,
  JSONExtractUInt(one, 'seq') AS seq,
  parseDateTime64BestEffortOrZero(JSONExtractString(one, 'time'), 3, 'UTC') AS time,
  toUUIDOrZero(JSONExtractString(one, 'id')) AS id,
  JSONExtractString(one, 'type') AS type,
  JSONExtractString(one, 'site') AS site,
  JSONExtractString(one, 'touchpoint') AS touchpoint,
  JSONExtractRaw(one, 'data') AS data
FROM touchpoint.event_raw
ARRAY JOIN if(endsWith(topic, '/batch'), JSONExtractArrayRaw(value, 'events'), [value]) AS one;
