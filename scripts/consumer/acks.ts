// Tells devices how far they are stored: the retained `ack` of each, never backwards, whichever consumer speaks.
import type { Pool } from "pg";
import { backoffMs } from "../../src/supervise/backoff.ts";
import { Fault } from "../../src/words/errors.ts";
import { type StreamKey, transaction } from "./store.ts";

type Publish = (topic: string, json: string) => Promise<void>;

export interface AcksDeps {
  readonly pool: Pool;
  /** Least time between two rounds, milliseconds. */
  readonly everyMs: number;
  /** Publishes retained and resolves at PUBACK; undefined while there is no connection. */
  readonly publish: () => Publish | undefined;
  /** Most publishes on their way at once. */
  readonly window: () => number;
  /**
   * Rounds fail from now on, and what they were to say stays due: said once, until a round succeeds. Or the broker refused
   * the `ack` of one device: said once for each.
   */
  readonly failed: (thrown: unknown) => void;
}

export interface Acks {
  /** The `ack` of these streams may have moved; with `again` it is said even if it did not. */
  due(streams: readonly StreamKey[], again: boolean): void;
  /** Makes due what was stored but never said, by a consumer that was killed in between for instance. */
  sweep(): void;
  /** Resolves when everything due is said, or the round in progress failed. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Devices of one round; each holds an advisory lock while its `ack` is on the way. */
const ROUND = 100;
/** How long after a refusal an `ack` is not tried again, milliseconds; Mosquitto 2.0.11 may end the connection after one. */
const REFUSED_MS = 600_000;
/** How often what was never said is looked for, milliseconds. */
const SWEEP_MS = 60_000;

const NEVER_SAID = `
  SELECT s.device, s.stream FROM touchpoint.stream s LEFT JOIN touchpoint.ack a USING (device, stream)
    WHERE s.upto > coalesce(a.upto, 0) LIMIT 1000`;

/** Who speaks for a device waits until whoever spoke before has its PUBACK: so a lower `ack` never comes after a higher. */
const CLAIM = `
  SELECT d.device FROM unnest($1::text[]) AS d(device)
    WHERE pg_try_advisory_xact_lock(hashtextextended('touchpoint ack ' || d.device, 0))`;

const WORDS = `
  SELECT s.device, s.stream, s.root, s.upto::float8 AS upto, coalesce(a.upto, 0)::float8 AS said,
      s.stream = first_value(s.stream) OVER (PARTITION BY s.device ORDER BY s.heard DESC, s.created DESC, s.stream) AS current
    FROM touchpoint.stream s LEFT JOIN touchpoint.ack a USING (device, stream)
    WHERE s.device = ANY($1::text[]) ORDER BY s.device, s.heard, s.created, s.stream DESC`;

const SAID = `
  INSERT INTO touchpoint.ack AS a (device, stream, upto)
  SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[]) ORDER BY 1, 2
  ON CONFLICT (device, stream) DO UPDATE SET upto = greatest(a.upto, excluded.upto)`;

interface Word extends StreamKey {
  readonly root: string;
  readonly upto: number;
  readonly said: number;
  readonly current: boolean;
}

export function startAcks(deps: AcksDeps): Acks {
  const { pool } = deps;
  /** By device: streams that are said even if nothing moved. */
  const due = new Map<string, Set<string>>();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  let stopped = false;
  let looking = false;
  /** Roots whose `ack` the broker refused, and when they may be tried again. */
  const refused = new Map<string, number>();
  /** Rounds in a row that failed. */
  let failures = 0;

  const put = (device: string, again: Iterable<string>): void => {
    due.set(device, new Set([...(due.get(device) ?? []), ...again]));
  };
  const schedule = (): void => {
    if (timer !== undefined || stopped || (due.size === 0 && !looking)) return;
    const backoff = { firstMs: Math.max(100, deps.everyMs), maxMs: 3_000, stableAfterMs: 0 };
    const dueMs = failures === 0 ? deps.everyMs : backoffMs(failures, backoff, Math.random());
    timer = setTimeout(() => {
      timer = undefined;
      round = speak().finally(schedule);
    }, dueMs);
  };

  /** One round: takes up to a hundred devices, says what is due, and puts back those it could not speak for. */
  const speak = async (): Promise<void> => {
    const publish = deps.publish();
    if (publish === undefined) return;
    let taken: [string, Set<string>][] = [];
    let spoken: ReadonlySet<string> = new Set();
    try {
      if (looking) {
        const { rows } = await pool.query<StreamKey>(NEVER_SAID);
        looking = false;
        for (const { device } of rows) put(device, []);
      }
      taken = [...due].slice(0, ROUND);
      for (const [device] of taken) due.delete(device);
      const wanted = new Map(taken);
      spoken = await transaction(pool, async (client) => {
        const claimed = await client.query<{ device: string }>(CLAIM, [[...wanted.keys()]]);
        const devices = claimed.rows.map(({ device }) => device);
        const { rows } = await client.query<Word>(WORDS, [devices]);
        const words = devices.flatMap((device) => {
          const streams = rows.filter((row) => row.device === device);
          return wordsFor(streams, wanted.get(device) ?? new Set());
        });
        const said = await publishAll(words, publish);
        await client.query(SAID, [
          said.map(({ device }) => device),
          said.map(({ stream }) => stream),
          said.map(({ upto }) => upto),
        ]);
        return new Set(devices);
      });
      failures = 0;
    } catch (thrown) {
      failures += 1;
      if (failures === 1) deps.failed(thrown);
    }
    for (const [device, again] of taken) if (!spoken.has(device)) put(device, again);
  };

  /** Publishes in order and returns what the broker took. @throws when the connection is lost */
  const publishAll = async (words: readonly Word[], publish: Publish): Promise<Word[]> => {
    const onTheWay = new Set<Promise<void>>();
    const said: Word[] = [];
    const lost: unknown[] = [];
    for (const word of words) {
      if ((refused.get(word.root) ?? 0) > performance.now()) continue;
      if (onTheWay.size >= deps.window()) await Promise.race(onTheWay);
      const one = publish(`${word.root}/ack`, JSON.stringify({ stream: word.stream, upto: word.upto })).then(
        () => {
          onTheWay.delete(one);
          said.push(word);
        },
        (thrown) => {
          onTheWay.delete(one);
          // One device that the broker's rules keep from us is no reason to leave the others without a word.
          if (!(thrown instanceof Fault) || thrown.code !== "PUBLISH_REFUSED") lost.push(thrown);
          else {
            if (!refused.has(word.root)) deps.failed(thrown);
            refused.set(word.root, performance.now() + REFUSED_MS);
          }
        },
      );
      onTheWay.add(one);
    }
    await Promise.all(onTheWay);
    if (lost.length > 0) throw lost[0];
    return said;
  };

  const sweep = (): void => {
    looking = true;
    schedule();
  };
  const sweeping = setInterval(sweep, SWEEP_MS);

  return {
    due(streams, again) {
      for (const { device, stream } of streams) put(device, again ? [stream] : []);
      schedule();
    },
    sweep,
    async flush() {
      await round;
      clearTimeout(timer);
      timer = undefined;
      if (due.size > 0) await speak();
    },
    async stop() {
      stopped = true;
      clearInterval(sweeping);
      clearTimeout(timer);
      await round;
    },
  };
}

/** What is to be said of one device. The topic keeps only the last word, which is to be on the current stream. */
export function wordsFor(streams: readonly Word[], again: ReadonlySet<string>): Word[] {
  const fresh = streams.filter(({ stream, upto, said }) => upto > 0 && (upto > said || again.has(stream)));
  const older = fresh.filter(({ current }) => !current);
  const current = streams.filter((one) => one.current && one.upto > 0 && (fresh.includes(one) || older.length > 0));
  return [...older, ...current];
}
