// Turns broker settings into what the MQTT library wants, reading certificates and secrets from their files.
import { readFileSync } from "node:fs";
import type { IClientOptions } from "mqtt";
import type { BrokerConfig } from "../config/schema.ts";
import { readSecret } from "../config/secret.ts";
import { Fault } from "../words/errors.ts";
import { checkUsable, type TlsFiles } from "./certificates.ts";

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

/** The settings that say how one logs in somewhere. */
export type LoginSettings = Pick<
  BrokerConfig,
  "url" | "username" | "passwordFile" | "caFile" | "certFile" | "keyFile" | "keepaliveS" | "protocol" | "alpn"
>;

/** What the files of a login held when they were read. */
export interface LoginFiles {
  readonly tls: TlsFiles;
  readonly password?: string;
}

/**
 * Reads the files that the settings name.
 * @throws Fault CONFIG_UNREADABLE for certificates, CONFIG_SECRET for key and password, CERT_UNUSABLE for what is none
 */
export function readLoginFiles(broker: LoginSettings): LoginFiles {
  const { passwordFile, caFile, certFile, keyFile } = broker;
  const password = passwordFile === undefined ? {} : { password: readSecret(passwordFile) };
  if (!addressOf(broker.url).secure) return { tls: {}, ...password };
  const tls = {
    ...(caFile === undefined ? {} : { ca: readCertificate(caFile) }),
    ...(certFile === undefined ? {} : { cert: readCertificate(certFile) }),
    ...(keyFile === undefined ? {} : { key: readSecret(keyFile) }),
  };
  checkUsable(tls);
  return { tls, ...password };
}

/** The files that `readLoginFiles` would read. */
export function loginFileNames({ passwordFile, caFile, certFile, keyFile }: BrokerConfig): string[] {
  return [passwordFile, caFile, certFile, keyFile].filter((file) => file !== undefined);
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
 * @param device client id, and user name where none is set but a password is
 */
export function loginOptions(
  broker: LoginSettings,
  { tls, password }: LoginFiles,
  device: string,
  protocol: "5" | "3.1.1",
  connackMs: number,
): IClientOptions {
  const address = addressOf(broker.url);
  const username = broker.username ?? (password === undefined ? undefined : device);
  const alpn = broker.alpn === undefined ? {} : { ALPNProtocols: [...broker.alpn] };
  return {
    protocol: address.websocket ? (address.secure ? "wss" : "ws") : address.secure ? "mqtts" : "mqtt",
    host: address.host,
    hostname: address.websocket && address.host.includes(":") ? `[${address.host}]` : address.host,
    port: address.port,
    ...(address.websocket
      ? { path: address.path, wsOptions: { maxPayload: MAX_INCOMING_BYTES, perMessageDeflate: false, ...alpn } }
      : {}),
    ...(address.secure ? { ...tls, ...alpn, rejectUnauthorized: true } : {}),
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
