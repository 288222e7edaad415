// A TCP server that pretends to be a broker and behaves badly in one chosen way.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** CONNACK of MQTT 5 and of 3.1.1: success. */
export const CONNACK_5 = Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00]);
export const CONNACK_311 = Buffer.from([0x20, 0x02, 0x00, 0x00]);

export interface HostileBroker {
  readonly url: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Bytes that could be handed to the kernel so far. */
  readonly written: number;
  close(): Promise<void>;
}

export interface HostileSocket {
  readonly socket: Socket;
  /** 0 for the first connection. */
  readonly index: number;
  /** Protocol level of the CONNECT: 5 or 4. */
  readonly level: number;
  /** Sends, ignoring a socket that is gone. */
  send(bytes: Buffer): boolean;
}

/** Starts a server that calls `behave` when a CONNECT has come in. */
export async function startHostileBroker(behave: (client: HostileSocket) => void): Promise<HostileBroker> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let written = 0;
  const server = createServer((socket) => {
    const index = accepted;
    accepted += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      written += socket.bytesWritten;
      sockets.delete(socket);
    });
    socket.once("data", (connect) => {
      behave({
        socket,
        index,
        // Fixed header, remaining length, "MQTT" with its length, then the level.
        level: connect[connect.indexOf("MQTT") + 4] ?? 0,
        send: (bytes) => !socket.destroyed && socket.write(bytes),
      });
      socket.resume();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    get accepted() {
      return accepted;
    },
    get written() {
      return written;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
