// Tells the service manager that the agent is ready and that it still does real work.
import { execFile } from "node:child_process";
import { which } from "../supervise/child.ts";

export interface Watchdog {
  ready(): void;
  stopping(): void;
  end(): void;
}

/**
 * With NOTIFY_SOCKET set, notifies systemd; without, does nothing. `WATCHDOG=1` is sent only after `alive` resolved: the
 * main loop ran and the journal's thread answered, so a hang of either is a restart.
 */
export function createWatchdog(environment: NodeJS.ProcessEnv, alive: () => Promise<unknown>): Watchdog {
  const program = which("systemd-notify");
  const listening = environment.NOTIFY_SOCKET !== undefined && program !== undefined;
  const notify = (...words: string[]): void => {
    if (!listening || program === undefined) return;
    execFile(program, [`--pid=${process.pid}`, ...words], { env: environment, timeout: 5_000 }, () => undefined);
  };
  const periodMs = Number(environment.WATCHDOG_USEC ?? 0) / 1000 / 3;
  const beat = (): void =>
    void alive().then(
      () => notify("WATCHDOG=1"),
      () => undefined,
    );
  const timer = listening && periodMs > 0 ? setInterval(beat, periodMs) : undefined;
  return {
    ready: () => {
      notify("--ready");
      // The agent may begin anew in one process: the service manager has waited since the last beat of the life before.
      if (timer !== undefined) beat();
    },
    stopping: () => notify("STOPPING=1"),
    end: () => clearInterval(timer),
  };
}
