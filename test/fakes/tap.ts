// A tap between the agent and its broker: passes everything on and keeps every byte that the agent sent.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Tap {
  readonly url: string;
  readonly port: number;
  /** Every byte that came from the agent, connection after connection. */
  sent(): Buffer;
  close(): Promise<void>;
}

/** @param broker port of the broker on loopback */
export async function startTap(broker: number): Promise<Tap> {
  const sent: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((agent) => {
    const onward = connect(broker, "127.0.0.1");
    for (const socket of [agent, onward]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => sockets.delete(socket));
    }
    agent.on("data", (bytes) => sent.push(bytes));
    agent.pipe(onward);
    onward.pipe(agent);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    port: address.port,
    sent: () => Buffer.concat(sent),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
