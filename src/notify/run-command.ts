// Runs one configured program to its end, without a shell, bounded in time, with nothing of the agent's own environment.
import { endChild, exited, startChild } from "../supervise/child.ts";

export interface LocalCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
}

/** What a program may know of the agent's environment: the rest may name sockets and secrets. */
const PASSED_ON = ["PATH", "HOME", "LANG", "TZ"] as const;

/**
 * What the program prints goes nowhere: it could be anything, and health goes to the server.
 * @param environment variables that it is given beside the usual ones
 * @returns what went wrong; undefined where it ended with 0
 */
export async function runCommand(
  { program, args, timeoutMs }: LocalCommand,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const late = AbortSignal.timeout(timeoutMs);
  const usual = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const env = { ...Object.fromEntries(usual), ...environment };
  const child = startChild(program, args, { env, stdio: "ignore" });
  const ends = AbortSignal.any([signal, late]);
  const end = (): void => void endChild(child);
  if (ends.aborted) end();
  ends.addEventListener("abort", end, { once: true });
  try {
    const { code, signal: killed } = await exited(child);
    if (late.aborted) return `it did not end within ${timeoutMs} ms`;
    if (code === 0) return undefined;
    return code === null ? `it was ended by ${killed}` : `it ended with ${code}`;
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown reason";
    return `it could not be started (${reason})`;
  } finally {
    ends.removeEventListener("abort", end);
  }
}
