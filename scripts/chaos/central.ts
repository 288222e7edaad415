// The centre of a storm: a real PostgreSQL and several reference consumers, each a process that can be killed.
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Pool } from "pg";
import { packageRoot } from "../../src/place.ts";
import { exited, startChild } from "../../src/supervise/child.ts";
import { type Postgres, startPostgres } from "../../test/fakes/postgres.ts";
import { type Audit, audit } from "../consumer/audit.ts";
import { openDatabase } from "../consumer/database.ts";
import { migrate } from "../consumer/schema.ts";

export interface StoredPress {
  readonly stream: string;
  readonly seq: number;
  readonly id: string;
  readonly button: string;
}

export interface Central {
  readonly consumers: number;
  /** Kills a consumer with SIGKILL; resolves when it is gone. */
  kill(consumer: number): Promise<void>;
  start(consumer: number): void;
  readonly postgres: Postgres;
  audit(): Promise<Audit>;
  /** Every press stored, in the order in which they were made. */
  presses(): Promise<StoredPress[]>;
  /** Ids of all events stored of one stream, by seq. */
  ids(stream: string): Promise<Map<number, string>>;
  end(): Promise<void>;
}

export interface CentralOptions {
  /** Settings of the database. */
  readonly database?: Readonly<Record<string, string>>;
  /** Further arguments of each consumer. */
  readonly consumer?: readonly string[];
}

/** Starts database and consumers; they speak to the broker at `brokerUrl`, and their logs go to `folder`. */
export async function startCentral(
  folder: string,
  brokerUrl: string,
  consumers: number,
  options: CentralOptions = {},
): Promise<Central> {
  const postgres = await startPostgres({ settings: options.database ?? {} });
  const pool: Pool = openDatabase(postgres.url);
  await migrate(pool);
  const running = new Map<number, ReturnType<typeof startChild>>();
  const program = join(packageRoot(), "dist", "scripts", "consumer", "main.js");
  const start = (consumer: number): void => {
    const args = [
      "run",
      "--broker",
      brokerUrl,
      "--id",
      `chaos-${consumer}`,
      "--ack-every",
      "100",
      ...(options.consumer ?? []),
    ];
    const env = { ...process.env, DATABASE_URL: postgres.url };
    const log = openSync(join(folder, `consumer-${consumer}.log`), "a");
    running.set(consumer, startChild(process.execPath, [program, ...args], { env, stdio: ["ignore", log, log] }));
    closeSync(log);
  };
  const kill = async (consumer: number): Promise<void> => {
    const child = running.get(consumer);
    running.delete(consumer);
    if (child === undefined) return;
    const gone = exited(child);
    child.kill("SIGKILL");
    await gone;
  };
  for (let consumer = 0; consumer < consumers; consumer += 1) start(consumer);
  return {
    consumers,
    kill,
    start,
    postgres,
    audit: () => audit(pool),
    async presses() {
      const { rows } = await pool.query<StoredPress>(
        `SELECT stream, seq::float8 AS seq, id, data->>'button' AS button FROM touchpoint.event
         WHERE type = 'press' ORDER BY mono`,
      );
      return rows;
    },
    async ids(stream) {
      const { rows } = await pool.query<{ seq: number; id: string }>(
        "SELECT seq::float8 AS seq, id FROM touchpoint.event WHERE stream = $1",
        [stream],
      );
      return new Map(rows.map(({ seq, id }) => [seq, id]));
    },
    async end() {
      for (const consumer of [...running.keys()]) await kill(consumer);
      await pool.end();
      await postgres.dispose();
    },
  };
}
