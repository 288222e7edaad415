// The auto-shopper: presses for some of the drawn figures that stand at the till. Same seed, same presses.
import { mulberry32 } from "../vision/scene/script.ts";

/** What one shopper does. */
export interface Intention {
  /** The button to press, or undefined for one who leaves in silence. */
  readonly button: string | undefined;
  /** How long after being noticed, milliseconds. */
  readonly afterMs: number;
}

/** Share of shoppers who press, beside the first, who always does. */
const ANSWERING = 0.65;
/** Shares of the four smileys, from the saddest to the happiest. */
const SHARES = [0.08, 0.12, 0.3, 0.5];

/**
 * What each next shopper does.
 * @param buttons from the saddest to the happiest, as many as there are shares
 */
export function shoppers(seed: number, buttons: readonly string[]): () => Intention {
  const random = mulberry32(seed);
  let first = true;
  return () => {
    const answers = random() < ANSWERING || first;
    first = false;
    const afterMs = 300 + 1_200 * random();
    let left = random();
    const choice = SHARES.findIndex((share) => {
      left -= share;
      return left < 0;
    });
    return { button: answers ? buttons.at(choice) : undefined, afterMs };
  };
}

/**
 * Sends a shopper each time somebody came to the till, until the signal is aborted.
 * @returns to be called when somebody came
 */
export function startShopper(next: () => Intention, press: (button: string) => void, signal: AbortSignal): () => void {
  const waiting = new Set<NodeJS.Timeout>();
  signal.addEventListener("abort", () => waiting.forEach(clearTimeout), { once: true });
  return () => {
    const { button, afterMs } = next();
    if (signal.aborted || button === undefined) return;
    const timer = setTimeout(() => {
      waiting.delete(timer);
      press(button);
    }, afterMs);
    waiting.add(timer);
  };
}
