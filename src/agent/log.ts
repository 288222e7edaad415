// The agent's log: one line of JSON per state change, redacted at this one place.
import { type DestinationStream, type Logger, pino } from "pino";
import { redact } from "../config/secret.ts";
import { Fault } from "../words/errors.ts";

/** A log whose fields are redacted; faults are written as code, message and hint. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redact(plain(fields)) as Record<string, unknown>,
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function plain(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (value instanceof Fault) return [name, { ...value.toJSON(), details: value.details }];
      if (value instanceof Error) return [name, { message: value.message, stack: value.stack }];
      return [name, value];
    }),
  );
}
