// `node dist/scripts/consumer/main.js run | migrate | audit`: the command line of the consumer.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { Pool } from "pg";
import { createLog } from "../../src/agent/log.ts";
import { EXIT, exitFor, explain } from "../../src/cli/outcome.ts";
import { pause } from "../../src/supervise/backoff.ts";
import { audit, auditTable } from "./audit.ts";
import { runConsumer } from "./consumer.ts";
import { openDatabase } from "./database.ts";
import { migrate } from "./schema.ts";

const DATABASE = new Option(
  "--database <url>",
  "PostgreSQL address; without it PGHOST, PGUSER, PGPASSWORD … count",
).env("DATABASE_URL");

const program = new Command("consumer")
  .description("Stores the events of all devices in PostgreSQL, once each, and tells every device how far.")
  .showHelpAfterError()
  .exitOverride();

interface RunOptions {
  readonly broker: string;
  readonly database?: string;
  readonly prefix: string;
  readonly group: string;
  readonly id: string;
  readonly batch: number;
  readonly ackEvery: number;
  readonly sessionExpiry: number;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly leave: boolean;
}

program
  .command("run")
  .description("Takes part in the shared subscription until SIGTERM.")
  .requiredOption("--broker <url>", "mqtt://, mqtts://, ws:// or wss://", brokerUrl)
  .addOption(DATABASE)
  .option("--prefix <topic>", "first levels of every topic", "touchpoint/v1")
  .option("--group <name>", "consumers of one group share the work", "touchpoint-consumer")
  .option("--id <name>", "MQTT client id, this consumer's own for ever", `touchpoint-consumer-${hostname()}`)
  .option("--batch <n>", "most messages of one transaction, 1 to 10000", whole(1, 10_000), 500)
  .option("--ack-every <ms>", "least time between two acks of a device", whole(0, 60_000), 200)
  .option(
    "--session-expiry <s>",
    "how long the broker keeps what waits for this consumer",
    whole(0, 4_294_967_294),
    604_800,
  )
  .option("--username <name>", "login at the broker")
  .option("--password-file <file>", "file with the password")
  .option("--ca <file>", "certificate of the broker's authority, PEM")
  .option("--cert <file>", "client certificate, PEM")
  .option("--key <file>", "its key, PEM")
  .option("--leave", "when stopped give up the place in the group: for a consumer that will not come back", false)
  .action(
    async ({
      broker,
      database,
      ackEvery,
      sessionExpiry,
      username,
      passwordFile,
      ca,
      cert,
      key,
      ...rest
    }: RunOptions) => {
      const log = createLog("info");
      const stop = new AbortController();
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
      await withDatabase(database, async (pool) => {
        const counts = await runConsumer(
          {
            ...rest,
            url: broker,
            ackEveryMs: ackEvery,
            sessionExpiryS: sessionExpiry,
            login: {
              ...(username === undefined ? {} : { username }),
              ...(passwordFile === undefined ? {} : { password: readFileSync(passwordFile, "utf8").trimEnd() }),
              ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
              ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
              ...(key === undefined ? {} : { key: readFileSync(key, "utf8") }),
            },
          },
          {
            pool,
            signal: stop.signal,
            say: ({ state, ...fields }) =>
              /away|failed/.test(state)
                ? log.warn({ state, ...fields }, "consumer")
                : log.info({ state, ...fields }, "consumer"),
          },
        );
        log.info({ state: "stopped", ...counts }, "consumer");
      });
    },
  );

program
  .command("migrate")
  .description("Brings the tables to this version; `run` does it too.")
  .addOption(DATABASE)
  .action(async ({ database }: { readonly database?: string }) => {
    await withDatabase(database, async (pool) => console.log(`version ${await migrate(pool)}`));
  });

program
  .command("audit")
  .description("Exit status 1 where something delivered was not stored and no gap owns it, or an ack is wrong.")
  .addOption(DATABASE)
  .option("--device <name>", "only this device")
  .option("--wait <s>", "how long holes may take to fill: messages may still be on their way", whole(0, 3_600), 0)
  .option("--json", "print JSON", false)
  .action(
    async (options: {
      readonly database?: string;
      readonly device?: string;
      readonly wait: number;
      readonly json: boolean;
    }) => {
      await withDatabase(options.database, async (pool) => {
        const end = performance.now() + options.wait * 1_000;
        let found = await audit(pool, options.device);
        while (!found.ok && performance.now() < end) {
          await pause(500, new AbortController().signal);
          found = await audit(pool, options.device);
        }
        console.log(options.json ? JSON.stringify(found) : auditTable(found));
        if (!found.ok) process.exitCode = EXIT.failed;
      });
    },
  );

function brokerUrl(text: string): string {
  const { protocol } = URL.canParse(text) ? new URL(text) : { protocol: "" };
  if (!["mqtt:", "mqtts:", "ws:", "wss:"].includes(protocol)) throw new InvalidArgumentError("Not a broker's address.");
  return text;
}

function whole(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < from || value > to)
      throw new InvalidArgumentError(`Whole number, ${from} to ${to}.`);
    return value;
  };
}

async function withDatabase(url: string | undefined, work: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = openDatabase(url);
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}

try {
  await program.parseAsync(process.argv);
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? EXIT.good : EXIT.usage;
  else {
    process.stderr.write(`${explain(thrown)}\n`);
    process.exitCode = exitFor(thrown);
  }
}
