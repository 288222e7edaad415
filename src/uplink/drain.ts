// Publishes what waits over one connection: states first, then rows lane by lane, within the window of both sides.
import { type Journal, OUTBOX_LANES, type OutboxRow, type RowFate } from "../journal/journal.ts";
import { backoffMs } from "../supervise/backoff.ts";
import { Fault } from "../words/errors.ts";
import type { Connection, Puback } from "./connection.ts";
import { Lanes } from "./lanes.ts";
import { pubackVerdict } from "./reasons.ts";
import type { Topics } from "./topics.ts";

/** Rows read at once from a lane: enough that the next read, taken at half, is back before these are gone. */
const BATCH = 1_000;
/** Largest payload that the contract allows, bytes. */
const MAX_PAYLOAD_BYTES = 65_536;
/** Tries of a row that the broker refuses without a lasting reason. */
const UNCLEAR_TRIES = 4;
const LATER = { firstMs: 1_000, maxMs: 30_000, stableAfterMs: 0 };

type Answer = Exclude<Puback, "lost">;

export interface DrainDeps {
  readonly connection: Pick<Connection, "publish" | "receiveMaximum" | "maximumPacketBytes" | "protocol" | "cut">;
  readonly journal: Pick<Journal, "waiting" | "settle">;
  readonly topics: Topics;
  /** Most publishes without PUBACK. */
  readonly window: number;
  /** No PUBACK for this long while some are owed: the connection is dead, milliseconds. */
  readonly pubackMs: number;
  /** A publish was refused or a row cannot be sent: counted and logged by the receiver. */
  readonly dropped: (fault: Fault) => void;
  /** Rows were settled. */
  readonly settled: () => void;
  readonly random: () => number;
}

export interface Drain {
  /** Publishes a retained state; a newer one replaces an older one that is still waiting its turn. */
  post(topic: string, json: string): void;
  /** Rows may be sent from now on. */
  open(): void;
  /** Rows were committed. */
  wake(): void;
  /** No further rows; those in flight and posted states may still be acknowledged. */
  closeRows(): void;
  /** Resolves when nothing waits and nothing is in flight, or after `ms`, or when stopped. */
  quiet(ms: number): Promise<void>;
  /** The connection is gone: nothing more is sent, in-flight rows stay unsettled and are read again by the next one. */
  stop(): void;
}

/** Drains the journal over one connection. No row is sent twice over it unless the broker asked for later. */
export function startDrain(deps: DrainDeps): Drain {
  const { connection, journal, topics } = deps;
  const limit = Math.max(1, Math.min(deps.window, connection.receiveMaximum));
  const lanes = new Lanes(OUTBOX_LANES, BATCH);
  const posts = new Map<string, string>();
  const tries = new Map<number, number>();
  let fates: RowFate[] = [];
  let inFlight = 0;
  let rowsOpen = false;
  let stopped = false;
  let dead = false;
  let pauses = 0;
  let pause: NodeJS.Timeout | undefined;
  let ackedSinceCheck = true;
  let whenQuiet: (() => void)[] = [];

  const flushFates = (): void => {
    if (fates.length === 0) return;
    const batch = fates;
    fates = [];
    journal.settle(batch);
    deps.settled();
  };
  const settle = (fate: RowFate): void => {
    // One call for all PUBACKs of one read from the socket.
    if (fates.length === 0) setImmediate(flushFates);
    fates.push(fate);
  };
  const refuse = (row: OutboxRow, reason: string): void => {
    settle({ stream: row.stream, seq: row.seq, refused: reason });
    deps.dropped(
      new Fault("PUBLISH_REFUSED", `event ${row.seq} was not delivered: ${reason}`, { seq: row.seq, type: row.type }),
    );
  };
  const later = (row: OutboxRow): void => {
    lanes.putBack(row);
    if (pause !== undefined) return;
    pauses += 1;
    pause = setTimeout(
      () => {
        pause = undefined;
        pump();
      },
      backoffMs(pauses, LATER, deps.random()),
    );
  };

  const rowAcknowledged = (row: OutboxRow, puback: Answer): void => {
    switch (pubackVerdict(puback.code)) {
      case "accepted":
        pauses = 0;
        tries.delete(row.seq);
        settle({ stream: row.stream, seq: row.seq });
        return;
      case "refused":
        refuse(row, puback.reason);
        return;
      case "later":
        later(row);
        return;
      case "unclear": {
        const count = (tries.get(row.seq) ?? 0) + 1;
        if (count < UNCLEAR_TRIES) {
          tries.set(row.seq, count);
          later(row);
          return;
        }
        tries.delete(row.seq);
        refuse(row, puback.reason);
      }
    }
  };

  const send = (topic: string, payload: string, retain: boolean, done: (puback: Answer) => void): void => {
    inFlight += 1;
    connection.publish(topic, payload, retain, (puback) => {
      inFlight -= 1;
      ackedSinceCheck = true;
      if (stopped) return;
      if (puback === "lost") {
        // The end of the connection is announced separately; until then nothing more is fed to it.
        dead = true;
        return;
      }
      done(puback);
      pump();
    });
  };

  const sendRow = (row: OutboxRow): void => {
    const topic = topics.event(row.type);
    const tooLarge = oversize(topic, row.json, connection.maximumPacketBytes);
    if (tooLarge !== undefined) refuse(row, tooLarge);
    else send(topic, row.json, false, (puback) => rowAcknowledged(row, puback));
  };

  const read = (): void => {
    for (const wanted of lanes.reads())
      journal.waiting(wanted.lane, wanted.after, wanted.limit).then(
        (rows) => {
          lanes.add(wanted, rows);
          pump();
        },
        // The journal reports its own trouble; the next commit or PUBACK asks again.
        () => lanes.failed(wanted),
      );
  };

  const pump = (): void => {
    if (stopped || dead) return;
    while (inFlight < limit && posts.size > 0) {
      const [topic, json] = posts.entries().next().value ?? ["", ""];
      posts.delete(topic);
      send(topic, json, true, (puback) => {
        if (puback.code < 0x80) return;
        deps.dropped(new Fault("PUBLISH_REFUSED", `the broker refused ${topic}: ${puback.reason}`, { topic }));
      });
    }
    if (rowsOpen && pause === undefined) {
      while (inFlight < limit) {
        const row = lanes.next();
        if (row === undefined) break;
        sendRow(row);
      }
      read();
    }
    if (inFlight === 0 && posts.size === 0 && (!rowsOpen || (lanes.empty && pause === undefined))) {
      flushFates();
      for (const resolve of whenQuiet) resolve();
      whenQuiet = [];
    }
  };

  const watchdog = setInterval(() => {
    if (inFlight > 0 && !ackedSinceCheck)
      connection.cut(new Fault("BROKER_LOST", "the broker stopped acknowledging what it is sent", { inFlight }));
    ackedSinceCheck = inFlight === 0;
  }, deps.pubackMs);

  return {
    post(topic, json) {
      posts.set(topic, json);
      pump();
    },
    open() {
      rowsOpen = true;
      pump();
    },
    wake() {
      lanes.wake();
      pump();
    },
    closeRows() {
      rowsOpen = false;
      pump();
    },
    async quiet(ms) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
        whenQuiet.push(resolve);
        if (stopped) resolve();
        else pump();
      });
      clearTimeout(timer);
    },
    stop() {
      stopped = true;
      clearInterval(watchdog);
      clearTimeout(pause);
      flushFates();
      for (const resolve of whenQuiet) resolve();
      whenQuiet = [];
    },
  };
}

/** Why a payload cannot be sent, or undefined where it can. */
function oversize(topic: string, json: string, maximumPacketBytes: number): string | undefined {
  // A UTF-16 unit is at most 3 bytes of UTF-8; most rows are spared the exact count.
  const small = json.length * 3 + topic.length * 3 + 16;
  if (small <= maximumPacketBytes && json.length * 3 <= MAX_PAYLOAD_BYTES) return undefined;
  const payload = Buffer.byteLength(json);
  if (payload > MAX_PAYLOAD_BYTES) return `${payload} bytes are more than the contract's ${MAX_PAYLOAD_BYTES}`;
  const packet = publishBytes(Buffer.byteLength(topic), payload);
  if (packet > maximumPacketBytes) return `a packet of ${packet} bytes is more than the broker's ${maximumPacketBytes}`;
  return undefined;
}

/** Bytes of an MQTT 5 PUBLISH at QoS 1 without properties (MQTT 5, section 3.3). */
export function publishBytes(topicBytes: number, payloadBytes: number): number {
  const remaining = 2 + topicBytes + 2 + 1 + payloadBytes;
  const lengthBytes = remaining < 128 ? 1 : remaining < 16_384 ? 2 : remaining < 2_097_152 ? 3 : 4;
  return 1 + lengthBytes + remaining;
}
