// Counts connections over restarts, so that the server can tell a stale `offline` from a fresh one.
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Journal } from "../journal/journal.ts";

export const CONNECTION_KEY = "uplink:conn";
/** Longest wait for the number to be on disk, milliseconds: a failing disk must not silence the device. */
const COMMIT_MS = 5_000;

/** Numbers of connections: 1, 2, 3 …, kept in the journal. */
export class ConnectionCount {
  readonly #journal: Pick<Journal, "commit" | "kept">;
  #last: number | undefined;
  #spent = true;

  constructor(journal: Pick<Journal, "commit" | "kept">) {
    this.#journal = journal;
  }

  /** The number for the next connection, on disk before it is used. A number that was not spent is given again. */
  async next(): Promise<number> {
    this.#last ??= z
      .int()
      .min(0)
      .catch(0)
      .parse((await this.#journal.kept(CONNECTION_KEY))[CONNECTION_KEY]);
    if (!this.#spent) return this.#last;
    this.#last += 1;
    this.#spent = false;
    const timer = new AbortController();
    const committed = this.#journal.commit({ events: [], keep: { [CONNECTION_KEY]: this.#last } });
    await Promise.race([committed, wait(COMMIT_MS, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    return this.#last;
  }

  /** A CONNECT with this number may have reached a broker. */
  spend(): void {
    this.#spent = true;
  }
}
