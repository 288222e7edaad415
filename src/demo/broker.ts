// An MQTT broker inside the demo's own process, on loopback only; each device may write only below its own name.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Aedes } from "aedes";

export interface Broker {
  /** mqtt://127.0.0.1:PORT */
  readonly url: string;
  close(): Promise<void>;
}

/** Whether the contract's broker rule, `touchpoint/v1/+/%u/#`, lets a user write to a topic. */
export function mayPublish(user: string | undefined, topic: string): boolean {
  const [root, version, , device, ...rest] = topic.split("/");
  return user !== undefined && root === "touchpoint" && version === "v1" && device === user && rest.length > 0;
}

/** Starts it on a free port. */
export async function startBroker(): Promise<Broker> {
  const users = new WeakMap<object, string>();
  const broker = await Aedes.createBroker({
    authenticate: (client, username, _password, done) => {
      if (username !== undefined) users.set(client, username);
      done(null, true);
    },
    authorizePublish: (client, packet, done) => {
      const allowed = client !== null && mayPublish(users.get(client), packet.topic);
      done(allowed ? null : new Error(`not allowed to write to ${packet.topic}`));
    },
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the broker has no port");
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    async close() {
      await new Promise<void>((resolve) => broker.close(resolve));
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
