// A fleet against a real Mosquitto with the shipped rules, a real PostgreSQL and two reference consumers; faults in mid-run.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/place.ts";
import { deviceName, type FleetReport } from "../../src/simulate/fleet/fleet.ts";
import { pause } from "../../src/supervise/backoff.ts";
import { exited, startChild } from "../../src/supervise/child.ts";
import { type Mosquitto, startMosquitto } from "../../test/fakes/mosquitto.ts";
import { until } from "../../test/fakes/until.ts";
import { type Central, startCentral } from "../chaos/central.ts";
import { openDatabase } from "../consumer/database.ts";
import { type Taken, takenByDescendants } from "./descendants.ts";

export interface FleetTrial {
  /** For logs and passwords. */
  readonly folder: string;
  readonly devices: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** Kills a consumer after a third of the time and the broker after half of it, and starts each again. */
  readonly faults: boolean;
  readonly progress: (line: string) => void;
}

export interface FleetTrialReport extends FleetReport {
  /** Rows in PostgreSQL once everything was confirmed. */
  readonly rows: number;
  /** Events that came under two numbers, as their ids tell. */
  readonly duplicates: number;
  /** Seqs that a device has given and that are not stored. */
  readonly missing: number;
  readonly deadLetters: number;
  /** From a press to the COMMIT of its row, milliseconds. */
  readonly rowP50Ms: number;
  readonly rowP99Ms: number;
  readonly rowMostMs: number;
  /** Disk that a row takes with its index, bytes. */
  readonly rowBytes: number;
  /** Processor time from the first press to the last confirmation, and memory at the end of it; nothing after kills. */
  readonly taken: Readonly<Record<string, Taken>>;
  /** Load of the machine before and after, mean of a minute. */
  readonly load: readonly [number, number];
  readonly ok: boolean;
}

const CONSUMERS = 2;
const GROUP = "fleet-trial-4f1c9a";
/** How long what was killed stays away, milliseconds. */
const AWAY_MS = 2_000;
/** A killed broker forgets up to ten seconds: what no `ack` covers by then is sent again. */
const RESEND_AFTER_S = 10;
const SETTLE_S = 180;

export async function runFleetTrial(trial: FleetTrial): Promise<FleetTrialReport> {
  const ending: (() => Promise<void>)[] = [];
  try {
    const broker = await startBroker(trial);
    ending.push(broker.dispose);
    const password = join(trial.folder, "password");
    const central = await startCentral(trial.folder, broker.url, CONSUMERS, {
      // Commit times tell when a row could be seen, not when it was written.
      database: { track_commit_timestamp: "on" },
      consumer: ["--group", GROUP, "--username", "central", "--password-file", password],
    });
    ending.push(central.end);
    const said = (n: number): string => readFileSync(join(trial.folder, `consumer-${n}.log`), "utf8");
    for (let n = 0; n < CONSUMERS; n += 1)
      await until(() => said(n).includes("subscribed"), `consumer ${n} subscribed`, 60_000);
    return await press(trial, broker, central, password);
  } finally {
    for (const end of ending.reverse()) await end();
  }
}

/** With the shipped rules and limits, by user and password: a thousand certificates take minutes to make. */
async function startBroker({ folder, devices }: FleetTrial): Promise<Mosquitto> {
  const shipped = (name: string): string => readFileSync(join(packageRoot(), "config", "fleet", name), "utf8");
  const users = join(folder, "users");
  const names = ["central", ...Array.from({ length: devices }, (_, i) => deviceName(i + 1))];
  writeFileSync(join(folder, "password"), "trial\n", { mode: 0o600 });
  writeFileSync(users, names.map((name) => `${name}:trial\n`).join(""), { mode: 0o600 });
  execFileSync("mosquitto_passwd", ["-U", users]);
  const [limits = ""] = shipped("mosquitto.conf").split(/^listener /m);
  return await startMosquitto({
    config: `${limits.replaceAll("/etc/mosquitto/touchpoint/", "DIR/").replaceAll("/var/lib/mosquitto/", "DIR/")}
listener PORT 127.0.0.1
password_file ${users}`,
    files: { "mosquitto.acl": shipped("mosquitto.acl") },
  });
}

async function press(
  trial: FleetTrial,
  broker: Mosquitto,
  central: Central,
  password: string,
): Promise<FleetTrialReport> {
  const program = join(packageRoot(), "dist", "src", "cli", "main.js");
  const load = (): number => loadavg()[0] ?? 0;
  const loadBefore = load();
  const child = startChild(
    process.execPath,
    [
      ...[program, "simulate", "fleet", "--broker", broker.url, "--password-file", password, "--json"],
      ...["--devices", `${trial.devices}`, "--rate", `${trial.perSecond}`, "--seconds", `${trial.seconds}`],
      ...["--confirm", "server", "--resend-after", `${RESEND_AFTER_S}`, "--settle", `${SETTLE_S}`],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let [printed, told] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    told += chunk.toString();
    trial.progress(chunk.toString().trimEnd());
  });
  const ended = exited(child);
  try {
    const running = (): boolean => child.exitCode === null && child.signalCode === null;
    await until(() => told.includes("devices connected") || !running(), "the fleet connected", SETTLE_S * 1_000);
    const before = takenByDescendants(labelOf);
    if (trial.faults && running()) await spoil(trial, broker, central);
    // Before the fleet says goodbye: a process that is gone took nothing.
    let after = takenByDescendants(labelOf);
    await until(
      () => {
        if (running() && printed === "") after = takenByDescendants(labelOf);
        return !running();
      },
      "the fleet ended",
      (trial.seconds + 2 * SETTLE_S) * 1_000,
    );
    await ended;
    if (printed === "") throw new Error(`the fleet said nothing: ${told}`);
    return await judge(central, JSON.parse(printed) as FleetReport, trial.faults ? {} : between(before, after), [
      loadBefore,
      load(),
    ]);
  } finally {
    if (child.exitCode === null) child.kill("SIGKILL");
    await ended;
  }
}

/** Two kills of a consumer and one of the broker, all without a word. */
async function spoil({ seconds, progress }: FleetTrial, broker: Mosquitto, central: Central): Promise<void> {
  const never = new AbortController().signal;
  for (const consumer of [0, 1]) {
    await pause((seconds * 1_000) / 4, never);
    progress(`kill -9 of consumer ${consumer}`);
    await central.kill(consumer);
    await pause(AWAY_MS, never);
    central.start(consumer);
    if (consumer === 1) break;
    progress("kill -9 of the broker");
    await broker.stop("SIGKILL");
    await pause(AWAY_MS, never);
    await broker.start();
  }
}

function labelOf(commandLine: string): string | undefined {
  if (commandLine.includes("consumer/main.js")) return "consumers";
  if (commandLine.includes("simulate fleet")) return "devices";
  if (commandLine.includes("mosquitto")) return "broker";
  return commandLine.includes("postgres") ? "database" : undefined;
}

function between(
  before: Readonly<Record<string, Taken>>,
  after: Readonly<Record<string, Taken>>,
): Record<string, Taken> {
  return Object.fromEntries(
    Object.entries(after).map(([label, { cpuS, rssBytes }]) => [
      label,
      { cpuS: cpuS - (before[label]?.cpuS ?? 0), rssBytes },
    ]),
  );
}

const ROWS = `
  SELECT count(*)::float8 AS rows, (count(*) - count(DISTINCT id))::float8 AS duplicates,
    (pg_total_relation_size('touchpoint.event') / greatest(count(*), 1))::float8 AS bytes
  FROM touchpoint.event`;

const DELAYS = `
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50, percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99,
    max(ms) AS most
  FROM (SELECT (extract(epoch FROM pg_xact_commit_timestamp(xmin) - time) * 1000)::float8 AS ms
        FROM touchpoint.event WHERE type = 'press') t`;

async function judge(
  central: Central,
  report: FleetReport,
  taken: Record<string, Taken>,
  load: readonly [number, number],
): Promise<FleetTrialReport> {
  const whole = await central.audit();
  const pool = openDatabase(central.postgres.url);
  try {
    const [stored] = (await pool.query<{ rows: number; duplicates: number; bytes: number }>(ROWS)).rows;
    const [delays] = (await pool.query<{ p50: number; p99: number; most: number }>(DELAYS)).rows;
    if (stored === undefined || delays === undefined) throw new Error("no answer from the database");
    const missing = whole.streams.reduce((sum, one) => sum + one.holes + one.behind, 0);
    const { rows, duplicates } = stored;
    const isWhole = report.lost === 0 && rows === report.events && missing === 0 && whole.ok;
    return {
      ...report,
      rows,
      duplicates,
      missing,
      deadLetters: whole.dead,
      rowP50Ms: delays.p50,
      rowP99Ms: delays.p99,
      rowMostMs: delays.most,
      rowBytes: stored.bytes,
      taken,
      load,
      ok: isWhole && duplicates === 0 && whole.dead === 0 && report.connected === report.devices,
    };
  } finally {
    await pool.end();
  }
}
