// A bad network as a TCP proxy on loopback: it delays, cuts, refuses, goes deaf in one direction and garbles bytes.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export type Direction = "up" | "down";

export interface LinkFaults {
  /** Each chunk arrives this much later, milliseconds. */
  readonly delayMs: number;
  /** Directions in which nothing arrives any more, though both ends think the connection is open. */
  readonly dead: readonly Direction[];
  /** Share of the chunks of which one byte is changed, 0 to 1. */
  readonly garble: number;
  /** New connections are closed at once. */
  readonly refuse: boolean;
}

export const WELL: LinkFaults = { delayMs: 0, dead: [], garble: 0, refuse: false };

export interface Link {
  readonly port: number;
  /** From now on, for connections that are open too. A connection that went deaf never hears again: what was swallowed is gone. */
  set(faults: Partial<LinkFaults>): void;
  /** Cuts every open connection with a reset. */
  cut(): void;
  readonly connections: number;
  /** Connections that were ever asked for. */
  readonly asked: number;
  /** Chunks of which a byte was changed. */
  readonly garbled: number;
  close(): Promise<void>;
}

/** Most bytes held back in one direction while they are delayed. */
const MOST_HELD = 4_194_304;

/** Starts a link to a port of this machine. @param random decides which bytes are changed */
export async function startLink(toPort: number, random: () => number): Promise<Link> {
  let faults = WELL;
  let garbled = 0;
  let asked = 0;
  const open = new Set<Socket>();

  const garble = (chunk: Buffer): Buffer => {
    if (faults.garble === 0 || random() >= faults.garble || chunk.length === 0) return chunk;
    garbled += 1;
    const changed = Buffer.from(chunk);
    const at = Math.floor(random() * changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return changed;
  };
  const carry = (from: Socket, to: Socket, direction: Direction): void => {
    let deaf = false;
    let held = 0;
    /** When the last chunk is due: a shorter delay must not let a later chunk overtake it. */
    let dueMs = 0;
    const write = (chunk: Buffer): void => {
      if (to.destroyed) return;
      if (!to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    };
    from.on("data", (chunk: Buffer) => {
      deaf ||= faults.dead.includes(direction);
      if (deaf) return;
      const changed = garble(chunk);
      const now = performance.now();
      if (faults.delayMs === 0 && held === 0) return write(changed);
      dueMs = Math.max(dueMs, now + faults.delayMs);
      held += changed.length;
      if (held > MOST_HELD) from.pause();
      setTimeout(() => {
        held -= changed.length;
        if (held <= MOST_HELD) from.resume();
        write(changed);
      }, dueMs - now);
    });
    from.on("error", () => undefined);
    from.once("close", () => {
      open.delete(from);
      // A direction that is dead does not carry the end of the connection either.
      if (!deaf) to.destroy();
    });
  };
  const server = createServer({ noDelay: true }, (near) => {
    asked += 1;
    near.on("error", () => undefined);
    if (faults.refuse) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: toPort, host: "127.0.0.1", noDelay: true });
    open.add(near);
    open.add(far);
    carry(near, far, "up");
    carry(far, near, "down");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the link has no port");
  const cut = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    set(changed) {
      faults = { ...faults, ...changed };
    },
    cut,
    get connections() {
      return open.size / 2;
    },
    get asked() {
      return asked;
    },
    get garbled() {
      return garbled;
    },
    async close() {
      cut();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}
