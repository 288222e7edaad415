// Connections to PostgreSQL, and what its errors mean for a batch.
import pg from "pg";

/** Longest that one statement may take, milliseconds; a database that hangs is a database that is away. */
const STATEMENT_MS = 60_000;

/**
 * A pool that never throws on its own and holds at most four connections. Connects when first used.
 * @param url address with user and password; undefined: the environment's PGHOST, PGUSER, PGPASSWORD …
 */
export function openDatabase(url: string | undefined): pg.Pool {
  const pool = new pg.Pool({
    ...(url === undefined ? {} : { connectionString: url }),
    application_name: "touchpoint-consumer",
    max: 4,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + 5_000,
    // A consumer that lost its network holds no row for longer.
    idle_in_transaction_session_timeout: STATEMENT_MS,
    // A PUBACK after a COMMIT that is not on disk would be a lie.
    onConnect: async (client) => {
      await client.query(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
      );
    },
  });
  // An idle connection that dies is replaced at the next use; one in use fails its query, and says so there.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** Whether the error lies in the data, so that trying again brings the same: SQLSTATE classes 22, 23 and 54. */
export function isDataError(thrown: unknown): boolean {
  return thrown instanceof pg.DatabaseError && /^(?:22|23|54)/.test(thrown.code ?? "");
}

/** What went wrong, for the log: never a value, never a password. */
export function databaseTrouble(thrown: unknown): { readonly code?: string; readonly message: string } {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
  // A refused connection to a name with several addresses has no message of its own.
  const message = thrown.message === "" ? (code ?? thrown.name) : thrown.message;
  return code === undefined ? { message } : { code, message };
}
