// Holds one GPIO line at a level by a supervised gpioset, which is started anew for each change of level.
import type { ChildProcess } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { endChild, startChild } from "../supervise/child.ts";
import { asFault, Fault } from "../words/errors.ts";
import { type GpiodVersion, holdArgs } from "./gpio-tools.ts";

export interface LineOutput {
  /**
   * Asks for a level. Of several asked for while one is being set only the newest counts, but a flash among them is
   * shown. Never throws.
   */
  set(on: boolean): void;
  /** Sets the line low, then frees it. */
  close(): Promise<void>;
}

export interface HoldLine {
  readonly version: GpiodVersion;
  readonly chip: string;
  readonly offset: number;
  /** Told each time gpioset could not hold the line. */
  readonly failed: (fault: Fault) => void;
}

/** Longest wait for gpioset to take its line before its level may be replaced, and how often it is looked at. */
const TAKE_MS = 500;
const LOOK_MS = 4;

/**
 * Frees and takes the line again at each change: gpioset of 1.6 cannot change a level it holds, and an interactive one
 * of 2.x spins when its input ends. Between the two the kernel leaves the level as it was.
 */
export function holdLine(hold: HoldLine): LineOutput {
  let wanted = false;
  let flash = false;
  let tried: boolean | undefined;
  let child: ChildProcess | undefined;
  let closed = false;
  let following: Promise<void> | undefined;

  const start = (on: boolean): void => {
    const started = startChild("gpioset", holdArgs(hold.version, hold.chip, hold.offset, on), {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    started.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-500);
    });
    started.once("error", () => undefined);
    started.once("close", () => {
      if (child !== started) return;
      child = undefined;
      hold.failed(new Fault("GPIO_OPEN", `gpioset could not hold line ${hold.offset}: ${said.trim()}`));
    });
    child = started;
  };

  const follow = async (): Promise<void> => {
    while (tried !== wanted || (flash && !tried)) {
      tried = wanted || flash;
      flash = false;
      const before = child;
      child = undefined;
      if (before !== undefined) await endChild(before);
      try {
        start(tried);
        await untilTaken(() => child);
      } catch (thrown) {
        hold.failed(asFault(thrown, "GPIO_OPEN"));
      }
    }
    following = undefined;
  };

  const run = (): void => {
    // Begins in a later turn, so that `following` is set before its end clears it.
    following ??= Promise.resolve().then(follow);
  };

  return {
    set(on) {
      if (closed) return;
      wanted = on;
      flash ||= on;
      if (following === undefined && child === undefined) tried = undefined;
      run();
    },
    async close() {
      closed = true;
      wanted = false;
      flash = false;
      if (child !== undefined) run();
      await following;
      const last = child;
      child = undefined;
      if (last !== undefined) await endChild(last);
    },
  };
}

/**
 * A blink may be shorter than a small machine needs to start gpioset, which would be ended before it did anything. No
 * version says when it holds its line unless asked for a banner (2.x only), but the kernel shows the line among the
 * files it has open, and a line is taken with its level.
 */
async function untilTaken(child: () => ChildProcess | undefined): Promise<void> {
  const deadline = performance.now() + TAKE_MS;
  for (let pid = child()?.pid; pid !== undefined && !holdsLine(pid); pid = child()?.pid) {
    if (performance.now() > deadline) return;
    await wait(LOOK_MS);
  }
}

function holdsLine(pid: number): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`).startsWith("anon_inode:gpio"));
  } catch {
    // It ended, or closed a file while it was looked at.
    return false;
  }
}
