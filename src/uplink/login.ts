// Turns broker settings into what the MQTT library wants, reading certificates and secrets from their files.
import { readFileSync } from "node:fs";
import type { IClientOptions } from "mqtt";
import type { BrokerConfig } from "../config/schema.ts";
import { readSecret } from "../config/secret.ts";
import { Fault } from "../words/errors.ts";

/** Most bytes of one packet from the broker: a fleet configuration of 128 KiB and its frame fit. */
export const MAX_INCOMING_BYTES = 262_144;

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** TLS below MQTT, with or without WebSocket. */
  readonly secure: boolean;
  readonly websocket: boolean;
  /** Path of a WebSocket address. */
  readonly path: string;
  /** `host:port`, for people. */
  readonly at: string;
}

const PORTS: Readonly<Record<string, number>> = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443 };

/** Takes the broker's URL apart; a login inside it is ignored, because URLs end up in logs. */
export function addressOf(url: string): BrokerAddress {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const number = port === "" ? (PORTS[protocol] ?? 1883) : Number(port);
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: number,
    secure: protocol === "mqtts:" || protocol === "wss:",
    websocket: protocol === "ws:" || protocol === "wss:",
    path: `${pathname === "" ? "/" : pathname}${search}`,
    at: `${hostname}:${number}`,
  };
}

export interface TlsFiles {
  ca?: Buffer;
  cert?: Buffer;
  key?: string;
}

/**
 * Reads the TLS files that the settings name.
 * @throws Fault CONFIG_UNREADABLE for certificates, CONFIG_SECRET for the key
 */
export function readTlsFiles(broker: BrokerConfig): TlsFiles {
  return {
    ...(broker.caFile === undefined ? {} : { ca: readCertificate(broker.caFile) }),
    ...(broker.certFile === undefined ? {} : { cert: readCertificate(broker.certFile) }),
    ...(broker.keyFile === undefined ? {} : { key: readSecret(broker.keyFile) }),
  };
}

function readCertificate(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unreadable";
    throw new Fault("CONFIG_UNREADABLE", `cannot read the certificate ${file}: ${reason}`, { file });
  }
}

/**
 * Options for one client object: it connects once, never by itself again, and keeps nothing for later.
 * Files are read anew each time, so a changed password or renewed certificate is taken at the next attempt.
 * @param device client id, and user name where none is set but a password is
 * @throws Fault CONFIG_SECRET, CONFIG_UNREADABLE
 */
export function loginOptions(
  broker: BrokerConfig,
  device: string,
  protocol: "5" | "3.1.1",
  connackMs: number,
): IClientOptions {
  const address = addressOf(broker.url);
  const password = broker.passwordFile === undefined ? undefined : readSecret(broker.passwordFile);
  const username = broker.username ?? (password === undefined ? undefined : device);
  return {
    protocol: address.websocket ? (address.secure ? "wss" : "ws") : address.secure ? "mqtts" : "mqtt",
    host: address.host,
    hostname: address.websocket && address.host.includes(":") ? `[${address.host}]` : address.host,
    port: address.port,
    ...(address.websocket
      ? { path: address.path, wsOptions: { maxPayload: MAX_INCOMING_BYTES, perMessageDeflate: false } }
      : {}),
    ...(address.secure ? { ...readTlsFiles(broker), rejectUnauthorized: true } : {}),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(protocol === "5"
      ? { properties: { sessionExpiryInterval: 0, receiveMaximum: 16, maximumPacketSize: MAX_INCOMING_BYTES } }
      : {}),
    protocolId: "MQTT",
    protocolVersion: protocol === "5" ? 5 : 4,
    clientId: device,
    clean: true,
    keepalive: broker.keepaliveS,
    connectTimeout: connackMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // The library writes whole packets, the password among them, to its debug log.
    log: () => undefined,
  };
}
