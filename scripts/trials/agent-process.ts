// The real program as a child process: started from bin/touchpoint, heard by its log, ended by a signal.
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../src/place.ts";
import { startChild } from "../../src/supervise/child.ts";

/** One line of the agent's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly stage?: string;
  readonly state?: string;
  readonly code?: string;
  readonly message?: string;
  readonly fault?: { readonly code: string; readonly message: string };
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface AgentProcess {
  readonly pid: number;
  /** Every line of the log so far; what was no JSON is in `printed` only. */
  readonly lines: readonly LogLine[];
  /** Everything printed so far, standard output and error together. */
  printed(): string;
  /**
   * Resolves with the first line that fits, from line `after` on.
   * @throws Error when the agent ended, or `withinMs` passed, before it was heard
   */
  heard(fits: (line: LogLine) => boolean, what: string, after?: number, withinMs?: number): Promise<LogLine>;
  /** Resolves when the agent is gone. */
  readonly ended: Promise<Exit>;
  running(): boolean;
  /** Sends a signal and resolves when the agent is gone; at once where it is gone already. */
  end(signal?: NodeJS.Signals): Promise<Exit>;
}

export interface AgentOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Program and first arguments put before bin/touchpoint, such as strace. */
  readonly under?: readonly string[];
  /** In the place of bin/touchpoint: a program that takes `run --config FILE` too. */
  readonly program?: readonly string[];
}

export const PROGRAM = join(packageRoot(), "bin", "touchpoint");

/** The message of the agent that serves. */
export const STARTED = "agent started";

/** Starts `touchpoint run`; the kernel ends it when this process ends. */
export function startAgent(configFile: string, options: AgentOptions = {}): AgentProcess {
  const given = [...(options.under ?? []), ...(options.program ?? [PROGRAM]), "run", "--config", configFile];
  const [program = PROGRAM, ...args] = given;
  const child = startChild(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const lines: LogLine[] = [];
  const printed: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of [...waiting]) look();
  };
  const listen = (stream: NodeJS.ReadableStream | null): void => {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (text) => {
      printed.push(`${text}\n`);
      const line = parseLine(text);
      if (line !== undefined) lines.push(line);
      tell();
    });
  };
  listen(child.stdout);
  listen(child.stderr);
  let exit: Exit | undefined;
  const ended = once(child, "close").then(([code, signal]): Exit => {
    exit = { code: code as number | null, signal: signal as NodeJS.Signals | null };
    tell();
    return exit;
  });
  return {
    pid: child.pid ?? 0,
    lines,
    printed: () => printed.join(""),
    heard: (fits, what, after = 0, withinMs = 30_000) =>
      new Promise<LogLine>((resolve, reject) => {
        const finish = (): void => {
          waiting.delete(look);
          clearTimeout(timer);
        };
        const look = (): void => {
          const line = lines.slice(after).find(fits);
          if (line !== undefined) resolve(line);
          else if (exit !== undefined) reject(new Error(`the agent ended before ${what}:\n${printed.join("")}`));
          else return;
          finish();
        };
        const timer = setTimeout(() => {
          finish();
          reject(new Error(`not heard within ${withinMs} ms: ${what}\n${printed.join("").slice(-4_000)}`));
        }, withinMs);
        waiting.add(look);
        look();
      }),
    ended,
    running: () => exit === undefined,
    async end(signal = "SIGTERM") {
      if (exit === undefined) child.kill(signal);
      return await ended;
    },
  };
}

function parseLine(text: string): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
