// One connection to the broker: one client object of the MQTT library, used once and thrown away.
import mqtt, { type IClientOptions, type IConnackPacket, type IPublishPacket, type MqttClient } from "mqtt";
import { Fault } from "../words/errors.ts";
import { brokerFault, codeOf } from "./fault.ts";
import { MAX_INCOMING_BYTES } from "./login.ts";
import { reasonText, refusesProtocol } from "./reasons.ts";

/** What became of one publish: a reason code with its text (0 is success), or `lost` with the connection. */
export type Puback = { readonly code: number; readonly reason: string } | "lost";

/** What came in on a topic that was subscribed to. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  /** The broker had kept it from before the subscription. */
  readonly retained: boolean;
  /** MQTT 5: where the sender wants a reply, and what it wants back with it. */
  readonly responseTopic?: string;
  readonly correlation?: Buffer;
  /** MQTT 5: what the sender wrote beside the payload; of a name that comes twice the first. */
  readonly userProperties?: Readonly<Record<string, string>>;
}

export interface Outgoing {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  /** MQTT 5: given back to the sender of a command. */
  readonly correlation?: Buffer;
}

/** What the broker allows on this connection. */
export interface Limits {
  /** Most publishes that the broker takes without PUBACK at one moment. */
  readonly receiveMaximum: number;
  /** Largest packet that the broker takes, bytes. */
  readonly maximumPacketBytes: number;
  readonly retainAvailable: boolean;
}

export interface Connection {
  readonly protocol: "5" | "3.1.1";
  readonly limits: Limits;
  /** Publishes at QoS 1. `done` is called at most once; on a connection that is gone with `lost`, or not at all. */
  publish(message: Outgoing, done: (puback: Puback) => void): void;
  /** Subscribes at QoS 1. @throws Fault BROKER_REFUSED when the broker does not grant it, BROKER_LOST */
  subscribe(topics: readonly string[]): Promise<void>;
  /** Ends a subscription; what the broker says to that makes no difference. */
  unsubscribe(topic: string): void;
  /** Resolves once with the reason when the connection is gone. */
  readonly gone: Promise<Fault>;
  /** Says DISCONNECT, so that the broker forgets the last will; resolves when the socket is closed or after `ms`. */
  close(ms: number): Promise<void>;
  /** Cuts the connection at once, with `fault` as the reason. */
  cut(fault: Fault): void;
}

export type Opened =
  | { readonly connection: Connection }
  | {
      readonly fault: Fault;
      /** `maybe`: closed without a word, as some brokers do on a protocol they do not know. */
      readonly refusesProtocol: "yes" | "maybe" | "no";
      /** False where no CONNECT can have reached a broker. */
      readonly reached: boolean;
    };

export interface ConnectionRequest {
  readonly options: IClientOptions;
  /** The broker's `host:port`, for people. */
  readonly at: string;
  readonly signal: AbortSignal;
  /** Takes a message; PUBACK, and the next message, wait for what it returns; where that fails the connection ends. */
  readonly message: (message: Incoming) => void | Promise<void>;
  /** Makes the client object; the library's own `connect` unless a test looks inside. */
  readonly makeClient?: (options: IClientOptions) => MqttClient;
}

/** Opens a connection. Resolves with what came of it; never rejects for anything that a network or broker does. */
export function openConnection(request: ConnectionRequest): Promise<Opened> {
  const { options, at, signal } = request;
  let client: MqttClient;
  try {
    client = (request.makeClient ?? mqtt.connect)(options);
  } catch (thrown) {
    // A certificate or key that OpenSSL cannot read is thrown here.
    return Promise.resolve({ fault: brokerFault(thrown, at, false), refusesProtocol: "no", reached: false });
  }
  let connected = false;
  let reached = options.protocol === "ws" || options.protocol === "wss";
  let refusal: number | undefined;
  let fault: Fault | undefined;
  let over = false;
  let announceGone: (fault: Fault) => void = () => undefined;
  const gone = new Promise<Fault>((resolve) => {
    announceGone = resolve;
  });

  const end = (): void => {
    if (over) return;
    over = true;
    signal.removeEventListener("abort", abort);
    // Ends timers and calls back every publish still in flight; nothing stays queued inside the library.
    client.end(true);
    client.stream.destroy();
    announceGone(
      fault ??
        (connected
          ? new Fault("BROKER_LOST", `the broker ${at} closed the connection`)
          : new Fault("BROKER_UNREACHABLE", `${at} closed the connection before it answered`)),
    );
  };
  let reference: string | undefined;
  const fail = (thrown: unknown): void => {
    const code = codeOf(thrown);
    if (!connected && typeof code === "number") refusal ??= code;
    fault ??= brokerFault(reference === undefined ? thrown : withReference(thrown, reference), at, connected);
    end();
  };
  const abort = (): void => {
    if (!connected) fail(new Fault("BROKER_LOST", "the agent is stopping"));
  };

  client.stream.once(options.protocol === "mqtts" ? "secureConnect" : "connect", () => {
    reached = true;
  });
  boundIncoming(client, () =>
    fail(new Fault("BROKER_LOST", `${at} sent a packet larger than ${MAX_INCOMING_BYTES} bytes`)),
  );
  // The library's error for a refused CONNECT does not carry what the CONNACK said besides its code.
  client.on("packetreceive", (packet) => {
    if (packet.cmd === "connack") reference = packet.properties?.serverReference;
  });
  client.on("error", fail);
  // Errors without a code, such as a WebSocket address that answers 404, do not reach the client's own event.
  client.stream.on("error", fail);
  client.on("disconnect", (packet) => {
    const code = packet.reasonCode ?? 0;
    const said = Object.assign(new Error("the broker ended it"), code === 0 ? {} : { code });
    fault ??= brokerFault(withReference(said, packet.properties?.serverReference), at, true);
  });
  client.on("close", end);
  client.handleMessage = (packet, taken) => {
    const topic = packet.topic.toString();
    const done = request.message(incoming(topic, Buffer.from(packet.payload), packet));
    if (done === undefined) taken();
    else void done.then(() => taken(), fail);
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();

  return new Promise<Opened>((resolve) => {
    client.once("connect", (connack) => {
      if (over) return;
      connected = true;
      if (connack.properties?.maximumQoS === 0) {
        // Without acknowledgements nothing could ever be counted as sent.
        const text = `the broker ${at} offers no QoS 1, and so acknowledges nothing`;
        return fail(new Fault("BROKER_REFUSED", text, { at, code: 0x9b }));
      }
      resolve({ connection: connectionOf(client, connack, options, at, gone, fail) });
    });
    void gone.then((reason) =>
      resolve({
        fault: reason,
        refusesProtocol:
          refusal !== undefined
            ? refusesProtocol(refusal)
              ? "yes"
              : "no"
            : reached && reason.code === "BROKER_UNREACHABLE"
              ? "maybe"
              : "no",
        reached,
      }),
    );
  });
}

function connectionOf(
  client: MqttClient,
  connack: IConnackPacket,
  options: IClientOptions,
  at: string,
  gone: Promise<Fault>,
  cut: (fault: Fault) => void,
): Connection {
  const said = connack.properties;
  const limits = {
    receiveMaximum: said?.receiveMaximum ?? 65_535,
    maximumPacketBytes: said?.maximumPacketSize ?? 268_435_460,
    retainAvailable: said?.retainAvailable ?? true,
  };
  return {
    protocol: options.protocolVersion === 5 ? "5" : "3.1.1",
    limits,
    gone,
    cut,
    publish({ topic, payload, retain, correlation }, done) {
      if (!client.connected || client.disconnecting || client.stream.destroyed) {
        done("lost");
        return;
      }
      const properties = correlation === undefined ? {} : { properties: { correlationData: correlation } };
      client.publish(topic, payload, { qos: 1, retain: retain && limits.retainAvailable, ...properties }, (error) => {
        if (!error) return done({ code: 0, reason: "" });
        const code = codeOf(error);
        done(typeof code === "number" ? { code, reason: reasonText(code) } : "lost");
      });
    },
    subscribe(topics) {
      return new Promise((resolve, reject) => {
        client.subscribe([...topics], { qos: 1 }, (error) => {
          if (error === null) return resolve();
          // The library's error for a refusal carries the SUBACK: a code for each topic, in their order.
          const codes = "packet" in error ? grantedIn(error.packet) : [];
          const index = codes.findIndex((code) => code >= 0x80);
          const code = codes[index];
          if (code === undefined) return reject(brokerFault(error, at, true));
          const topic = topics[index] ?? topics.join(", ");
          const sentence = `the broker ${at} does not let this device read ${topic}: ${reasonText(code)}`;
          reject(new Fault("BROKER_REFUSED", sentence, { at, topic, code }));
        });
      });
    },
    unsubscribe(topic) {
      if (client.connected) client.unsubscribe(topic, () => undefined);
    },
    async close(ms) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      });
      const closed = new Promise<void>((resolve) => {
        client.end(false, {}, () => resolve());
      });
      await Promise.race([closed, gone, late]);
      clearTimeout(timer);
      cut(new Fault("BROKER_LOST", "the agent closed the connection"));
    },
  };
}

function grantedIn(packet: unknown): readonly number[] {
  if (typeof packet !== "object" || packet === null || !("granted" in packet) || !Array.isArray(packet.granted))
    return [];
  return packet.granted.filter((code) => typeof code === "number");
}

function incoming(topic: string, payload: Buffer, packet: IPublishPacket): Incoming {
  const { responseTopic, correlationData, userProperties } = packet.properties ?? {};
  return {
    topic,
    payload,
    retained: packet.retain,
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlation: correlationData }),
    ...(userProperties === undefined ? {} : { userProperties: firstOf(userProperties) }),
  };
}

function firstOf(properties: Readonly<Record<string, string | string[]>>): Record<string, string> {
  const pairs = Object.entries(properties).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
  return Object.fromEntries(pairs);
}

/** The same error with the server that the broker named instead of itself. */
function withReference(thrown: unknown, reference: string | undefined): unknown {
  return reference === undefined || !(thrown instanceof Error) || thrown instanceof Fault
    ? thrown
    : Object.assign(thrown, { reference });
}

/** Cuts off a broker that sends more than one bounded packet without ever completing it; the library has no such bound. */
function boundIncoming(client: MqttClient, exceeded: () => void): void {
  let sincePacket = 0;
  client.on("packetreceive", () => {
    sincePacket = 0;
  });
  // Before the parser's own listener, which resets the count for each packet that this chunk completes.
  client.stream.prependListener("data", (chunk: Buffer) => {
    sincePacket += chunk.length;
    if (sincePacket > MAX_INCOMING_BYTES) exceeded();
  });
}
