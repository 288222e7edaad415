// What the audit says of refused commands: the first of a reason at once, those after it once a minute with their number. Pure.
import type { Refusal } from "../words/commands.ts";

/** Least time between two words about one reason, milliseconds: whoever sends rubbish must not fill the journal. */
export const EVERY_MS = 60_000;

export interface Refused {
  readonly reason: Refusal;
  readonly command: string;
  readonly id: string;
  readonly by: string;
}
/** `count`: so many of this reason since the word before; what else is said is of the last. */
export type Told = Refused & { readonly count: number };

interface Window {
  endMs: number;
  last: Refused;
  /** Not told yet. */
  untold: number;
}

/** Times are monotonic milliseconds. */
export class Refusals {
  readonly #windows = new Map<Refusal, Window>();

  /** What is to be told of it now, or undefined where it waits for the others of its minute. */
  add(refused: Refused, nowMs: number): Told | undefined {
    const window = this.#windows.get(refused.reason);
    if (window === undefined) {
      this.#windows.set(refused.reason, { endMs: nowMs + EVERY_MS, last: refused, untold: 0 });
      return { ...refused, count: 1 };
    }
    window.last = refused;
    window.untold += 1;
    return undefined;
  }

  /** What is to be told of windows that are over. */
  due(nowMs: number): Told[] {
    return [...this.#windows].flatMap(([reason, window]) => {
      if (window.endMs > nowMs) return [];
      const told = window.untold === 0 ? [] : [{ ...window.last, count: window.untold }];
      if (window.untold === 0) this.#windows.delete(reason);
      else this.#windows.set(reason, { endMs: nowMs + EVERY_MS, last: window.last, untold: 0 });
      return told;
    });
  }

  /** When something will be due; undefined where nothing is open. */
  get nextMs(): number | undefined {
    const ends = [...this.#windows.values()].map(({ endMs }) => endMs);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }
}
