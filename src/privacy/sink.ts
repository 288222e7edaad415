// A broker that keeps every byte it is sent and passes nothing on: enough MQTT for an agent to send all it has.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import mqtt from "mqtt-packet";

export interface Sink {
  /** mqtt://127.0.0.1:PORT */
  readonly url: string;
  /** Every byte that came, connection after connection. */
  bytes(): Buffer;
  /** The last payload on each topic, by the topic's last part. */
  readonly last: ReadonlyMap<string, Buffer>;
  close(): Promise<void>;
}

/** Opens a sink on loopback. */
export async function openSink(): Promise<Sink> {
  const chunks: Buffer[] = [];
  const last = new Map<string, Buffer>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    let protocolVersion = 4;
    const answer = (packet: mqtt.Packet): void => void socket.write(mqtt.generate(packet, { protocolVersion }));
    const parser = mqtt.parser();
    parser.on("error", () => socket.destroy());
    parser.on("packet", (packet) => {
      switch (packet.cmd) {
        case "connect":
          protocolVersion = packet.protocolVersion ?? 4;
          return answer({ cmd: "connack", sessionPresent: false, returnCode: 0, reasonCode: 0 });
        case "publish":
          last.set(packet.topic.split("/").at(-1) ?? "", Buffer.from(packet.payload));
          if (packet.qos === 1) answer({ cmd: "puback", messageId: packet.messageId ?? 0 });
          return;
        case "subscribe":
          return answer({
            cmd: "suback",
            messageId: packet.messageId ?? 0,
            granted: packet.subscriptions.map(() => 1),
          });
        case "pingreq":
          return answer({ cmd: "pingresp" });
        default:
      }
    });
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      parser.parse(chunk);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    bytes: () => Buffer.concat(chunks),
    last,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
