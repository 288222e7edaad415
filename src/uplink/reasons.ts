// What an MQTT reason code means for a publish or a connection, from MQTT 5 (OASIS, 2019) table 2-6 and MQTT 3.1.1 table 3.1.
import { ReasonCodes } from "mqtt";
import type { FaultCode } from "../words/errors.ts";

const NAMES: Readonly<Record<number, string>> = ReasonCodes;

/** The code in words, for instance `not authorized (0x87)`. */
export function reasonText(code: number): string {
  const name = NAMES[code];
  const hex = `0x${code.toString(16).padStart(2, "0")}`;
  return name === undefined || name === "" ? hex : `${name.toLowerCase()} (${hex})`;
}

/** What to do with a row after its PUBACK. */
export type PubackVerdict = "accepted" | "refused" | "later" | "unclear";

/**
 * `accepted`: below 0x80, 0x10 (no matching subscribers) included. `later`: quota exceeded, which passes by itself.
 * `unclear`: the broker names no lasting reason, so the row deserves a few more tries. `refused`: for good.
 */
export function pubackVerdict(code: number): PubackVerdict {
  if (code < 0x80) return "accepted";
  if (code === 0x97) return "later";
  // Unspecified error, implementation specific error, packet identifier in use.
  if (code === 0x80 || code === 0x83 || code === 0x91) return "unclear";
  return "refused";
}

/** True for a CONNACK that says: not this protocol version. */
export function refusesProtocol(code: number): boolean {
  return code === 0x01 || code === 0x84;
}

/**
 * Which fault a reason code is, in a CONNACK or a DISCONNECT.
 * @param connected whether the broker had already accepted the connection
 */
export function reasonFault(code: number, connected: boolean): FaultCode {
  switch (code) {
    case 0x8e: // session taken over
      return "BROKER_TAKEN";
    case 0x9c: // use another server
    case 0x9d: // server moved
      return "BROKER_MOVED";
    case 0x03: // 3.1.1: server unavailable
    case 0x88: // server unavailable
    case 0x89: // server busy
    case 0x96: // message rate too high
    case 0x97: // quota exceeded
    case 0x9f: // connection rate exceeded
      return "BROKER_BUSY";
    case 0x87: // not authorized: rights may be taken from a device that is connected
    case 0x8a: // banned
      return "BROKER_REFUSED";
    default:
      return connected ? "BROKER_LOST" : "BROKER_REFUSED";
  }
}
