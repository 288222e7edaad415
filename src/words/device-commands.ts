// The words of commands about the device itself: is it there, which one is it, how is it, begin anew, what does it log.
import { z } from "zod";
import { LOG_LEVELS } from "./log-levels.ts";
import { DeliveryMessage, StatusMessage } from "./topics.ts";

const nothing = z.looseObject({});
const delivery = DeliveryMessage.shape;

const Pong = StatusMessage.omit({ state: true }).extend(delivery);
const Flushed = z.object(delivery);

const Identify = z.looseObject({
  seconds: z.int().min(1).max(3_600).default(60).describe("how long; said again it begins anew"),
});
const Identified = z.object({ pads: z.array(z.string()).describe("ids of the pads that show it") });

/** What a check of the doctor found. */
export const DoctorFinding = z.object({
  name: z.string(),
  status: z.enum(["ok", "warn", "failed", "skipped"]),
  message: z.string(),
  hint: z.string().optional(),
});
const Doctor = z.object({
  findings: z.array(DoctorFinding).describe("as `touchpoint doctor --json` prints them; what failed comes first"),
  leftOut: z.int().min(0).describe("findings that no longer fitted"),
});

const LogLevel = z.looseObject({
  level: z.enum(LOG_LEVELS),
  minutes: z
    .int()
    .min(1)
    .max(1_440)
    .default(15)
    .describe("after this, and after a start, that of the file holds again"),
});
const LogLevelSet = z.object({ level: z.enum(LOG_LEVELS), minutes: z.int() });

const LogTail = z.looseObject({
  lines: z.int().min(1).max(500).default(100).describe("how many of the newest"),
});
const LogLines = z.object({
  lines: z
    .array(z.record(z.string(), z.unknown()))
    .describe("as they stand in the log, secrets hidden; oldest first; fewer where they would not fit"),
});

/** A part of `COMMANDS`. */
export const DEVICE_COMMANDS = {
  ping: { says: "The device says what it is and how far delivery has come.", body: nothing, reply: Pong },
  flush: {
    says: "What waits for another try is tried at once; the reply comes when all is at the broker, or after 10 s.",
    body: nothing,
    reply: Flushed,
  },
  identify: {
    says: "The lamps of all pads show `attention` for a while, so that whoever stands there finds the device.",
    body: Identify,
    reply: Identified,
  },
  doctor: { says: "The checks of `touchpoint doctor`, by the device itself.", body: nothing, reply: Doctor },
  restart: {
    says: "The agent ends in order, after the reply, and its service begins anew.",
    body: nothing,
    reply: z.object({}),
    signed: true,
  },
  "log.level": { says: "More, or less, is logged for a while.", body: LogLevel, reply: LogLevelSet },
  "log.tail": { says: "The newest lines of the log.", body: LogTail, reply: LogLines },
} as const;
