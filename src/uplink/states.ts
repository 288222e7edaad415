// The latest state under each name (health, config, mood, presence/…): published on connect and on change.

/** Holds what `state/{name}` should say; the uplink publishes it, retained, whenever it is connected. */
export class RetainedStates {
  readonly #latest = new Map<string, string>();
  readonly #listeners = new Set<(name: string, json: string) => void>();

  /**
   * Sets the latest state. Nothing is published where it equals the one before.
   * @param name below `state/`, for instance `health` or `presence/checkout`; no wildcards
   * @param value a JSON value, up to 64 KiB once written
   */
  set(name: string, value: unknown): void {
    const json = JSON.stringify(value);
    if (this.#latest.get(name) === json) return;
    this.#latest.set(name, json);
    for (const listener of this.#listeners) listener(name, json);
  }

  entries(): Iterable<readonly [string, string]> {
    return this.#latest.entries();
  }

  /** Calls `listener` on each change until the function returned is called. */
  watch(listener: (name: string, json: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
