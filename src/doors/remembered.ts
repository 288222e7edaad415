// Requests that were answered already: a repeated one gets the same answer and counts once, over restarts too.
import { z } from "zod";

/** So many requests are remembered; older ones count again. */
export const MOST_REMEMBERED = 1_000;

const Entry = z.object({ n: z.int().min(0), key: z.string(), body: z.string(), events: z.array(z.string()) });
type Entry = z.infer<typeof Entry>;
const PREFIX = "door:";

export class Remembered {
  readonly #entries = new Map<string, Entry>();
  #next = 0;

  /** @param kept what the journal kept of the last run */
  constructor(kept: Readonly<Record<string, unknown>>) {
    const found = Object.entries(kept).flatMap(([key, value]) => {
      const entry = key.startsWith(PREFIX) ? Entry.safeParse(value) : undefined;
      return entry?.success === true ? [entry.data] : [];
    });
    for (const entry of found.sort((a, b) => a.n - b.n)) {
      this.#entries.set(entry.key, entry);
      this.#next = entry.n + 1;
    }
  }

  find(key: string): { readonly body: string; readonly events: readonly string[] } | undefined {
    return this.#entries.get(key);
  }

  /**
   * Notes an answer; what comes back is to be kept in the transaction of the request itself.
   * @param body keyed hash of the body, to know another request under the same key
   */
  note(key: string, body: string, events: readonly string[]): Record<string, unknown> {
    const entry = { n: this.#next, key, body, events: [...events] };
    this.#next += 1;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MOST_REMEMBERED) break;
      this.#entries.delete(oldest);
    }
    // A ring of slots: the oldest is written over.
    return { [`${PREFIX}${entry.n % MOST_REMEMBERED}`]: entry };
  }
}
