// Many spoiled requests over raw sockets, some at one moment, and what became of each.
import { connect } from "node:net";

/** Connections at one moment; the servers take 32 or more. */
const AT_ONCE = 16;
/** Longest time that a bad request may hold a connection, milliseconds: requests are given ten seconds. */
const PATIENCE_MS = 20_000;

export type Answered = "2xx" | "4xx" | "5xx" | "closed without a word" | "stuck";

/** Sends and reads until the other side closes; closes its own side first half of the time. */
async function call(port: number, bytes: Buffer): Promise<Answered> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    const timer = setTimeout(() => finish("stuck"), PATIENCE_MS);
    const finish = (how?: Answered): void => {
      clearTimeout(timer);
      socket.destroy();
      const status = /^HTTP\/1\.1 (\d)/.exec(heard)?.[1];
      if (how !== undefined) resolve(how);
      else if (status === "2" || status === "4" || status === "5") resolve(`${status}xx`);
      else resolve("closed without a word");
    };
    socket.on("data", (chunk: Buffer) => {
      if (heard.length < 64) heard += chunk.toString("latin1");
      // The live stream has no end.
      if (heard.includes("event-stream")) finish();
    });
    socket.on("error", () => finish());
    socket.on("close", () => finish());
    // A half-closed connection is told that nothing more comes.
    socket.end(bytes);
  });
}

export interface Calls {
  readonly port: () => number;
  /** The bytes of the next request. */
  readonly request: () => Buffer;
  /** Called twenty times on the way. */
  readonly look: (sent: number) => void;
}

/** Sends so many requests and counts what became of them. */
export async function callMany(requests: number, { port, request, look }: Calls): Promise<Record<Answered, number>> {
  const answers = { "2xx": 0, "4xx": 0, "5xx": 0, "closed without a word": 0, stuck: 0 };
  let sent = 0;
  const caller = async (): Promise<void> => {
    while (sent < requests) {
      sent += 1;
      if (sent % Math.ceil(requests / 20) === 0) look(sent);
      answers[await call(port(), request())] += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  return answers;
}
