// A real PostgreSQL on a free loopback port with a data folder of its own, started and ended by the test that asks for it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./mosquitto.ts";

/** Said where a test has to be skipped. */
export const POSTGRES_ABSENT = "PostgreSQL is not installed (Debian package postgresql)";

/** Debian keeps the server's programs here, one folder per version, outside everybody's PATH. */
const DEBIAN = "/usr/lib/postgresql";

/** Folder of `initdb` and `postgres`, the newest of several; undefined where PostgreSQL is not installed. */
export function postgresPrograms(): string | undefined {
  const debian = (() => {
    try {
      return readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
    } catch {
      return [];
    }
  })();
  const folders = [
    ...debian.map((version) => join(DEBIAN, version, "bin")),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return folders.find((folder) => {
    try {
      for (const program of ["initdb", "postgres"]) accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface Postgres {
  readonly port: number;
  /** Address with user and password, for `pg` and `psql`. */
  readonly url: string;
  /** Its data folder; removed by `dispose`. */
  readonly dir: string;
  /** Starts it again on the same port and data; resolves when it takes connections. */
  start(): Promise<void>;
  /** Ends it and resolves when it is gone: `fast` cuts every connection and closes in order, `crash` leaves recovery to the next start. */
  stop(how?: "fast" | "crash"): Promise<void>;
  /** Ends it and removes its folder. */
  dispose(): Promise<void>;
}

export interface PostgresOptions {
  /** Settings given on the command line of the server; everything else, `fsync` above all, stays as it is delivered. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Makes a new cluster and starts it. @throws Error where PostgreSQL is not installed or does not start */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error(POSTGRES_ABSENT);
  const dir = mkdtempSync(join(tmpdir(), "touchpoint-postgres-"));
  const data = join(dir, "data");
  const password = randomBytes(16).toString("hex");
  const passwordFile = join(dir, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  // PostgreSQL refuses to run as root; the package brings a user of its own.
  const unprivileged = process.getuid?.() === 0 ? postgresUser() : undefined;
  if (unprivileged !== undefined)
    for (const path of [dir, passwordFile]) chownSync(path, unprivileged.uid, unprivileged.gid);
  const as = [
    // A test that dies takes its server along.
    ...["--pdeathsig", "INT"],
    ...(unprivileged === undefined
      ? []
      : ["--reuid", `${unprivileged.uid}`, "--regid", `${unprivileged.gid}`, "--clear-groups"]),
  ];
  const made = spawnSync(
    "setpriv",
    [
      ...as,
      ...[join(programs, "initdb"), "--pgdata", data, "--username", "touchpoint", "--pwfile", passwordFile],
      ...["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"],
    ],
    { cwd: dir, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb ended with ${made.status}: ${made.error ?? made.stderr}`);
  const port = await freePort();
  const settings = {
    port: `${port}`,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    ...options.settings,
  };
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const log: string[] = [];
    const started = spawn(
      "setpriv",
      [
        ...as,
        ...[join(programs, "postgres"), "-D", data],
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      { cwd: dir, stdio: ["ignore", "ignore", "pipe"] },
    );
    child = started;
    await new Promise<void>((resolve, reject) => {
      let ready = false;
      started.stderr?.on("data", (chunk: Buffer) => {
        if (ready) return;
        log.push(chunk.toString());
        ready = log.join("").includes("ready to accept connections");
        if (ready) resolve();
      });
      started.once("error", reject);
      started.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${log.join("")}`)));
    });
  };
  const stop = async (how: "fast" | "crash" = "fast"): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, "exit");
    running.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
    await ended;
  };
  await start();
  return {
    port,
    url: `postgres://touchpoint:${password}@127.0.0.1:${port}/postgres`,
    dir,
    start,
    stop,
    async dispose() {
      await stop("crash");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function postgresUser(): { readonly uid: number; readonly gid: number } {
  const [uid, gid] = ["-u", "-g"].map((flag) => {
    const { status, stdout } = spawnSync("id", [flag, "postgres"], { encoding: "utf8" });
    if (status !== 0) throw new Error("PostgreSQL does not run as root, and there is no user postgres to run it as");
    return Number(stdout);
  });
  return { uid: uid ?? Number.NaN, gid: gid ?? Number.NaN };
}
