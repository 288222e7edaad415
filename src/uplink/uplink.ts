// Keeps the device connected to its broker and everything that waits in the journal on its way there.
//
//   journal ─ waiting ─► lanes ─► drain ─ publish ─► connection ─► broker
//   journal ◄─ settle ──────────── PUBACK ◄──────────────┘
import type { IClientOptions, MqttClient } from "mqtt";
import type { BrokerConfig } from "../config/schema.ts";
import type { Journal } from "../journal/journal.ts";
import { type BackoffSettings, DEFAULT_BACKOFF } from "../supervise/backoff.ts";
import { keepRunning, type StageReport } from "../supervise/keep-running.ts";
import { asFault, Fault } from "../words/errors.ts";
import { parseAck } from "./ack.ts";
import { ConnectionCount } from "./conn.ts";
import type { Connection, ConnectionRequest } from "./connection.ts";
import { watchDelivery } from "./delivery.ts";
import { startDrain } from "./drain.ts";
import { addressOf } from "./login.ts";
import { openNegotiated, type ProtocolMemory } from "./protocol.ts";
import type { RetainedStates } from "./states.ts";
import { type Topics, topicsOf } from "./topics.ts";

export interface UplinkSettings {
  readonly site: string;
  readonly device: string;
  readonly broker: BrokerConfig;
  /** Version of the program. */
  readonly version: string;
  /** Id of this boot of the machine. */
  readonly boot: string;
}

export interface UplinkDeps {
  readonly journal: Journal;
  readonly states: RetainedStates;
  readonly report: StageReport;
  readonly signal: AbortSignal;
  /** Wall clock: UTC, RFC 3339 with milliseconds. */
  readonly timeNow: () => string;
  /** Something was refused or dropped without ending the connection: counted and logged by the receiver. */
  readonly dropped: (fault: Fault) => void;
  readonly random?: () => number;
  readonly timings?: Partial<UplinkTimings>;
  readonly makeClient?: (options: IClientOptions) => MqttClient;
}

export interface UplinkTimings {
  readonly backoff: BackoffSettings;
  /** Longest wait for the broker's CONNACK, milliseconds. */
  readonly connackMs: number;
  /** No PUBACK for this long while some are owed: the connection is dead. */
  readonly pubackMs: number;
  /** Least time between two `state/delivery`. */
  readonly deliveryMs: number;
  /** How long a stop waits for what is still on its way. */
  readonly lingerMs: number;
}

export const DEFAULT_TIMINGS: UplinkTimings = {
  backoff: DEFAULT_BACKOFF,
  connackMs: 10_000,
  pubackMs: 30_000,
  deliveryMs: 1_000,
  lingerMs: 2_000,
};

/**
 * Runs until `deps.signal` is aborted; then sends what can still be sent, says `offline` and DISCONNECT, and resolves.
 * A broker that is away, refuses or misbehaves is reported as `degraded` and tried again with jittered back-off.
 */
export async function runUplink(settings: UplinkSettings, deps: UplinkDeps): Promise<void> {
  const timings = { ...DEFAULT_TIMINGS, ...deps.timings };
  const session: Session = {
    settings,
    deps,
    timings,
    topics: topicsOf(settings.broker.prefix, settings.site, settings.device),
    count: new ConnectionCount(deps.journal),
    protocol: { refused5: false },
    committed: () => undefined,
  };
  deps.journal.onCommitted(() => session.committed());
  await keepRunning({
    run: (signal, working) => runSession(session, signal, working),
    report: deps.report,
    signal: deps.signal,
    fallback: "BROKER_LOST",
    backoff: timings.backoff,
    ...(deps.random === undefined ? {} : { random: deps.random }),
  });
}

/** What lasts longer than one connection. */
interface Session {
  readonly settings: UplinkSettings;
  readonly deps: UplinkDeps;
  readonly timings: UplinkTimings;
  readonly topics: Topics;
  readonly count: ConnectionCount;
  readonly protocol: ProtocolMemory;
  /** What the present connection does about a commit. */
  committed: () => void;
}

/** One connection, from CONNECT to its end. */
async function runSession(session: Session, signal: AbortSignal, working: () => void): Promise<void> {
  const { settings, deps, timings, topics } = session;
  const conn = await session.count.next();
  const status = (state: "online" | "offline"): string =>
    JSON.stringify({ state, conn, version: settings.version, boot: settings.boot, time: deps.timeNow() });
  const request: Omit<ConnectionRequest, "options"> = {
    at: addressOf(settings.broker.url).at,
    signal,
    message: (topic, payload) => {
      if (topic !== topics.ack) return;
      try {
        const { stream, upto } = parseAck(payload);
        deps.journal.confirm(stream, upto);
      } catch (thrown) {
        deps.dropped(asFault(thrown, "ACK_INVALID"));
      }
    },
    ...(deps.makeClient === undefined ? {} : { makeClient: deps.makeClient }),
  };
  const opened = await openNegotiated(request, session.protocol, {
    broker: settings.broker,
    device: settings.device,
    connackMs: timings.connackMs,
    will: { topic: topics.status, payload: Buffer.from(status("offline")), qos: 1, retain: true },
  });
  if ("connection" in opened || opened.reached) session.count.spend();
  if (!("connection" in opened)) throw opened.fault;
  await serve(session, opened.connection, status, signal, working);
}

/** Serves an open connection. @throws Fault when it is lost */
async function serve(
  session: Session,
  connection: Connection,
  status: (state: "online" | "offline") => string,
  signal: AbortSignal,
  working: () => void,
): Promise<void> {
  const { settings, deps, timings, topics } = session;
  const drain = startDrain({
    connection,
    journal: deps.journal,
    topics,
    window: settings.broker.window,
    pubackMs: timings.pubackMs,
    dropped: deps.dropped,
    settled: () => delivery.changed(),
    random: deps.random ?? Math.random,
  });
  const delivery = watchDelivery(deps.journal, (json) => drain.post(topics.delivery, json), timings.deliveryMs);
  const unwatch = deps.states.watch((name, json) => drain.post(topics.state(name), json));
  session.committed = () => {
    drain.wake();
    delivery.changed();
  };
  let lost: Fault | undefined;
  const gone = connection.gone.then((fault) => {
    lost = fault;
    drain.stop();
  });
  let stop: () => void = () => undefined;
  const stopping = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    // The first message of every connection; where it is never acknowledged the drain cuts the connection.
    drain.post(topics.status, status("online"));
    await Promise.race([drain.quiet(timings.pubackMs * 3), stopping]);
    if (lost !== undefined) throw lost;
    working();
    for (const [name, json] of deps.states.entries()) drain.post(topics.state(name), json);
    delivery.changed();
    connection.subscribe(topics.ack).catch((thrown: unknown) => {
      // A connection that broke meanwhile is reported by itself.
      if (lost === undefined) deps.dropped(asFault(thrown, "BROKER_REFUSED"));
    });
    drain.open();
    await Promise.race([gone, stopping]);
    if (lost !== undefined) throw lost;

    // A commit may have come after the last call of the journal's listener.
    drain.wake();
    await drain.quiet(timings.lingerMs);
    drain.closeRows();
    await delivery.flush().catch(() => undefined);
    drain.post(topics.status, status("offline"));
    await drain.quiet(timings.lingerMs);
    await connection.close(timings.lingerMs);
  } finally {
    session.committed = () => undefined;
    signal.removeEventListener("abort", stop);
    unwatch();
    delivery.stop();
    drain.stop();
    connection.cut(new Fault("BROKER_LOST", "the agent closed the connection"));
  }
}
