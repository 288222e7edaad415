// Reads the server's word (`ack`) that it has stored everything up to a seq.
import { z } from "zod";
import { Fault } from "../words/errors.ts";
import { Ack } from "../words/topics.ts";

/** Largest honest ack, bytes. */
const MAX_BYTES = 1_024;

/** @throws Fault ACK_INVALID for anything that is not an ack */
export function parseAck(payload: Buffer): Ack {
  if (payload.length > MAX_BYTES) throw new Fault("ACK_INVALID", `an ack of ${payload.length} bytes was dropped`);
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    throw new Fault("ACK_INVALID", "an ack that is not JSON was dropped");
  }
  const ack = Ack.safeParse(value);
  if (!ack.success) throw new Fault("ACK_INVALID", `a bad ack was dropped: ${z.prettifyError(ack.error)}`);
  return ack.data;
}
