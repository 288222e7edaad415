// A real Mosquitto with the configuration that is shipped, its certificates made for one test.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { BrokerConfig } from "../../src/config/schema.ts";
import { packageRoot } from "../../src/place.ts";
import type { Authority, CertificateFiles } from "../fakes/certificates.ts";
import { freePort, type Mosquitto, startMosquitto } from "../fakes/mosquitto.ts";

const SHIPPED = join(packageRoot(), "config", "fleet");

export interface ShippedBroker {
  readonly mosquitto: Mosquitto;
  /** Where devices connect, and where servers and bridges do. */
  readonly devicesUrl: string;
  readonly serversUrl: string;
}

/** A file of `config/fleet`, with the places on disk that it names below DIR. */
export function shipped(name: string): string {
  const text = readFileSync(join(SHIPPED, name), "utf8");
  return text.replaceAll("/etc/mosquitto/touchpoint/", "DIR/").replaceAll("/var/lib/mosquitto/", "DIR/");
}

/** @param more further lines, such as a bridge's, and files that they name */
export async function startShippedBroker(
  authority: Authority,
  more: { readonly lines?: readonly string[]; readonly files?: Readonly<Record<string, string>> } = {},
): Promise<ShippedBroker> {
  const server = authority.issue("server");
  const serversPort = await freePort();
  const mosquitto = await startMosquitto({
    config: shipped("mosquitto.conf")
      .replace("listener 8883", "listener PORT 127.0.0.1")
      .replace("listener 8884", `listener ${serversPort} 127.0.0.1`),
    files: {
      "ca.crt": readFileSync(authority.ca, "utf8"),
      "server.crt": readFileSync(server.cert, "utf8"),
      "server.key": readFileSync(server.key, "utf8"),
      "mosquitto.acl": shipped("mosquitto.acl"),
      ...more.files,
    },
    lines: more.lines ?? [],
  });
  return {
    mosquitto,
    devicesUrl: `mqtts://127.0.0.1:${mosquitto.port}`,
    serversUrl: `mqtts://127.0.0.1:${serversPort}`,
  };
}

export interface Peer {
  readonly client: MqttClient;
  /** Topics and payloads in the order of arrival. */
  readonly heard: { readonly topic: string; readonly payload: string; readonly retain: boolean }[];
  topics(): string[];
  publish(topic: string, payload?: string, retain?: boolean): Promise<void>;
}

/** Logs in with a certificate; whatever the broker refuses to take is no error here. */
export async function logIn(
  url: string,
  authority: Authority,
  { cert, key }: CertificateFiles,
  options: IClientOptions = {},
): Promise<Peer> {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    ca: readFileSync(authority.ca),
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...options,
  });
  // A connection that is cut on purpose is told as an error too.
  client.on("error", () => undefined);
  const heard: { topic: string; payload: string; retain: boolean }[] = [];
  client.on("message", (topic, payload, { retain }) => heard.push({ topic, payload: payload.toString(), retain }));
  return {
    client,
    heard,
    topics: () => heard.map(({ topic }) => topic),
    async publish(topic, payload = "{}", retain = false) {
      // MQTT 5 says that a rule refused it; 3.1.1 acknowledges and drops.
      await client.publishAsync(topic, payload, { qos: 1, retain }).catch(() => undefined);
    },
  };
}

/** Settings of a device's own client for this broker. */
export function loginWith(authority: Authority, { cert, key }: CertificateFiles): Partial<BrokerConfig> {
  return { caFile: authority.ca, certFile: cert, keyFile: key };
}
