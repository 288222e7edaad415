// A broker that keeps to MQTT and says what a test tells it to: refusals, references, limits, quotas, and forgetting.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { generate, type IConnackPacket, type IConnectPacket, type IPublishPacket, parser } from "mqtt-packet";

/** What a script may decide; everything else goes as a good broker has it. */
export interface Script {
  /** CONNACK to a CONNECT: code, and properties where MQTT 5 is spoken. */
  readonly connack?: (connect: IConnectPacket, index: number) => Partial<IConnackPacket>;
  /** Reason code of a PUBACK; undefined: none is sent. */
  readonly puback?: (publish: IPublishPacket, index: number) => number | undefined;
  /** Reason code of each topic of a SUBSCRIBE. */
  readonly granted?: (topic: string) => number;
  /** Called when a client has been accepted. */
  readonly accepted?: (client: ScriptedClient, index: number) => void;
}

export interface ScriptedClient {
  readonly connect: IConnectPacket;
  /** Sends a message to the client. */
  publish(topic: string, payload: string, more?: Partial<IPublishPacket>): void;
  /** MQTT 5: DISCONNECT with a reason, and the end of the connection. */
  disconnect(reasonCode: number, serverReference?: string): void;
  destroy(): void;
}

export interface ScriptedBroker {
  readonly url: string;
  readonly port: number;
  /** Every CONNECT so far. */
  readonly connects: IConnectPacket[];
  /** Every PUBLISH so far. */
  readonly published: IPublishPacket[];
  /** Topics of every SUBSCRIBE so far. */
  readonly subscribed: string[];
  /** The client that was accepted last. */
  client(): ScriptedClient | undefined;
  /** Moves to the next script. */
  follow(script: Script): void;
  close(): Promise<void>;
}

/** @param server what accepts the sockets, such as a TLS server; a plain one unless given */
export async function startScriptedBroker(
  first: Script = {},
  server: Pick<Server, "on" | "listen" | "address" | "close"> & { readonly event?: string } = createServer(),
): Promise<ScriptedBroker> {
  let script = first;
  let latest: ScriptedClient | undefined;
  const connects: IConnectPacket[] = [];
  const published: IPublishPacket[] = [];
  const subscribed: string[] = [];
  const sockets = new Set<Socket>();
  server.on(server.event ?? "connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    let version: 4 | 5 = 5;
    const send = (packet: Parameters<typeof generate>[0]): void => {
      if (!socket.destroyed) socket.write(generate(packet, { protocolVersion: version }));
    };
    const accept = (connect: IConnectPacket): void => {
      version = connect.protocolVersion === 5 ? 5 : 4;
      const index = connects.push(connect) - 1;
      const said = script.connack?.(connect, index) ?? {};
      const code = said.reasonCode ?? said.returnCode ?? 0;
      send({ cmd: "connack", sessionPresent: false, reasonCode: code, returnCode: code, ...said });
      if (code !== 0) return void socket.end();
      latest = {
        connect,
        publish: (topic, payload, more = {}) =>
          send({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false, ...more }),
        disconnect(reasonCode, serverReference) {
          const properties = serverReference === undefined ? {} : { properties: { serverReference } };
          send({ cmd: "disconnect", reasonCode, ...properties });
          socket.end();
        },
        destroy: () => socket.destroy(),
      };
      script.accepted?.(latest, index);
    };
    const packets = parser({});
    packets.on("packet", (packet) => {
      if (packet.cmd === "connect") accept(packet);
      else if (packet.cmd === "publish") {
        const index = published.push(packet) - 1;
        const reasonCode = script.puback === undefined ? 0 : script.puback(packet, index);
        if (reasonCode !== undefined && packet.messageId !== undefined)
          send({ cmd: "puback", messageId: packet.messageId, reasonCode });
      } else if (packet.cmd === "subscribe") {
        const topics = packet.subscriptions.map(({ topic }) => topic);
        subscribed.push(...topics);
        const granted = topics.map((topic) => script.granted?.(topic) ?? 1);
        send({ cmd: "suback", messageId: packet.messageId ?? 0, granted });
      } else if (packet.cmd === "unsubscribe")
        send({ cmd: "unsuback", messageId: packet.messageId ?? 0, granted: packet.unsubscriptions.map(() => 0) });
      else if (packet.cmd === "pingreq") send({ cmd: "pingresp" });
    });
    packets.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => packets.parse(bytes));
  });
  server.listen(0, "127.0.0.1");
  await once(server as Server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    port: address.port,
    connects,
    published,
    subscribed,
    client: () => latest,
    follow(next) {
      script = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
