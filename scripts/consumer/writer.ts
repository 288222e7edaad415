// Takes messages in, stores them in batches, and settles each only when it is committed. Retries for as long as it takes.
import type { Pool } from "pg";
import { type BackoffSettings, backoffMs, pause } from "../../src/supervise/backoff.ts";
import { databaseTrouble, isDataError } from "./database.ts";
import { type Reading, read } from "./reading.ts";
import { type Stored, store } from "./store.ts";

export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  /** Called once, after the COMMIT. */
  readonly settled: () => void;
}

export interface WriterDeps {
  readonly pool: Pool;
  /** First levels of every topic, `touchpoint/v1`. */
  readonly prefix: string;
  /** Most messages of one transaction. */
  readonly batch: number;
  /** Ends the retrying; what is not stored by then is never settled. */
  readonly signal: AbortSignal;
  /** Called after each COMMIT, before its messages are settled. */
  readonly stored: (stored: Stored) => void;
  /** The database does not take a batch (`trouble`), or takes batches again (undefined). Said once per change. */
  readonly database: (trouble: { readonly code?: string; readonly message: string } | undefined) => void;
  readonly backoff?: BackoffSettings;
}

export interface Writer {
  add(message: Message): void;
  /** Messages that are not committed yet. */
  readonly waiting: () => number;
  /** Resolves when nothing waits, or when aborted. */
  idle(): Promise<void>;
}

const BACKOFF: BackoffSettings = { firstMs: 100, maxMs: 5_000, stableAfterMs: 10_000 };

/**
 * Starts a writer. While one batch is being committed the next one gathers, so that batches grow with the load. The
 * caller bounds what waits: here it is the receive maximum that the broker keeps to.
 */
export function startWriter(deps: WriterDeps): Writer {
  const { pool, prefix, signal } = deps;
  const queue: Message[] = [];
  let writing = 0;
  let running = false;
  let away = false;
  let whenIdle: (() => void)[] = [];

  const tell = (trouble?: { readonly code?: string; readonly message: string }): void => {
    if (away === (trouble !== undefined)) return;
    away = trouble !== undefined;
    deps.database(trouble);
  };

  /** Stores until it is stored; what the database refuses for its content is found by halving and buried. */
  const persist = async (messages: readonly Message[], readings: readonly Reading[]): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      try {
        const stored = await store(pool, readings);
        tell();
        deps.stored(stored);
        for (const message of messages) message.settled();
        return;
      } catch (thrown) {
        if (isDataError(thrown)) return part(messages, readings, thrown);
        failures += 1;
        tell(databaseTrouble(thrown));
        await pause(backoffMs(failures, deps.backoff ?? BACKOFF, Math.random()), signal);
      }
    }
  };
  const part = async (messages: readonly Message[], readings: readonly Reading[], thrown: unknown): Promise<void> => {
    const [only, second] = messages;
    if (only !== undefined && second === undefined) {
      const reason = `the database refused it: ${databaseTrouble(thrown).message}`;
      return persist([only], [{ events: [], dead: [{ topic: only.topic, reason, payload: only.payload }] }]);
    }
    const half = messages.length >> 1;
    await persist(messages.slice(0, half), readings.slice(0, half));
    await persist(messages.slice(half), readings.slice(half));
  };

  const work = async (): Promise<void> => {
    running = true;
    while (queue.length > 0 && !signal.aborted) {
      const messages = queue.splice(0, deps.batch);
      writing = messages.length;
      await persist(
        messages,
        messages.map(({ topic, payload }) => read(prefix, topic, payload)),
      );
      writing = 0;
    }
    running = false;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };

  return {
    add(message) {
      queue.push(message);
      // What one read from the socket brought goes together.
      if (!running) {
        running = true;
        setImmediate(() => void work());
      }
    },
    waiting: () => queue.length + writing,
    async idle() {
      if (running) await new Promise<void>((resolve) => whenIdle.push(resolve));
    },
  };
}
