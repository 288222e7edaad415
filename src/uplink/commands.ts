// The gate for commands (`cmd/{name}`): which are run, which are refused and why. Pure.
import { z } from "zod";
import { CommandBody, type Refusal } from "../words/commands.ts";
import { Fault } from "../words/errors.ts";
import type { Incoming } from "./connection.ts";

/** Largest honest command, bytes. */
const MAX_BYTES = 65_536;
/** How long ids are kept, milliseconds; no command may be good for longer, or it could be run a second time. */
export const KEEP_MS = 86_400_000;
/** Most ids that are kept: beyond it commands are refused rather than an id forgotten. */
export const MAX_IDS = 1_000;

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
  /** Ids of commands that were run, or were about to be. */
  readonly seen: ReadonlyMap<string, number>;
}

export type Judgement =
  /** Nobody can be answered. */
  | { readonly do: "drop"; readonly fault: Fault }
  | { readonly do: "refuse"; readonly id: string; readonly reason: Refusal; readonly text: string }
  /** Keep the id until `keepUntilMs`, and only then run it. */
  | { readonly do: "run"; readonly body: CommandBody; readonly keepUntilMs: number };

/** Judges one message on `cmd/{name}`. */
export function judgeCommand(name: string, message: Incoming, state: GateState): Judgement {
  const body = parse(name, message.payload);
  if (body instanceof Fault) return { do: "drop", fault: body };
  const { id } = body;
  const refuse = (reason: Refusal, text: string): Judgement => ({ do: "refuse", id, reason, text });
  if (message.retained) return refuse("retained", "commands are not to be retained");
  const traits = state.commands.get(name);
  if (traits === undefined) return refuse("unknown", `this version knows no command ${name}`);
  const expiresMs = Date.parse(body.expires);
  if (traits.needsClock && !state.clockTrusted) return refuse("clock", "this device does not know the time");
  if (expiresMs <= state.nowMs) return refuse("expired", `it expired at ${body.expires}`);
  // Without a clock the device may be years behind: harmless commands are run all the same.
  if (state.clockTrusted && expiresMs > state.nowMs + KEEP_MS)
    return refuse("too-far", "`expires` may lie ahead by at most 24 hours");
  if (state.seen.has(id)) return refuse("seen", "this id was used before");
  if (state.seen.size >= MAX_IDS) return refuse("busy", `${MAX_IDS} commands came within 24 hours`);
  return { do: "run", body, keepUntilMs: state.nowMs + KEEP_MS };
}

/** Ids whose time is over. */
export function forgotten(seen: ReadonlyMap<string, number>, nowMs: number): string[] {
  // A clock that was set back by far must not keep ids for ever.
  return [...seen].filter(([, untilMs]) => untilMs <= nowMs || untilMs > nowMs + 2 * KEEP_MS).map(([id]) => id);
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

function parse(name: string, payload: Buffer): CommandBody | Fault {
  const refused = (reason: string): Fault => new Fault("COMMAND_REFUSED", `a command ${name} was dropped: ${reason}`);
  if (payload.length > MAX_BYTES) return refused(`${payload.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    return refused("no JSON");
  }
  const body = CommandBody.safeParse(value);
  return body.success ? body.data : refused(z.prettifyError(body.error));
}
