// Which days a press or answer concerns, so that a word about it that comes later finds them.

interface Response {
  readonly seq: number;
  /** Local dates: its own, and those of the episodes and windows that name it. */
  readonly dates: Set<string>;
}

/** Bounded: a word about a response that lies further back than `REACH` does not find it, live and in a rebuild alike. */
export class Responses {
  /** Seqs between a response and the last word that may mean it. */
  static readonly REACH = 5_000;
  /** In the order of their seq. */
  readonly #known = new Map<string, Response>();

  add(id: string, seq: number, dates: readonly string[]): void {
    this.#known.set(id, { seq, dates: new Set(dates) });
  }

  /**
   * The responses that a word at `seq` names.
   * @param dates which they concern from now on, too
   */
  named(ids: unknown, seq: number, dates: readonly string[] = []): Response[] {
    if (!Array.isArray(ids)) return [];
    return ids.flatMap((id: unknown) => {
      const response = typeof id === "string" ? this.#known.get(id) : undefined;
      if (response === undefined || response.seq < seq - Responses.REACH) return [];
      for (const date of dates) response.dates.add(date);
      return [response];
    });
  }

  /** Forgets what no later word than `seq` may mean. */
  forget(seq: number): void {
    for (const [id, response] of this.#known) {
      if (response.seq >= seq - Responses.REACH) return;
      this.#known.delete(id);
    }
  }
}
