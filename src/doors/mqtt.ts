// The local MQTT door: the requests of the HTTP door by a broker of the shop; PUBACK and answer when it is on disk.
import type { MqttDoorConfig } from "../config/mqtt-door.ts";
import type { Connection, Incoming } from "../uplink/connection.ts";
import { addressOf, readLoginFiles } from "../uplink/login.ts";
import { openNegotiated, type ProtocolMemory } from "../uplink/protocol.ts";
import { asFault, Fault } from "../words/errors.ts";
import { findRoute } from "./bodies.ts";
import {
  createIntake,
  decoded,
  digest,
  type Intake,
  type IntakeDeps,
  MOST_BODY_BYTES,
  parsed,
  statusOf,
} from "./intake.ts";
import { pathOf } from "./topics.ts";

/** Longest wait for the broker to take a connection, and to let go of one, milliseconds. */
const CONNACK_MS = 10_000;
const CLOSE_MS = 2_000;
/** Name of the MQTT 5 user property that holds the sender's key. */
export const KEY_PROPERTY = "idempotency-key";

export interface MqttDoorDeps extends IntakeDeps {
  /** Name of this device; client id and user name come of it where none is set. */
  readonly device: string;
  /** Aborted when the door is to be shut. */
  readonly signal: AbortSignal;
  /** What was learned of the broker's protocol over former connections. */
  readonly memory: ProtocolMemory;
  /** Called when requests are being served. */
  readonly working: () => void;
  /** Counts requests by what became of them. */
  readonly count: (name: string) => void;
}

/**
 * One connection, from its opening to its end; resolves only when `signal` is aborted.
 * @throws Fault BROKER_* and CONFIG_* as for the central broker
 */
export async function serveMqttDoor(settings: MqttDoorConfig, deps: MqttDoorDeps): Promise<void> {
  const { device, signal } = deps;
  const files = readLoginFiles(settings);
  const intake = createIntake("mqtt", digest(files.password ?? ""), deps);
  let connection: Connection | undefined;
  const opened = await openNegotiated(
    {
      at: addressOf(settings.url).at,
      signal,
      message: async (message) => {
        const reply = await answer(message, settings.prefix, intake, deps.count);
        if (reply !== undefined) connection?.publish({ ...reply, retain: false }, unheard(deps.count));
      },
    },
    deps.memory,
    { broker: settings, files, device, clientId: settings.clientId ?? `${device}-door`, connackMs: CONNACK_MS },
  );
  if (!("connection" in opened)) throw opened.fault;
  connection = opened.connection;
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    await connection.subscribe([`${settings.prefix}/in/#`]);
    deps.working();
    const fault = await Promise.race([connection.gone, stopped]);
    if (fault !== undefined) throw fault;
  } finally {
    await connection.close(CLOSE_MS);
  }
}

export interface Reply {
  readonly topic: string;
  readonly payload: string;
  readonly correlation?: Buffer;
}

/** What becomes of one message; undefined where nobody can be answered. It is on disk, or refused, when this resolves. */
export async function answer(
  message: Incoming,
  prefix: string,
  intake: Intake,
  count: (name: string) => void,
): Promise<Reply | undefined> {
  let key = message.userProperties?.[KEY_PROPERTY];
  const said = async (): Promise<object> => {
    if (message.retained) throw new Fault("DOOR_RETAINED", "a retained message is no request");
    if (message.payload.length > MOST_BODY_BYTES) throw new Fault("DOOR_LENGTH", "the body is too long");
    const found = findRoute(pathOf(message.topic, prefix));
    if (found === undefined) throw new Fault("DOOR_ROUTE", "there is no such topic");
    const text = decoded(message.payload);
    const { key: field, body } = withoutKey(parsed(text));
    key ??= field;
    return await intake.take({ found, text, body, ...(key === undefined ? {} : { named: key }) });
  };
  let outcome: object;
  try {
    outcome = await said();
    count("taken");
  } catch (thrown) {
    const fault = asFault(thrown, "JOURNAL_WRITE");
    count(`refused.${fault.code}`);
    outcome = { status: statusOf(fault), error: fault.toJSON() };
  }
  const topic = replyTopic(message.responseTopic, prefix, key);
  if (topic === undefined) return undefined;
  return {
    topic,
    payload: JSON.stringify(key === undefined ? outcome : { key, ...outcome }),
    ...(message.correlation === undefined ? {} : { correlation: message.correlation }),
  };
}

/** MQTT 3.1.1 has no place beside the body, so the sender's key may stand in it. */
function withoutKey(body: unknown): { readonly key?: string; readonly body: unknown } {
  if (typeof body !== "object" || body === null || Array.isArray(body) || !Object.hasOwn(body, "key")) return { body };
  const { key, ...rest } = body as { readonly key: unknown };
  if (typeof key !== "string") throw new Fault("DOOR_KEY", "the key is no text");
  return { key, body: rest };
}

/** Only below `{prefix}/out`: whoever may speak to the door must not make it speak to others in its name. */
function replyTopic(wanted: string | undefined, prefix: string, key: string | undefined): string | undefined {
  // No wildcards and no NUL, as MQTT has it for every topic that is published to (MQTT 5, section 4.7).
  if (wanted?.startsWith(`${prefix}/out/`) === true && /^[^+#\0]{1,1024}$/.test(wanted)) return wanted;
  return key === undefined || key.length > 128 ? undefined : `${prefix}/out/${encodeURIComponent(key)}`;
}

function unheard(count: (name: string) => void): (puback: unknown) => void {
  return (puback) => {
    if (puback === "lost") count("answer.lost");
  };
}
