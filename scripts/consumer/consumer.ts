// The consumer: broker → writer → PostgreSQL → PUBACK and `ack`, over one connection after another.
import type { Pool } from "pg";
import { type BackoffSettings, backoffMs, pause } from "../../src/supervise/backoff.ts";
import { asFault } from "../../src/words/errors.ts";
import { startAcks } from "./acks.ts";
import { databaseTrouble } from "./database.ts";
import { migrate, Unfit } from "./schema.ts";
import type { Stored } from "./store.ts";
import { openSubscription, type Subscription, type SubscriptionSettings } from "./subscription.ts";
import { startWriter } from "./writer.ts";

export interface ConsumerSettings extends Omit<SubscriptionSettings, "receiveMaximum"> {
  /** Most messages of one transaction; twice as many are taken from the broker, so that the next batch can gather. */
  readonly batch: number;
  /** Least time between two rounds of `ack`, milliseconds. */
  readonly ackEveryMs: number;
  /** At the end give up the session, for a consumer that will not come back: the others get what comes. */
  readonly leave: boolean;
}

/** What a consumer says while it runs: changes of state, never one line per message. */
export type Said =
  | { readonly state: "subscribed" }
  | { readonly state: "broker-away"; readonly code: string; readonly message: string; readonly hint: string }
  | { readonly state: "database-away"; readonly code?: string; readonly message: string }
  | { readonly state: "database-back" }
  | { readonly state: "ack-failed"; readonly message: string };

export interface Counts {
  /** Events stored that were not there before. */
  fresh: number;
  /** Events that were there already. */
  repeats: number;
  /** Dead letters written. */
  dead: number;
  batches: number;
}

export interface ConsumerDeps {
  readonly pool: Pool;
  readonly signal: AbortSignal;
  readonly say: (said: Said) => void;
  /** Called after each COMMIT. */
  readonly stored?: (stored: Stored) => void;
}

const BACKOFF: BackoffSettings = { firstMs: 200, maxMs: 10_000, stableAfterMs: 10_000 };
/** Longest that a stop waits for what is on its way, milliseconds. */
const STOP_MS = 15_000;
/** A session that brings nothing for so long holds nothing more, milliseconds. */
const QUIET_MS = 500;

/**
 * Runs until aborted; then commits and acknowledges what it took, bounded in time.
 * @throws Unfit for a database that this version cannot use
 */
export async function runConsumer(settings: ConsumerSettings, deps: ConsumerDeps): Promise<Counts> {
  const { pool, signal, say } = deps;
  const counts: Counts = { fresh: 0, repeats: 0, dead: 0, batches: 0 };
  const giveUp = new AbortController();
  let subscription: Subscription | undefined;
  const acks = startAcks({
    pool,
    everyMs: settings.ackEveryMs,
    publish: () => subscription?.publish,
    window: () => Math.max(1, Math.min(64, subscription?.receiveMaximum ?? 1)),
    failed: (thrown) => say({ state: "ack-failed", message: databaseTrouble(thrown).message }),
  });
  const writer = startWriter({
    pool,
    prefix: settings.prefix,
    batch: settings.batch,
    signal: giveUp.signal,
    stored(stored) {
      counts.fresh += stored.fresh;
      counts.repeats += stored.repeats;
      counts.dead += stored.dead;
      counts.batches += 1;
      acks.due(stored.touched, false);
      acks.due(stored.repeated, true);
      deps.stored?.(stored);
    },
    database: (trouble) =>
      say(trouble === undefined ? { state: "database-back" } : { state: "database-away", ...trouble }),
  });
  const receiveMaximum = Math.min(65_535, settings.batch * 2);

  const stopping = aborted(signal);
  let failures = 0;
  let taken = 0;
  const session = async (): Promise<void> => {
    const startedMs = performance.now();
    try {
      subscription = await openSubscription(
        { ...settings, receiveMaximum },
        {
          take(message) {
            // A consumer that stops takes nothing more: without a PUBACK the message waits in its session. One that
            // leaves takes what its session still holds.
            if (signal.aborted && !settings.leave) return;
            taken += 1;
            writer.add(message);
          },
          room: () => writer.waiting() < receiveMaximum,
          signal,
        },
      );
      say({ state: "subscribed" });
      acks.sweep();
      const reason = await Promise.race([subscription.gone, stopping]);
      if (reason !== undefined) throw reason;
      await wind(subscription);
    } catch (thrown) {
      const fault = asFault(thrown, "BROKER_LOST");
      subscription = undefined;
      say({ state: "broker-away", code: fault.code, message: fault.message, hint: fault.hint });
      failures = performance.now() - startedMs > BACKOFF.stableAfterMs ? 1 : failures + 1;
      // What was taken over this connection is stored all the same: a broker that forgets would not send it again. The
      // next connection waits for it, so that what waits stays bounded.
      await Promise.race([writer.idle(), stopping]);
      await pause(backoffMs(failures, BACKOFF, Math.random()), signal);
    }
  };
  /** Ends in order: no new messages where others will take them, then what was taken, then the last word to devices. */
  const wind = async (open: Subscription): Promise<void> => {
    const late = AbortSignal.any([giveUp.signal, AbortSignal.timeout(STOP_MS)]);
    if (settings.leave) await open.leave();
    for (let before = -1; before !== taken && !late.aborted; ) {
      before = taken;
      await Promise.race([writer.idle(), open.gone, aborted(late)]);
      // The broker has no word for "that was all".
      if (settings.leave) await pause(QUIET_MS, late);
    }
    await acks.flush();
    subscription = undefined;
    await open.close(settings.leave);
  };

  try {
    await migrated(deps);
    while (!signal.aborted) await session();
  } finally {
    giveUp.abort();
    await writer.idle();
    await acks.stop();
  }
  return counts;
}

/** Resolves when aborted. */
async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return undefined;
}

/** Brings the tables up to date, waiting for a database that is away. @throws Unfit */
async function migrated({ pool, signal, say }: ConsumerDeps): Promise<void> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      await migrate(pool);
      if (failures > 1) say({ state: "database-back" });
      return;
    } catch (thrown) {
      if (thrown instanceof Unfit) throw thrown;
      if (failures === 1) say({ state: "database-away", ...databaseTrouble(thrown) });
      await pause(backoffMs(failures, BACKOFF, Math.random()), signal);
    }
  }
}
