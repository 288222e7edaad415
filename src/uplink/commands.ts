// The gate for commands (`cmd/{name}`): which are run, which are refused and why. Pure.
import { z } from "zod";
import { CommandBody, type Refusal } from "../words/commands.ts";
import { Fault } from "../words/errors.ts";
import { isReordered, KEEP_MS, MAX_IDS, type RunCommand, subjectOf } from "./command-ids.ts";
import type { Incoming } from "./connection.ts";
import { judgeRight, type Rights } from "./rights.ts";
import type { Place } from "./signature.ts";

/** Largest honest command, bytes. */
const MAX_BYTES = 65_536;
/** How far `issued` may lie ahead: two clocks that are right differ by less, milliseconds. */
const SKEW_MS = 300_000;

/** What is known about a command by its name alone. */
export interface CommandTraits {
  /** True where running it late does harm: then it is refused while the device's clock cannot be trusted. */
  readonly needsClock: boolean;
}

export interface GateState {
  /** UTC milliseconds. */
  readonly nowMs: number;
  readonly clockTrusted: boolean;
  readonly commands: ReadonlyMap<string, CommandTraits>;
  readonly rights: Rights;
  readonly place: Place;
  /** Commands that were run, or were about to be, by id. */
  readonly seen: ReadonlyMap<string, RunCommand>;
}

export type Judgement =
  /** Nobody can be answered. */
  | { readonly do: "drop"; readonly fault: Fault }
  | { readonly do: "refuse"; readonly body: CommandBody; readonly reason: Refusal; readonly text: string }
  /** Keep this under the id, and only then run it. `proved`: a signature says who gave it. */
  | { readonly do: "run"; readonly body: CommandBody; readonly keep: RunCommand; readonly proved: boolean };

/** Judges one message on `cmd/{name}`. */
export function judgeCommand(name: string, message: Incoming, state: GateState): Judgement {
  const read = readCommand(name, message.payload);
  if (read instanceof Fault) return { do: "drop", fault: read };
  const { body, raw } = read;
  const { nowMs, clockTrusted } = state;
  const refuse = (reason: Refusal, text: string): Judgement => ({ do: "refuse", body, reason, text });
  if (message.retained) return refuse("retained", "commands are not to be retained");
  const traits = state.commands.get(name);
  if (traits === undefined) return refuse("unknown", "this version knows no such command");
  const right = judgeRight(state.rights, state.place, name, { by: body.by, body: raw });
  if (!right.may) return refuse(right.reason, right.text);
  const expiresMs = Date.parse(body.expires);
  if (traits.needsClock && !clockTrusted) return refuse("clock", "this device does not know the time");
  if (expiresMs <= nowMs) return refuse("expired", `it expired at ${body.expires}`);
  // Without a clock the device may be years behind: harmless commands are run all the same.
  if (clockTrusted && expiresMs > nowMs + KEEP_MS)
    return refuse("too-far", "`expires` may lie ahead by at most 24 hours");
  const order =
    body.issued === undefined
      ? undefined
      : { by: body.by, subject: subjectOf(name), issuedMs: Date.parse(body.issued) };
  const aheadMs = clockTrusted && order !== undefined ? Math.max(0, order.issuedMs - nowMs) : 0;
  if (order !== undefined && (expiresMs > order.issuedMs + KEEP_MS || aheadMs > SKEW_MS))
    return refuse("too-far", "`issued` may lie at most 24 hours before `expires`, and not ahead");
  if (state.seen.has(body.id)) return refuse("seen", "this id was used before");
  if (order !== undefined && isReordered(state.seen, order))
    return refuse("reordered", `one of ${body.by} that was made later was run already`);
  if (state.seen.size >= MAX_IDS) return refuse("busy", `${MAX_IDS} commands came within 24 hours`);
  // Neither this one nor any that was made before it is good for longer.
  const untilMs = clockTrusted ? nowMs + KEEP_MS + aheadMs : Math.max(nowMs + KEEP_MS, expiresMs);
  const unsure = clockTrusted ? {} : { unsure: true as const };
  const keep = { untilMs, ...unsure, ...(order === undefined ? {} : { order }) };
  return { do: "run", body, keep, proved: right.proved };
}

/**
 * Where the reply goes: to the sender's response topic where it lies below the configured prefix, else to
 * `reply/{name}` under the device's root.
 */
export function replyTopic(root: string, name: string, message: Incoming, replyPrefix: string | undefined): string {
  const wanted = message.responseTopic;
  if (wanted === undefined || replyPrefix === undefined || !wanted.startsWith(`${replyPrefix}/`))
    return `${root}/reply/${name}`;
  // No wildcards and no NUL, as MQTT has it for every topic that is published to (MQTT 5, section 4.7).
  return /^[^+#\0]{1,1024}$/.test(wanted) ? wanted : `${root}/reply/${name}`;
}

export interface ReadCommand {
  readonly body: CommandBody;
  /** As JSON.parse gave it: what was signed. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** What came as a command, or why it is none: then nobody can be answered. */
export function readCommand(name: string, payload: Buffer): ReadCommand | Fault {
  const refused = (reason: string): Fault => new Fault("COMMAND_REFUSED", `a command ${name} was dropped: ${reason}`);
  if (payload.length > MAX_BYTES) return refused(`${payload.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    return refused("no JSON");
  }
  const body = CommandBody.safeParse(value);
  if (!body.success) return refused(z.prettifyError(body.error));
  return { body: body.data, raw: value as Readonly<Record<string, unknown>> };
}
