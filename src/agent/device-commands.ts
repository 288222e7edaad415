// Commands about the device itself: show which one it is, examine it, begin anew, its log.
import type { Logger } from "pino";
import { redact } from "../config/secret.ts";
import type { Finding } from "../doctor/finding.ts";
import { fitting } from "../doctor/fitting.ts";
import { commandOf } from "../uplink/command-of.ts";
import type { Command } from "../uplink/commanding.ts";
import type { Lamps } from "./lamps.ts";
import type { LogTail } from "./log-tail.ts";

/** Room for findings or lines in a reply of at most 64 KiB, bytes. */
const ROOM_BYTES = 60_000;

export interface DeviceCommandsDeps {
  /** Aborted when this life of the agent ends. */
  readonly signal: AbortSignal;
  readonly lamps: Pick<Lamps, "identify">;
  readonly log: Pick<Logger, "level" | "info">;
  /** Absent where the log is not kept. */
  readonly tail?: Pick<LogTail, "newest">;
  /** Absent where the agent runs by no file. */
  readonly doctor?: (signal: AbortSignal) => Promise<readonly Finding[]>;
  /** Ends the agent in order; absent where nobody would start it again. */
  readonly restart?: () => void;
}

type DeviceCommand = "identify" | "doctor" | "restart" | "log.level" | "log.tail";

export function deviceCommands(deps: DeviceCommandsDeps): Record<DeviceCommand, Command> {
  return {
    identify: identifyCommand(deps),
    doctor: doctorCommand(deps),
    restart: restartCommand(deps),
    "log.level": logLevelCommand(deps),
    "log.tail": logTailCommand(deps),
  };
}

function identifyCommand({ signal, lamps }: DeviceCommandsDeps): Command {
  const later = timerUntil(signal);
  return commandOf("identify", { needsClock: false }, async ({ seconds }) => {
    const pads = lamps.identify(true);
    later(seconds * 1_000, () => lamps.identify(false));
    return { ok: true, pads };
  });
}

function doctorCommand({ signal, doctor }: DeviceCommandsDeps): Command {
  let busy = false;
  return commandOf("doctor", { needsClock: false, aside: true }, async () => {
    if (doctor === undefined) return { ok: false, reason: "failed", message: "this agent runs by no file" };
    if (busy) return { ok: false, reason: "busy", message: "the doctor is at work already" };
    busy = true;
    try {
      return { ok: true, ...fitting(redact(await doctor(signal)) as Finding[], ROOM_BYTES) };
    } finally {
      busy = false;
    }
  });
}

function restartCommand({ restart }: DeviceCommandsDeps): Command {
  const traits = { needsClock: true, ...(restart === undefined ? {} : { afterwards: restart }) };
  return commandOf("restart", traits, async () =>
    restart === undefined
      ? { ok: false, reason: "failed", message: "nobody would start it again: it does not run as a service" }
      : { ok: true },
  );
}

function logLevelCommand({ signal, log }: DeviceCommandsDeps): Command {
  const own = log.level;
  const back = (): void => {
    if (log.level === own) return;
    log.level = own;
    log.info({ level: own }, "log level as configured again");
  };
  const later = timerUntil(signal, back);
  return commandOf("log.level", { needsClock: false }, async ({ level, minutes }) => {
    log.level = level;
    log.info({ level, minutes }, "log level changed for a while");
    later(minutes * 60_000, back);
    return { ok: true, level, minutes };
  });
}

function logTailCommand({ tail }: DeviceCommandsDeps): Command {
  return commandOf("log.tail", { needsClock: false }, async ({ lines }) =>
    tail === undefined
      ? { ok: false, reason: "failed", message: "this agent keeps no tail of its log" }
      : { ok: true, lines: tail.newest(lines, ROOM_BYTES) },
  );
}

/** One thing to do later, put off by the next; never after `signal`, which does `atEnd` instead. */
function timerUntil(signal: AbortSignal, atEnd: () => void = () => undefined): (ms: number, act: () => void) => void {
  let timer: NodeJS.Timeout | undefined;
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    atEnd();
  });
  return (ms, act) => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(act, ms);
  };
}
