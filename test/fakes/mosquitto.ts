// A real Mosquitto on a free loopback port with a folder of its own, started and ended by the test that asks for it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Said where a test has to be skipped. */
export const MOSQUITTO_ABSENT = "mosquitto is not installed (Debian package mosquitto)";

/** Path of the program, or undefined; Debian keeps it outside a user's PATH. */
export function mosquittoProgram(): string | undefined {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"]) {
    const file = join(folder, "mosquitto");
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export interface MosquittoOptions {
  /** Further lines of its configuration; `DIR` stands for its folder. */
  readonly lines?: readonly string[];
  /** Its whole configuration instead of the usual one; `PORT` stands for its port, `DIR` for its folder. */
  readonly config?: string;
  /** Files to be written into its folder first: name → content. */
  readonly files?: Readonly<Record<string, string>>;
  readonly anonymous?: boolean;
}

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  /** Its folder; removed by `dispose`. */
  readonly dir: string;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends it and resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Stops and starts answering without ending: SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it and removes its folder. */
  dispose(): Promise<void>;
}

/** Starts Mosquitto and resolves when its log, which must stay on, says that it runs. @throws Error where it is not installed or ends at once */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const program = mosquittoProgram();
  if (program === undefined) throw new Error(MOSQUITTO_ABSENT);
  const dir = mkdtempSync(join(tmpdir(), "touchpoint-mosquitto-"));
  for (const [name, content] of Object.entries(options.files ?? {}))
    writeFileSync(join(dir, name), content, { mode: 0o600 });
  const port = await freePort();
  const file = join(dir, "mosquitto.conf");
  const lines = [
    // Started as root it would change to a user who cannot read the folder.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    options.config ?? usual(options.anonymous ?? true),
    ...(options.lines ?? []),
  ];
  writeFileSync(file, `${lines.join("\n").replaceAll("PORT", `${port}`).replaceAll("DIR", dir)}\n`);
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const log: string[] = [];
    const started = spawn(program, ["-c", file], { stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    await new Promise<void>((resolve, reject) => {
      const heard = (chunk: Buffer): void => {
        log.push(chunk.toString());
        if (log.join("").includes("running")) resolve();
      };
      started.stderr?.on("data", heard);
      started.stdout?.on("data", heard);
      started.once("error", reject);
      started.once("exit", (code) => reject(new Error(`mosquitto ended with ${code}: ${log.join("")}`)));
    });
  };
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, "exit");
    running.kill("SIGCONT");
    // Mosquitto forgets a SIGTERM that comes just after it said that it runs, so it is told again.
    const tell = setInterval(() => running.kill(signal), 200);
    running.kill(signal);
    await ended;
    clearInterval(tell);
  };
  await start();
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    dir,
    start,
    stop,
    signal: (signal) => child?.kill(signal),
    async dispose() {
      await stop("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function usual(anonymous: boolean): string {
  return [
    "listener PORT 127.0.0.1",
    `allow_anonymous ${anonymous}`,
    "persistence false",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
  ].join("\n");
}
