// Walks the whole way to the broker, stage by stage, and says of each whether it works and what to do where not.
import { randomUUID, X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import type { BrokerConfig } from "../config/schema.ts";
import { redactText } from "../config/secret.ts";
import { asFault, Fault } from "../words/errors.ts";
import type { Connection, Puback } from "./connection.ts";
import { brokerFault, codeOf, tlsSentence } from "./fault.ts";
import { addressOf, type BrokerAddress, loginOptions, readTlsFiles } from "./login.ts";
import { openNegotiated } from "./protocol.ts";
import { topicsOf } from "./topics.ts";

/** Longest wait in one stage, milliseconds. */
const STAGE_MS = 8_000;
/** A certificate that ends sooner than this is worth a warning, days. */
const SOON_DAYS = 14;

export const CHECK_STAGES = ["settings", "dns", "tcp", "tls", "login", "publish", "round-trip"] as const;
export type CheckStage = (typeof CHECK_STAGES)[number];

export interface CheckResult {
  readonly stage: CheckStage;
  readonly ok: boolean;
  /** What was found, one sentence. */
  readonly text: string;
  readonly hint?: string;
}

export interface CheckSettings {
  readonly broker: BrokerConfig;
  readonly site: string;
  readonly device: string;
}

/**
 * Checks the broker; each result comes as soon as it is known, and the first failure ends the walk.
 * It logs in under the client id `{device}-check`, so that an agent that is running keeps its connection, and sends one
 * message, not retained, to `state/check` under the device's root.
 */
export async function* checkBroker(
  settings: CheckSettings,
  signal: AbortSignal,
  stageMs = STAGE_MS,
): AsyncGenerator<CheckResult> {
  const { broker } = settings;
  const address = addressOf(broker.url);
  try {
    loginOptions(broker, settings.device, "5", stageMs);
  } catch (thrown) {
    yield failed("settings", asFault(thrown, "CONFIG_SECRET"));
    return;
  }
  yield { stage: "settings", ok: true, text: `${redactText(broker.url)}, ${loginText(settings)}` };
  for (const check of [checkName, checkPort, checkTls]) {
    const result = await check(address, broker, stageMs);
    if (result === undefined) continue;
    yield result;
    if (!result.ok) return;
  }
  yield* checkSession(settings, signal, stageMs);
}

async function checkName(address: BrokerAddress): Promise<CheckResult | undefined> {
  if (isIP(address.host) !== 0) return { stage: "dns", ok: true, text: `${address.host} is an address` };
  try {
    const found = await lookup(address.host, { all: true });
    return { stage: "dns", ok: true, text: `${address.host} is ${found.map((one) => one.address).join(", ")}` };
  } catch (thrown) {
    return failed("dns", brokerFault(thrown, address.at, false), "Check the name and this device's name server.");
  }
}

async function checkPort(address: BrokerAddress, _: BrokerConfig, stageMs: number): Promise<CheckResult> {
  const socket = connect({ host: address.host, port: address.port });
  const startedMs = performance.now();
  try {
    await opened(socket, "connect", address.at, stageMs);
    const took = Math.round(performance.now() - startedMs);
    return { stage: "tcp", ok: true, text: `${address.at} accepts connections (${took} ms)` };
  } catch (thrown) {
    const hint = "Check the cable or Wi-Fi, that the broker runs, its port, and any firewall between.";
    return failed("tcp", brokerFault(thrown, address.at, false), hint);
  } finally {
    socket.destroy();
  }
}

async function checkTls(
  address: BrokerAddress,
  broker: BrokerConfig,
  stageMs: number,
): Promise<CheckResult | undefined> {
  if (!address.secure) return undefined;
  const name = isIP(address.host) === 0 ? { servername: address.host } : {};
  const files = readTlsFiles(broker);
  let socket: ReturnType<typeof connectTls> | undefined;
  try {
    // The dates are read even of a certificate that is not trusted; nothing is sent over this connection.
    socket = connectTls({ host: address.host, port: address.port, ...name, ...files, rejectUnauthorized: false });
    await opened(socket, "secureConnect", address.at, stageMs);
    const peer = socket.getPeerCertificate();
    const dates = [`broker's certificate ${validity(peer.valid_from, peer.valid_to)}`, ...ownValidity(broker)];
    const text = `${socket.getProtocol()}, ${nameOf(peer)}, ${dates.join(", ")}`;
    const problem: unknown = socket.authorizationError;
    if (problem === null || problem === undefined) return { stage: "tls", ok: true, text };
    const code = String(codeOf(problem) ?? problem);
    return failed("tls", new Fault("BROKER_TLS", `${tlsSentence(code)} (${text})`));
  } catch (thrown) {
    return failed("tls", brokerFault(thrown, address.at, false));
  } finally {
    socket?.destroy();
  }
}

async function* checkSession(
  settings: CheckSettings,
  signal: AbortSignal,
  stageMs: number,
): AsyncGenerator<CheckResult> {
  const { broker, site, device } = settings;
  const topic = topicsOf(broker.prefix, site, device).state("check");
  const id = randomUUID();
  let arrived: () => void = () => undefined;
  const arrival = new Promise<"arrived">((resolve) => {
    arrived = () => resolve("arrived");
  });
  const { at } = addressOf(broker.url);
  const attempt = await openNegotiated(
    {
      at,
      signal,
      message: (name, payload) => {
        if (name === topic && payload.toString("utf8").includes(id)) arrived();
      },
    },
    { refused5: false },
    { broker, device, clientId: `${device}-check`, connackMs: stageMs },
  );
  if (!("connection" in attempt)) {
    yield failed("login", attempt.fault);
    return;
  }
  const { connection } = attempt;
  try {
    yield { stage: "login", ok: true, text: `logged in, MQTT ${connection.protocol}` };
    const readable = await connection.subscribe(topic).then(
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
    yield back === "arrived"
      ? { stage: "round-trip", ok: true, text: "what was published came back" }
      : failed(
          "round-trip",
          new Fault("BROKER_REFUSED", `the broker acknowledged ${topic} and then dropped it`),
          rightsHint(settings),
        );
  } finally {
    await connection.close(stageMs);
  }
}

function publish(connection: Connection, topic: string, id: string): Promise<Puback> {
  return new Promise((resolve) => {
    connection.publish(topic, JSON.stringify({ id }), false, resolve);
  });
}

function publishFault(puback: Puback | "late", at: string, topic: string): Fault | undefined {
  if (puback === "late") return new Fault("BROKER_LOST", `the broker ${at} did not acknowledge a message`);
  if (puback === "lost") return new Fault("BROKER_LOST", `the broker ${at} ended the connection on a message`);
  if (puback.code < 0x80) return undefined;
  return new Fault("BROKER_REFUSED", `the broker ${at} refused ${topic}: ${puback.reason}`);
}

function loginText({ broker, device }: CheckSettings): string {
  const ways = [
    ...(broker.passwordFile === undefined ? [] : [`user ${broker.username ?? device} with a password`]),
    ...(broker.certFile === undefined ? [] : ["a client certificate"]),
  ];
  return ways.length === 0 ? "without a login" : `as ${ways.join(" and ")}`;
}

function rightsHint({ broker, device }: CheckSettings): string {
  return `Give ${broker.username ?? device} the right to read and write ${broker.prefix}/+/${device}/# in the broker's rules.`;
}

function failed(stage: CheckStage, fault: Fault, hint?: string): CheckResult {
  return { stage, ok: false, text: fault.message, hint: hint ?? fault.hint };
}

/** @throws what the socket reports, or a Fault when nothing happens in time */
function opened(socket: Socket, event: "connect" | "secureConnect", at: string, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Fault("BROKER_UNREACHABLE", `${at} does not answer within ${ms / 1000} s`));
    }, ms);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    socket.once(event, () => settle(resolve));
    socket.on("error", (error) => settle(() => reject(error)));
    socket.once("close", () => settle(() => reject(new Error("closed"))));
  });
}

async function late(ms: number): Promise<"late"> {
  return new Promise((resolve) => {
    setTimeout(() => resolve("late"), ms).unref();
  });
}

function nameOf(peer: PeerCertificate): string {
  return peer.subject === undefined ? "no certificate" : `certificate of ${String(peer.subject.CN)}`;
}

function validity(from: string, to: string): string {
  const day = (date: string): string => new Date(date).toISOString().slice(0, 10);
  const daysLeft = Math.floor((Date.parse(to) - Date.now()) / 86_400_000);
  const soon = daysLeft < SOON_DAYS ? `, ${daysLeft} days left` : "";
  return `valid ${day(from)} to ${day(to)}${soon}`;
}

function ownValidity(broker: BrokerConfig): string[] {
  if (broker.certFile === undefined) return [];
  const own = new X509Certificate(readFileSync(broker.certFile));
  return [`own certificate ${validity(own.validFrom, own.validTo)}`];
}
