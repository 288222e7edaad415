// Walks the whole way to the broker, stage by stage, and says of each whether it works and what to do where not.
import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import type { BrokerConfig } from "../config/schema.ts";
import { redactText } from "../config/secret.ts";
import { asFault, Fault } from "../words/errors.ts";
import { expiryFault, type TlsFiles, validityOf, validityText, WARN_DAYS, withOwnDates } from "./certificates.ts";
import { type CheckResult, type CheckSettings, failed, warned } from "./check-result.ts";
import { checkSession } from "./check-session.ts";
import { brokerFault, codeOf, tlsSentence } from "./fault.ts";
import { addressOf, type BrokerAddress, type LoginFiles, readLoginFiles } from "./login.ts";

/** Longest wait in one stage, milliseconds. */
const STAGE_MS = 8_000;

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
  let files: LoginFiles;
  try {
    files = readLoginFiles(broker);
  } catch (thrown) {
    yield failed("settings", asFault(thrown, "CONFIG_SECRET"));
    return;
  }
  yield { stage: "settings", ok: true, text: `${redactText(broker.url)}, ${loginText(settings)}` };
  const certificates = checkCertificates(files.tls);
  if (certificates !== undefined) yield certificates;
  for (const check of [checkName, checkPort, checkTls]) {
    const result = await check(address, broker, files.tls, stageMs);
    if (result === undefined) continue;
    yield result;
    if (!result.ok) return;
  }
  yield* checkSession(settings, files, signal, stageMs);
}

function checkCertificates(tls: TlsFiles): CheckResult | undefined {
  const { own, ca } = validityOf(tls);
  if (own === undefined && ca === undefined) return undefined;
  const nowMs = Date.now();
  const text = [
    ...(own === undefined ? [] : [`own certificate ${validityText(own, nowMs)}`]),
    ...(ca === undefined ? [] : [`authority ${validityText(ca, nowMs)}`]),
  ].join(", ");
  const expiring = expiryFault(tls, nowMs);
  if (expiring === undefined) return { stage: "certificates", ok: true, text };
  return warned("certificates", `${expiring.message} (${text})`, expiring.hint);
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

async function checkPort(address: BrokerAddress, _: BrokerConfig, __: TlsFiles, stageMs: number): Promise<CheckResult> {
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
  tls: TlsFiles,
  stageMs: number,
): Promise<CheckResult | undefined> {
  if (!address.secure) return undefined;
  const options = {
    host: address.host,
    port: address.port,
    ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
    ...(broker.alpn === undefined ? {} : { ALPNProtocols: [...broker.alpn] }),
    ...tls,
  };
  let socket: ReturnType<typeof connectTls> | undefined;
  try {
    // The dates are read even of a certificate that is not trusted; nothing is sent over this connection.
    socket = connectTls({ ...options, rejectUnauthorized: false });
    await opened(socket, "secureConnect", address.at, stageMs);
    const peer = socket.getPeerCertificate();
    const agreed = typeof socket.alpnProtocol === "string" ? `, ALPN ${socket.alpnProtocol}` : "";
    const validity = { fromMs: Date.parse(peer.valid_from), toMs: Date.parse(peer.valid_to) };
    const dates = `broker's certificate ${validityText(validity, Date.now())}`;
    const text = `${socket.getProtocol()}${agreed}, ${nameOf(peer)}, ${dates}`;
    const problem: unknown = socket.authorizationError;
    if (problem !== null && problem !== undefined) {
      const code = String(codeOf(problem) ?? problem);
      return failed("tls", new Fault("BROKER_TLS", `${tlsSentence(code)} (${text})`, { code }));
    }
    return text.includes("days left")
      ? warned("tls", text, `Have the broker's certificate renewed: it ends in less than ${WARN_DAYS} days.`)
      : { stage: "tls", ok: true, text };
  } catch (thrown) {
    return failed("tls", withOwnDates(brokerFault(thrown, address.at, false), tls, Date.now()));
  } finally {
    socket?.destroy();
  }
}

function loginText({ broker, device }: CheckSettings): string {
  const ways = [
    ...(broker.passwordFile === undefined ? [] : [`user ${broker.username ?? device} with a password`]),
    ...(broker.certFile === undefined ? [] : ["a client certificate"]),
  ];
  return ways.length === 0 ? "without a login" : `as ${ways.join(" and ")}`;
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

function nameOf(peer: PeerCertificate): string {
  return peer.subject === undefined ? "no certificate" : `certificate of ${String(peer.subject.CN)}`;
}
