// Serves one open connection: what the broker remembers first, then `status`, states, rows, acks and commands, until its end.
import { asFault, Fault } from "../words/errors.ts";
import { parseAck } from "./ack.ts";
import { startConfirming } from "./confirming.ts";
import type { Connection, Incoming } from "./connection.ts";
import { watchDelivery } from "./delivery.ts";
import { type Drain, startDrain } from "./drain.ts";
import { BrokerMemory, type Remembered } from "./remembered.ts";
import type { Uplink } from "./uplink.ts";

/** Most corrections of an overwritten `status` on one connection: two that correct each other must not go on for ever. */
const MAX_CORRECTIONS = 20;

/** How a connection ended in order. */
export type End = "stopped" | "renewed";

export interface Serving {
  readonly conn: number;
  /** JSON of `status`, and of the last will. */
  readonly status: (state: "online" | "offline") => string;
  readonly signal: AbortSignal;
  /** The connection works. */
  readonly working: () => void;
  /** Says who receives what comes in. */
  readonly receiver: (receive: (message: Incoming) => void) => void;
}

/** Serves a connection until `signal` is aborted or new certificates are to be used. @throws Fault when it is lost */
export async function serveConnection(uplink: Uplink, connection: Connection, serving: Serving): Promise<End> {
  const { settings, deps, timings, topics } = uplink;
  const { journal } = deps;
  const { status, signal } = serving;
  const subscribe = (what: string): Promise<boolean> =>
    connection.subscribe([what]).then(
      () => true,
      (thrown: unknown) => {
        // A connection that broke meanwhile is reported by itself.
        if (lost === undefined) deps.dropped(asFault(thrown, "BROKER_REFUSED"));
        return false;
      },
    );
  const drain = startDrain({
    connection,
    journal,
    topics,
    window: settings.broker.window,
    confirm: settings.broker.confirm,
    pubackMs: timings.pubackMs,
    dropped: deps.dropped,
    settled: () => delivery.changed(),
    limited: (fault) => (fault === undefined ? deps.report("ok") : deps.report("degraded", fault)),
    random: deps.random ?? Math.random,
  });
  const delivery = watchDelivery(journal, (json) => drain.post(topics.delivery, json), timings.deliveryMs);
  const resendAfterMs = settings.broker.resendAfterS * 1_000;
  const confirming =
    settings.broker.confirm === "server" ? startConfirming({ journal, drain, resendAfterMs }) : undefined;
  const unwatch = deps.states.watch((name, json) => drain.post(topics.state(name), json));
  let ending = false;
  let corrections = 0;
  const memory = new BrokerMemory(topics, { conn: serving.conn, boot: settings.boot }, () => {
    if (ending || corrections >= MAX_CORRECTIONS) return;
    corrections += 1;
    drain.post(topics.status, status("online"));
  });
  serving.receiver((message) => {
    const command = topics.commandName(message.topic);
    if (message.topic === topics.ack) receiveAck(uplink, message, () => confirming?.confirmed());
    else if (message.topic === topics.config) deps.config?.(message.payload);
    else if (command !== undefined) uplink.commanding.receive(command, message, drain.reply);
    else memory.receive(message);
  });
  // Before the broker was asked what it remembers, its answer must not be what this very run says.
  let witnessed = false;
  uplink.committed = () => {
    drain.wake();
    if (witnessed) delivery.changed();
  };
  uplink.flush = async (ms) => {
    confirming?.hurry();
    drain.hurry();
    await drain.quiet(ms);
  };
  let lost: Fault | undefined;
  let end: End = "stopped";
  const over = new AbortController();
  const gone = connection.gone.then((fault) => {
    lost = fault;
    drain.stop();
    over.abort();
  });
  const stop = (): void => over.abort();
  uplink.renew = () => {
    end = "renewed";
    stop();
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const stopping = new Promise<void>((resolve) => {
    over.signal.addEventListener("abort", () => resolve(), { once: true });
    if (over.signal.aborted) resolve();
  });
  let rival: Remembered["status"];
  try {
    void subscribe(topics.delivery);
    const hearsStatus = subscribe(topics.status);
    // The first message of every connection; where it is never acknowledged the drain cuts the connection.
    drain.post(topics.status, status("online"));
    await Promise.race([drain.quiet(timings.pubackMs * 3), stopping]);
    if (lost !== undefined) throw lost;
    serving.working();
    const remembered = await memory.remembered(hearsStatus, timings.rememberedMs, over.signal);
    if (lost !== undefined) throw lost;
    rival = rivalIn(uplink, remembered);
    uplink.lastStatus = deps.timeNow();
    connection.unsubscribe(topics.delivery);
    // Also where the broker remembers nothing: from here on, what it remembers may be of this very run.
    const { stream = "", head = 0 } = remembered.delivery ?? {};
    if (!over.signal.aborted) await journal.witness(stream, head);
    witnessed = true;
    if (lost !== undefined) throw lost;
    for (const [name, json] of deps.states.entries()) drain.post(topics.state(name), json);
    for (const { topic, json, taken } of deps.announcements ?? []) drain.post(topic, json, taken);
    delivery.changed();
    void subscribe(topics.ack);
    void subscribe(topics.commands);
    if (deps.config !== undefined) void subscribe(topics.config);
    drain.open();
    await Promise.race([gone, stopping]);
    if (lost !== undefined) throw lost;

    await endInOrder(drain, timings.lingerMs, async () => {
      await delivery.flush().catch(() => undefined);
      ending = true;
      // A new connection follows at once: nobody need hear that this one ended.
      if (end === "stopped") drain.post(topics.status, status("offline"));
    });
    await connection.close(timings.lingerMs);
    return end;
  } catch (thrown) {
    if (rival !== undefined && lost === thrown && lost?.code === "BROKER_LOST") throw takenBy(rival, lost);
    throw thrown;
  } finally {
    serving.receiver(() => undefined);
    uplink.committed = () => undefined;
    uplink.flush = async () => undefined;
    uplink.renew = () => undefined;
    signal.removeEventListener("abort", stop);
    unwatch();
    delivery.stop();
    confirming?.stop();
    drain.stop();
    connection.cut(new Fault("BROKER_LOST", "the agent closed the connection"));
  }
}

async function endInOrder(drain: Drain, lingerMs: number, sayLast: () => Promise<void>): Promise<void> {
  // A commit may have come after the last call of the journal's listener.
  drain.wake();
  await drain.quiet(lingerMs);
  drain.closeRows();
  await sayLast();
  await drain.quiet(lingerMs);
}

function receiveAck(uplink: Uplink, { payload }: Incoming, confirmed: () => void): void {
  const { deps } = uplink;
  try {
    const { stream, upto } = parseAck(payload);
    deps.journal.confirm(stream, upto);
    confirmed();
  } catch (thrown) {
    deps.dropped(asFault(thrown, "ACK_INVALID"));
  }
}

/**
 * The other device where two use one name: since this process said `online` last, somebody else did. Brokers that speak
 * 3.1.1 give no reason when they close the connection that came first.
 */
function rivalIn({ settings, lastStatus }: Uplink, { status }: Remembered): Remembered["status"] {
  if (status === undefined || lastStatus === undefined || status.boot === settings.boot) return undefined;
  return Date.parse(status.time) > Date.parse(lastStatus) ? status : undefined;
}

function takenBy({ boot }: { readonly boot: string }, lost: Fault): Fault {
  const text = `another device uses this name (it was online in boot ${boot}): ${lost.message}`;
  return new Fault("BROKER_TAKEN", text, { ...lost.details, boot });
}
