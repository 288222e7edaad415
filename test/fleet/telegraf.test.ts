// The shipped tables for Telegraf, on a real PostgreSQL: what Telegraf would write is taken apart, once each, and nothing is lost.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { v4 as uuidv4 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../../scripts/consumer/database.ts";
import { packageRoot } from "../../src/place.ts";
import { ABSENT } from "../consumer/rig.ts";
import { stamped } from "../fakes/events.ts";
import { type Postgres, startPostgres } from "../fakes/postgres.ts";

describe.skipIf(ABSENT !== undefined)(`tables for Telegraf${ABSENT === undefined ? "" : ` - ${ABSENT}`}`, () => {
  let postgres: Postgres;
  let pool: ReturnType<typeof openDatabase>;
  beforeAll(async () => {
    postgres = await startPostgres();
    pool = openDatabase(postgres.url);
    await pool.query(readFileSync(join(packageRoot(), "config", "fleet", "telegraf-timescaledb.sql"), "utf8"));
  });
  afterAll(async () => {
    await pool?.end();
    await postgres?.dispose();
  });
  const stream = uuidv4();
  const time = "2026-11-22T09:14:07.311Z";
  const envelope = (seq: number) => ({ ...stamped("press", seq), time, stream, seq });
  const write = (topic: string, value: string) =>
    pool.query("INSERT INTO telegraf.event_raw (time, topic, value) VALUES (now(), $1, $2)", [topic, value]);

  test("events and batches become rows, what comes again stays one, what is no event is kept with its reason", async () => {
    const topic = "touchpoint/v1/vno-akropolis/till-07";
    for (const seq of [1, 2, 2]) await write(`${topic}/event/press`, JSON.stringify(envelope(seq)));
    await write(`${topic}/batch`, JSON.stringify({ events: [envelope(2), envelope(3), envelope(4)] }));
    for (const bad of ["no json", "{}", '{"events":5}', JSON.stringify({ ...envelope(5), time: "yesterday-ish" })])
      await write(`${topic}/event/press`, bad);
    await write(`${topic}/batch`, '{"events":5}');
    const { rows } = await pool.query(
      "SELECT seq::int, device, time, data->>'button' AS button FROM telegraf.event ORDER BY seq",
    );
    expect(rows).toEqual([1, 2, 3, 4].map((seq) => ({ seq, device: "till-07", time: new Date(time), button: "4" })));
    const letters = await pool.query("SELECT reason FROM telegraf.dead_letter");
    expect(letters.rows).toHaveLength(5);
    expect((await pool.query("SELECT count(*)::int AS n FROM telegraf.event_raw")).rows).toEqual([{ n: 0 }]);
  });
});
