// The part of the check that speaks MQTT: login, name, limits, right to publish, round trip.
import { randomUUID } from "node:crypto";
import { asFault, Fault } from "../words/errors.ts";
import { withOwnDates } from "./certificates.ts";
import { type CheckResult, type CheckSettings, failed, warned } from "./check-result.ts";
import type { Connection, Incoming, Puback } from "./connection.ts";
import { addressOf, type LoginFiles } from "./login.ts";
import { MAX_PAYLOAD_BYTES, publishBytes } from "./oversize.ts";
import { openNegotiated } from "./protocol.ts";
import { pubackVerdict } from "./reasons.ts";
import { parseStatus, type Status } from "./remembered.ts";
import { topicsOf } from "./topics.ts";

/** Longest topic of an event that is reckoned with, bytes. */
const TOPIC_BYTES = 200;

/** Walks on from an open port; the first failure ends the walk. */
export async function* checkSession(
  settings: CheckSettings,
  files: LoginFiles,
  signal: AbortSignal,
  stageMs: number,
): AsyncGenerator<CheckResult> {
  const { broker, site, device } = settings;
  const topics = topicsOf(broker.prefix, site, device);
  const topic = topics.state("check");
  const id = randomUUID();
  const { at } = addressOf(broker.url);
  let status: Status | undefined;
  let arrived: () => void = () => undefined;
  const arrival = new Promise<"arrived">((resolve) => {
    arrived = () => resolve("arrived");
  });
  const message = (incoming: Incoming): void => {
    if (incoming.topic === topic && incoming.payload.toString("utf8").includes(id)) arrived();
    else if (incoming.topic === topics.status) status = parseStatus(incoming.payload);
  };
  const login = { broker, files, device, clientId: `${device}-check`, connackMs: stageMs };
  const attempt = await openNegotiated({ at, signal, message }, { refused5: false }, login);
  if (!("connection" in attempt)) {
    yield failed("login", withOwnDates(attempt.fault, files.tls, Date.now()));
    return;
  }
  const { connection } = attempt;
  try {
    yield { stage: "login", ok: true, text: `logged in, MQTT ${connection.protocol}` };
    const limited = limitsOf(connection);
    if (limited !== undefined) yield limited;
    await connection.subscribe([topics.status]).catch(() => undefined);
    const readable = await connection.subscribe([topic]).then(
      () => undefined,
      (thrown: unknown) => asFault(thrown, "BROKER_REFUSED"),
    );
    const puback = await Promise.race([publish(connection, topic, id), late(stageMs)]);
    const publishFailure = publishFault(puback, at, topic);
    if (publishFailure !== undefined) {
      yield failed("publish", publishFailure);
      return;
    }
    yield { stage: "publish", ok: true, text: `${topic} is acknowledged` };
    if (readable !== undefined) {
      yield failed("round-trip", readable, rightsHint(settings));
      return;
    }
    const back = await Promise.race([arrival, late(stageMs)]);
    if (back !== "arrived") {
      const dropped = new Fault("BROKER_REFUSED", `the broker acknowledged ${topic} and then dropped it`);
      yield failed("round-trip", dropped, rightsHint(settings));
      return;
    }
    yield { stage: "round-trip", ok: true, text: "what was published came back" };
    const rival = rivalOf(settings, status);
    if (rival !== undefined) yield rival;
  } finally {
    await connection.close(stageMs);
  }
}

/** What the broker allows less of than the contract has; undefined where all is well. */
function limitsOf({ limits }: Connection): CheckResult | undefined {
  const needed = publishBytes(TOPIC_BYTES, MAX_PAYLOAD_BYTES);
  if (!limits.retainAvailable)
    return warned(
      "limits",
      "the broker keeps no retained messages: whoever comes late hears no status and no state",
      "Let the broker keep retained messages.",
    );
  if (limits.maximumPacketBytes < needed)
    return warned(
      "limits",
      `the broker takes packets of at most ${limits.maximumPacketBytes} bytes; larger events are refused`,
      `Raise the broker's largest packet size to ${needed} bytes.`,
    );
  return undefined;
}

/** The device that is online under this name while this machine runs in another boot. */
function rivalOf({ boot, device }: CheckSettings, status: Status | undefined): CheckResult | undefined {
  if (boot === undefined || status === undefined || status.state !== "online" || status.boot === boot) return undefined;
  return warned(
    "name",
    `another device is online as ${device}: since ${status.time}, in boot ${status.boot}`,
    "Give each device its own `local.device`. Just after this machine started, ask again in a minute.",
  );
}

function publish(connection: Connection, topic: string, id: string): Promise<Puback> {
  return new Promise((resolve) => {
    connection.publish({ topic, payload: JSON.stringify({ id }), retain: false }, resolve);
  });
}

function publishFault(puback: Puback | "late", at: string, topic: string): Fault | undefined {
  if (puback === "late") return new Fault("BROKER_LOST", `the broker ${at} did not acknowledge a message`);
  if (puback === "lost") return new Fault("BROKER_LOST", `the broker ${at} ended the connection on a message`);
  if (puback.code < 0x80) return undefined;
  if (pubackVerdict(puback.code) === "later")
    return new Fault("BROKER_QUOTA", `the broker ${at} takes no more of this device's messages: ${puback.reason}`);
  return new Fault("BROKER_REFUSED", `the broker ${at} refused ${topic}: ${puback.reason}`, { code: puback.code });
}

function rightsHint({ broker, device }: CheckSettings): string {
  return `Give ${broker.username ?? device} the right to read and write ${broker.prefix}/+/${device}/# in the broker's rules.`;
}

async function late(ms: number): Promise<"late"> {
  return new Promise((resolve) => {
    setTimeout(() => resolve("late"), ms).unref();
  });
}
