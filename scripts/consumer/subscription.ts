// One connection to the broker with acknowledgement by hand: a message is PUBACKed when the consumer says so, not before.
import type { IClientOptions, IPublishPacket, MqttClient } from "mqtt";
import mqtt from "mqtt";
import { brokerFault, codeOf } from "../../src/uplink/fault.ts";
import { reasonText } from "../../src/uplink/reasons.ts";
import { Fault } from "../../src/words/errors.ts";
import type { Message } from "./writer.ts";

export interface SubscriptionSettings {
  readonly url: string;
  readonly prefix: string;
  /** Name of the shared subscription; consumers of one group share the work. */
  readonly group: string;
  /** MQTT client id of this consumer, its own for ever: messages that it took and did not acknowledge wait under it. */
  readonly id: string;
  readonly login: Pick<IClientOptions, "username" | "password" | "ca" | "cert" | "key">;
  /** Most messages taken without acknowledgement. */
  readonly receiveMaximum: number;
  /** How long the broker keeps what waits for this consumer while it is away, seconds. */
  readonly sessionExpiryS: number;
}

export interface Subscription {
  /** Publishes retained at QoS 1; resolves at PUBACK. @throws Fault PUBLISH_REFUSED, BROKER_LOST */
  publish(topic: string, json: string): Promise<void>;
  /** Most publishes that the broker takes without PUBACK. */
  readonly receiveMaximum: number;
  /** Resolves with the reason when the connection is gone. */
  readonly gone: Promise<Fault>;
  /** Stops the flow of new messages for good, for a consumer that will not come back; its session stays until `close`. */
  leave(): Promise<void>;
  /** @param forget ends the session too */
  close(forget: boolean): Promise<void>;
}

/** Largest packet that is asked for, bytes: the contract's 64 KiB, and room for what is too large to be named as such. */
const MAX_PACKET = 128 * 1024;
const CONNACK_MS = 10_000;
const PUBACK_MS = 10_000;

export interface SubscriptionDeps {
  /** Every message, in order of arrival. */
  readonly take: (message: Message) => void;
  /** Whether there is room for a message at QoS 0, which no honest device sends and no receive maximum bounds. */
  readonly room: () => boolean;
  /** Ends an attempt to connect; an open connection is ended by `close`. */
  readonly signal: AbortSignal;
}

/** Connects and subscribes. @throws Fault BROKER_… */
export async function openSubscription(
  settings: SubscriptionSettings,
  { take, room, signal }: SubscriptionDeps,
): Promise<Subscription> {
  const at = new URL(settings.url).host;
  const client = mqtt.connect(settings.url, {
    ...settings.login,
    protocolVersion: 5,
    clientId: settings.id,
    clean: false,
    properties: {
      sessionExpiryInterval: settings.sessionExpiryS,
      receiveMaximum: settings.receiveMaximum,
      maximumPacketSize: MAX_PACKET,
    },
    keepalive: 30,
    connectTimeout: CONNACK_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    log: () => undefined,
  });
  let connected = false;
  let fault: Fault | undefined;
  const gone = new Promise<Fault>((resolve) => {
    const end = (): void => {
      client.end(true);
      client.stream.destroy();
      // Some brokers say nothing to the one whose client id somebody else took.
      const why = connected
        ? `${at} closed the connection; again and again where two have one --id`
        : `${at} closed it`;
      resolve(fault ?? new Fault(connected ? "BROKER_LOST" : "BROKER_UNREACHABLE", why));
    };
    client.on("error", (error) => {
      fault ??= brokerFault(error, at, connected);
      end();
    });
    client.on("disconnect", ({ reasonCode = 0 }) => {
      fault ??= new Fault("BROKER_LOST", `the broker ${at} ended it: ${reasonText(reasonCode)}`, { code: reasonCode });
    });
    client.on("close", end);
  });
  acknowledgeByHand(client, take, room);
  const giveUp = (): void => {
    if (!connected) client.stream.destroy();
  };
  signal.addEventListener("abort", giveUp, { once: true });
  void gone.then(() => signal.removeEventListener("abort", giveUp));

  const receiveMaximum = await new Promise<number>((resolve, reject) => {
    client.once("connect", ({ properties }) => {
      connected = true;
      resolve(properties?.receiveMaximum ?? 65_535);
    });
    void gone.then(reject);
  });
  const shared = [`${settings.prefix}/+/+/event/#`, `${settings.prefix}/+/+/batch`].map(
    (topic) => `$share/${settings.group}/${topic}`,
  );
  // Retained messages are not given to shared subscriptions, and every consumer may know how far a device says it is.
  await subscribe(client, [...shared, `${settings.prefix}/+/+/state/delivery`], at);
  return {
    receiveMaximum,
    gone,
    publish: publisher(client, at, gone),
    async leave() {
      await client.unsubscribeAsync(shared);
    },
    async close(forget) {
      const closed = new Promise<void>((resolve) => {
        client.end(false, forget ? { properties: { sessionExpiryInterval: 0 } } : {}, () => resolve());
      });
      const late = AbortSignal.timeout(PUBACK_MS);
      const timedOut = new Promise<void>((resolve) => late.addEventListener("abort", () => resolve(), { once: true }));
      await Promise.race([closed, gone, timedOut]);
      client.stream.destroy();
    },
  };
}

/**
 * The library processes one message at a time, and sends its PUBACK when it goes on to the next, so that waiting for a
 * COMMIT would make every batch a batch of one. Told that handling failed it goes on without a PUBACK; ours is written to
 * the same stream later, in the order of arrival, as MQTT wants it.
 */
function acknowledgeByHand(client: MqttClient, take: (message: Message) => void, room: () => boolean): void {
  const notYet = new Error("acknowledged after COMMIT");
  let due: Buffer[] = [];
  const flush = (): void => {
    const pubacks = Buffer.concat(due);
    due = [];
    if (client.connected && !client.stream.destroyed) client.stream.write(pubacks);
  };
  const acknowledge = (messageId: number): void => {
    if (due.length === 0) setImmediate(flush);
    due.push(puback(messageId));
  };
  client.handleMessage = ({ topic, payload, qos, messageId }: IPublishPacket, callback) => {
    const message = { topic, payload: Buffer.from(payload) };
    if (qos === 1 && messageId !== undefined) take({ ...message, settled: () => acknowledge(messageId) });
    else if (room()) take({ ...message, settled: () => undefined });
    callback(notYet);
  };
}

/** PUBACK with success, which needs neither reason code nor properties (MQTT 5, section 3.4.2.1). */
function puback(messageId: number): Buffer {
  return Buffer.from([0x40, 0x02, messageId >> 8, messageId & 0xff]);
}

async function subscribe(client: MqttClient, topics: string[], at: string): Promise<void> {
  try {
    await client.subscribeAsync(topics, { qos: 1 });
  } catch (thrown) {
    client.end(true);
    const code = codeOf(thrown);
    throw new Fault(
      "BROKER_REFUSED",
      `the broker ${at} does not let this consumer subscribe: ${typeof code === "number" ? reasonText(code) : String(thrown)}`,
      { topics },
    );
  }
}

/** Publishes over one connection; what is on its way when that ends fails at once. */
function publisher(client: MqttClient, at: string, gone: Promise<Fault>): Subscription["publish"] {
  const onTheWay = new Set<(fault: Fault) => void>();
  let lost: Fault | undefined;
  void gone.then((fault) => {
    lost = fault;
    for (const fail of onTheWay) fail(fault);
  });
  return (topic, json) =>
    new Promise<void>((resolve, reject) => {
      if (lost !== undefined) return reject(lost);
      const end = (fault?: Fault): void => {
        clearTimeout(timer);
        onTheWay.delete(end);
        if (fault === undefined) resolve();
        else reject(fault);
      };
      const timer = setTimeout(() => end(new Fault("BROKER_LOST", `no PUBACK from ${at}`)), PUBACK_MS);
      onTheWay.add(end);
      client.publish(topic, json, { qos: 1, retain: true }, (error) => {
        if (!error) return end();
        const code = codeOf(error);
        end(
          typeof code === "number"
            ? new Fault("PUBLISH_REFUSED", `the broker refused ${topic}: ${reasonText(code)}`, { topic })
            : brokerFault(error, at, true),
        );
      });
    });
}
