// Keeps the device connected to its broker and everything that waits in the journal on its way there.
//
//   journal ─ waiting ─► lanes ─► drain ─ publish ─► connection ─► broker
//   journal ◄─ settle ──────────── PUBACK ◄──────────────┘
import type { IClientOptions, MqttClient } from "mqtt";
import type { CommandsConfig } from "../config/commands.ts";
import type { BrokerConfig } from "../config/schema.ts";
import type { Journal } from "../journal/journal.ts";
import { type BackoffSettings, DEFAULT_BACKOFF, pause } from "../supervise/backoff.ts";
import { keepRunning, type StageReport } from "../supervise/keep-running.ts";
import type { CommandName } from "../words/commands.ts";
import { asFault, type Fault } from "../words/errors.ts";
import type { EventData, Stamped } from "../words/events.ts";
import type { StatusMessage } from "../words/topics.ts";
import { withOwnDates } from "./certificates.ts";
import { type Command, Commanding } from "./commanding.ts";
import { ConnectionCount } from "./conn.ts";
import type { ConnectionRequest, Incoming } from "./connection.ts";
import { flushCommand } from "./flush.ts";
import { finishInstall } from "./install.ts";
import { addressOf } from "./login.ts";
import { type Route, routeAfter } from "./moved.ts";
import { DEFAULT_PATIENCE, Patience, type PatienceSettings } from "./patience.ts";
import { pingCommand } from "./ping.ts";
import { openNegotiated, type ProtocolMemory } from "./protocol.ts";
import { LoginRenewal } from "./renewal.ts";
import { resendCommand } from "./resend.ts";
import { rightsOf } from "./rights.ts";
import { type End, serveConnection } from "./session.ts";
import type { RetainedStates } from "./states.ts";
import { type Topics, topicsOf } from "./topics.ts";

export interface UplinkSettings {
  readonly site: string;
  readonly device: string;
  readonly broker: BrokerConfig;
  /** Who may give which command. */
  readonly commands: CommandsConfig;
  /** Version of the program. */
  readonly version: string;
  /** Id of this boot of the machine. */
  readonly boot: string;
}

export interface UplinkDeps {
  readonly journal: Journal;
  readonly states: RetainedStates;
  readonly report: StageReport;
  /** The stage `certificates`: degraded 30 days before one of the login's ends, or while a new one cannot be used. */
  readonly certificates: StageReport;
  readonly signal: AbortSignal;
  /** Wall clock: UTC, RFC 3339 with milliseconds. */
  readonly timeNow: () => string;
  /** Whether `timeNow` can be trusted; without it always. */
  readonly clockTrusted?: () => boolean;
  /** Registers what to call when a new attempt may succeed at once: the clock was set, the network came up. */
  readonly onNudge?: (nudge: () => void) => void;
  /** Something was refused or dropped without ending the connection: counted and logged by the receiver. */
  readonly dropped: (fault: Fault) => void;
  /** Makes the audit event of a command, ready to be committed. */
  readonly audit: (data: EventData["audit"]) => Stamped;
  /** Commands that other rooms carry out, by name. */
  readonly commands?: Readonly<Partial<Record<CommandName, Command>>>;
  /** Retained words outside this device's root, said once on each connection. */
  readonly announcements?: readonly Announcement[];
  /** Takes fleet settings (`config`); absent: the topic is not read. */
  readonly config?: (payload: Buffer) => void;
  readonly random?: () => number;
  readonly timings?: Partial<UplinkTimings>;
  readonly makeClient?: (options: IClientOptions) => MqttClient;
}

export interface Announcement {
  readonly topic: string;
  /** Empty: what is retained there is taken away. */
  readonly json: string;
  /** The broker took it. */
  readonly taken?: () => void;
}

export interface UplinkTimings {
  readonly backoff: BackoffSettings;
  readonly patience: PatienceSettings;
  /** Longest wait for the broker's CONNACK, milliseconds. */
  readonly connackMs: number;
  /** No PUBACK for this long while some are owed: the connection is dead. */
  readonly pubackMs: number;
  /** Longest wait for what the broker remembers of this device, before the first row is sent. */
  readonly rememberedMs: number;
  /** Least time between two `state/delivery`. */
  readonly deliveryMs: number;
  /** How often certificates and password are looked at. */
  readonly renewalMs: number;
  /** How long a stop waits for what is still on its way. */
  readonly lingerMs: number;
}

export const DEFAULT_TIMINGS: UplinkTimings = {
  backoff: DEFAULT_BACKOFF,
  patience: DEFAULT_PATIENCE,
  connackMs: 10_000,
  pubackMs: 30_000,
  rememberedMs: 2_000,
  deliveryMs: 1_000,
  renewalMs: 5_000,
  lingerMs: 2_000,
};

/** What lasts longer than one connection. */
export interface Uplink {
  readonly settings: UplinkSettings;
  readonly deps: UplinkDeps;
  readonly timings: UplinkTimings;
  readonly topics: Topics;
  readonly commanding: Commanding;
  /** Number of the present or last connection; 0 before the first. */
  conn: number;
  /** UTC time of the last `status` of this process; undefined before the first. */
  lastStatus: string | undefined;
  /** What the present connection does about a commit. */
  committed: () => void;
  /** Tries at once what waits for another try; resolves when all is at the broker, or after `ms`. */
  flush: (ms: number) => Promise<void>;
  /** Ends the present connection in order, so that the next one uses new files. */
  renew: () => void;
  /** Ends the present wait between two attempts. */
  hurry: () => void;
}

/** What only the making of connections knows. */
interface Making {
  readonly count: ConnectionCount;
  readonly protocol: ProtocolMemory;
  readonly renewal: LoginRenewal;
  readonly patience: Patience;
  /** Where the broker sent this device. */
  route: Route | undefined;
  /** Monotonic milliseconds since which the present or last connection serves; undefined where it never did. */
  servingSince: number | undefined;
}

/**
 * Runs until `deps.signal` is aborted; then sends what can still be sent, says `offline` and DISCONNECT, and resolves.
 * A broker that is away, refuses or misbehaves is reported as `degraded` and tried again with jittered back-off.
 */
export async function runUplink(settings: UplinkSettings, deps: UplinkDeps): Promise<void> {
  const timings = { ...DEFAULT_TIMINGS, ...deps.timings };
  const { broker, version, boot } = settings;
  const about = { version, boot };
  const nowMs = (): number => Date.parse(deps.timeNow());
  const topics = topicsOf(broker.prefix, settings.site, settings.device);
  const uplink: Uplink = {
    settings,
    deps,
    timings,
    topics,
    commanding: new Commanding({
      journal: deps.journal,
      commands: new Map([
        ["resend", resendCommand(deps.journal, () => uplink.committed())],
        ["ping", pingCommand(deps.journal, () => ({ ...about, conn: uplink.conn, time: deps.timeNow() }))],
        ["flush", flushCommand(deps.journal, (ms) => uplink.flush(ms))],
        ...Object.entries(deps.commands ?? {}),
      ]),
      rights: rightsOf(settings.commands),
      place: settings,
      root: topics.root,
      replyPrefix: broker.replyPrefix,
      nowMs,
      clockTrusted: deps.clockTrusted ?? (() => true),
      audit: deps.audit,
      dropped: deps.dropped,
    }),
    conn: 0,
    lastStatus: undefined,
    committed: () => undefined,
    flush: async () => undefined,
    renew: () => undefined,
    hurry: () => undefined,
  };
  const renewed = (): void => {
    uplink.renew();
    uplink.hurry();
  };
  const making: Making = {
    count: new ConnectionCount(deps.journal),
    protocol: { refused5: false },
    renewal: new LoginRenewal(broker, { report: deps.certificates, nowMs, renewed }),
    patience: new Patience(timings.patience),
    route: undefined,
    servingSince: undefined,
  };
  try {
    finishInstall(broker);
  } catch (thrown) {
    deps.certificates("degraded", asFault(thrown, "CONFIG_WRITE"));
  }
  deps.journal.onCommitted(() => uplink.committed());
  deps.onNudge?.(() => uplink.hurry());
  const looks = setInterval(() => void making.renewal.look(), timings.renewalMs);
  await keepRunning({
    async run(signal, working) {
      while ((await connectOnce(uplink, making, signal, working)) === "renewed");
    },
    report: deps.report,
    signal: deps.signal,
    fallback: "BROKER_LOST",
    backoff: timings.backoff,
    ...(deps.random === undefined ? {} : { random: deps.random }),
    wait: (ms, fault, signal) => waitToRetry(uplink, making, ms, fault, signal),
  });
  clearInterval(looks);
  uplink.commanding.stop();
}

/** One connection, from CONNECT to its end. @throws Fault when it is lost */
async function connectOnce(uplink: Uplink, making: Making, signal: AbortSignal, working: () => void): Promise<End> {
  const { settings, deps, timings, topics } = uplink;
  const broker = { ...settings.broker, ...(making.route === undefined ? {} : { url: making.route.url }) };
  making.servingSince = undefined;
  try {
    const files = making.renewal.take();
    const conn = await making.count.next();
    uplink.conn = conn;
    const status = (state: StatusMessage["state"]): string =>
      JSON.stringify({
        state,
        conn,
        version: settings.version,
        boot: settings.boot,
        time: deps.timeNow(),
      } satisfies StatusMessage);
    let receive: (message: Incoming) => void = () => undefined;
    const request: Omit<ConnectionRequest, "options"> = {
      at: addressOf(broker.url).at,
      signal,
      message: (message) => receive(message),
      ...(deps.makeClient === undefined ? {} : { makeClient: deps.makeClient }),
    };
    const opened = await openNegotiated(request, making.protocol, {
      broker,
      files,
      device: settings.device,
      connackMs: timings.connackMs,
      will: { topic: topics.status, payload: Buffer.from(status("offline")), qos: 1, retain: true },
    });
    if ("connection" in opened || opened.reached) making.count.spend();
    if (!("connection" in opened)) throw withOwnDates(opened.fault, files.tls, Date.parse(deps.timeNow()));
    return await serveConnection(uplink, opened.connection, {
      status,
      conn,
      signal,
      working: () => {
        making.servingSince ??= performance.now();
        working();
      },
      receiver: (receiver) => {
        receive = receiver;
      },
    });
  } catch (thrown) {
    const fault = asFault(thrown, "BROKER_LOST");
    const stays = making.route?.stays === "kept" && making.servingSince !== undefined;
    making.route = routeAfter(fault, settings.broker) ?? (stays ? making.route : undefined);
    throw fault;
  }
}

async function waitToRetry(
  uplink: Uplink,
  making: Making,
  ms: number,
  fault: Fault,
  signal: AbortSignal,
): Promise<void> {
  const servedMs = making.servingSince === undefined ? 0 : performance.now() - making.servingSince;
  const random = uplink.deps.random ?? Math.random;
  const hurried = new AbortController();
  // Nothing that happens here makes the other device give up the name.
  if (fault.code !== "BROKER_TAKEN") uplink.hurry = () => hurried.abort();
  await pause(making.patience.waitMs(fault, ms, servedMs, random()), AbortSignal.any([signal, hurried.signal]));
  uplink.hurry = () => undefined;
}
