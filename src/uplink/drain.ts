// Publishes what waits over one connection: states first, then rows lane by lane, within the window of both sides.
import { type Journal, OUTBOX_LANES, type OutboxRow, type RowFate } from "../journal/journal.ts";
import { backoffMs } from "../supervise/backoff.ts";
import { Fault } from "../words/errors.ts";
import type { Connection, Outgoing, Puback } from "./connection.ts";
import { Lanes } from "./lanes.ts";
import { oversize } from "./oversize.ts";
import { pubackVerdict } from "./reasons.ts";
import type { Topics } from "./topics.ts";

/** Rows read at once from a lane: enough that the next read, taken at half, is back before these are gone. */
const BATCH = 1_000;
/** Tries of a row that the broker refuses without a lasting reason. */
const UNCLEAR_TRIES = 4;
/** Waits before a broker that asked for later is tried again. */
const LATER = { firstMs: 1_000, maxMs: 30_000, stableAfterMs: 0 };
/** Most replies to commands that wait their turn. */
const MAX_REPLIES = 100;
/** What MQTT 5 puts before correlation data, at most, bytes. */
const PROPERTIES_BYTES = 8;
/** Only this lane may fill the window to its end. */
const ALERT_LANE = 0;

type Answer = Exclude<Puback, "lost">;

interface Post extends Outgoing {
  readonly taken?: () => void;
}

export interface DrainDeps {
  readonly connection: Pick<Connection, "publish" | "limits" | "cut">;
  readonly journal: Pick<Journal, "waiting" | "settle">;
  readonly topics: Topics;
  /** Most publishes without PUBACK. */
  readonly window: number;
  /** `server`: an acknowledged row stays unconfirmed until the server's `ack`. */
  readonly confirm: "puback" | "server";
  /** No PUBACK for this long while some are owed: the connection is dead, milliseconds. */
  readonly pubackMs: number;
  /** A publish was refused or a row cannot be sent: counted and logged by the receiver. */
  readonly dropped: (fault: Fault) => void;
  /** Rows were settled. */
  readonly settled: () => void;
  /** The broker's quota is used up (a fault), or it takes rows again (undefined). */
  readonly limited: (fault: Fault | undefined) => void;
  readonly random: () => number;
}

export interface Drain {
  /**
   * Publishes a retained state; a newer one replaces an older one that is still waiting its turn.
   * @param taken called where the broker took it
   */
  post(topic: string, json: string, taken?: () => void): void;
  /** Publishes a reply to a command, or says why it is too large for that. */
  reply(topic: string, json: string, correlation?: Buffer): string | undefined;
  /** Rows may be sent from now on. */
  open(): void;
  /** A wait for a broker that asked for later ends now. */
  hurry(): void;
  /** Rows were committed or put back. */
  wake(): void;
  /** True where no row of this lane is left to be sent; in flight some may be. */
  isClear(lane: number): boolean;
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
  const { limits } = connection;
  const limit = Math.max(1, Math.min(deps.window, limits.receiveMaximum));
  /** A backlog leaves room, so that an alert does not wait for anybody's PUBACK. */
  const backlogLimit = limit - Math.min(4, limit >> 3);
  /** Rows in flight that the broker's quota seems to allow: 1 after a refusal, more with each acceptance. */
  let allowed = limit;
  const lanes = new Lanes(OUTBOX_LANES, BATCH);
  /** What waits beside rows, by topic; replies, which must not replace each other, by number. */
  const posts = new Map<string, Post>();
  let replies = 0;
  /** Posts that the broker asked for later. */
  let postponed: [string, Post][] = [];
  const tries = new Map<OutboxRow, number>();
  let fates: RowFate[] = [];
  let inFlight = 0;
  let rowsOpen = false;
  let stopped = false;
  let dead = false;
  let pauses = 0;
  let pause: NodeJS.Timeout | undefined;
  /** Rows of this lane and those after it wait for the end of the pause: the most urgent lane that was refused. */
  let pausedFrom = Number.POSITIVE_INFINITY;
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
    tries.delete(row);
    settle({ stream: row.stream, seq: row.seq, refused: reason });
    deps.dropped(
      new Fault("PUBLISH_REFUSED", `event ${row.seq} was not delivered: ${reason}`, { seq: row.seq, type: row.type }),
    );
  };

  const tryLater = (lane: number): void => {
    allowed = 1;
    pausedFrom = Math.min(pausedFrom, lane);
    if (pause !== undefined) return;
    pauses += 1;
    pause = setTimeout(goOn, backoffMs(pauses, LATER, deps.random()));
  };
  const goOn = (): void => {
    clearTimeout(pause);
    pause = undefined;
    pausedFrom = Number.POSITIVE_INFINITY;
    for (const [key, message] of postponed) if (!posts.has(key)) posts.set(key, message);
    postponed = [];
    pump();
  };
  const overQuota = (reason: string): void => {
    deps.limited(new Fault("BROKER_QUOTA", `the broker takes no more of this device's messages for now: ${reason}`));
  };

  const accepted = (row: OutboxRow): void => {
    if (pauses > 0) deps.limited(undefined);
    pauses = 0;
    allowed = Math.min(limit, allowed + 1);
    tries.delete(row);
    const { stream, seq } = row;
    settle(deps.confirm === "server" ? { stream, seq, unconfirmed: true } : { stream, seq });
  };
  const rowAcknowledged = (row: OutboxRow, puback: Answer): void => {
    switch (pubackVerdict(puback.code)) {
      case "accepted":
        accepted(row);
        return;
      case "refused":
        refuse(row, puback.reason);
        return;
      case "later":
        overQuota(puback.reason);
        lanes.putBack(row);
        tryLater(row.lane);
        return;
      case "unclear": {
        const count = (tries.get(row) ?? 0) + 1;
        if (count >= UNCLEAR_TRIES) {
          refuse(row, puback.reason);
          return;
        }
        tries.set(row, count);
        lanes.putBack(row);
        tryLater(row.lane);
      }
    }
  };
  const postAcknowledged = (key: string, message: Post, puback: Answer): void => {
    if (puback.code < 0x80) {
      message.taken?.();
      return;
    }
    if (pubackVerdict(puback.code) === "later") {
      overQuota(puback.reason);
      postponed.push([key, message]);
      tryLater(Number.POSITIVE_INFINITY);
      return;
    }
    const { topic } = message;
    deps.dropped(new Fault("PUBLISH_REFUSED", `the broker refused ${topic}: ${puback.reason}`, { topic }));
  };

  const send = (message: Outgoing, done: (puback: Answer) => void): void => {
    inFlight += 1;
    connection.publish(message, (puback) => {
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
    const tooLarge = oversize(topic, row.json, limits.maximumPacketBytes);
    if (tooLarge !== undefined) refuse(row, tooLarge);
    else send({ topic, payload: row.json, retain: false }, (puback) => rowAcknowledged(row, puback));
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
  const sendPosts = (): void => {
    for (const [key, message] of posts) {
      if (inFlight >= limit) return;
      posts.delete(key);
      send(message, (puback) => postAcknowledged(key, message, puback));
    }
  };
  const sendRows = (): void => {
    const backlogRoom = Math.min(backlogLimit, allowed);
    while (inFlight < Math.min(limit, allowed)) {
      const before = inFlight < backlogRoom ? pausedFrom : Math.min(pausedFrom, ALERT_LANE + 1);
      const row = lanes.next(before);
      if (row === undefined) break;
      sendRow(row);
    }
    read();
  };
  const pump = (): void => {
    if (stopped || dead) return;
    sendPosts();
    if (rowsOpen) sendRows();
    const rowsWait = rowsOpen && (!lanes.empty || pause !== undefined);
    if (inFlight === 0 && posts.size === 0 && postponed.length === 0 && !rowsWait) {
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
    post(topic, json, taken) {
      posts.set(topic, { topic, payload: json, retain: true, ...(taken === undefined ? {} : { taken }) });
      pump();
    },
    reply(topic, json, correlation) {
      if (posts.size >= MAX_REPLIES) return undefined;
      const tooLarge = oversize(topic, json, limits.maximumPacketBytes - (correlation?.length ?? 0) - PROPERTIES_BYTES);
      if (tooLarge !== undefined) return tooLarge;
      replies += 1;
      const more = correlation === undefined ? {} : { correlation };
      posts.set(`#${replies}`, { topic, payload: json, retain: false, ...more });
      pump();
      return undefined;
    },
    open() {
      rowsOpen = true;
      pump();
    },
    hurry: goOn,
    wake() {
      lanes.wake();
      pump();
    },
    isClear: (lane) => lanes.isClear(lane),
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
