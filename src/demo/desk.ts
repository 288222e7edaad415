// The desk with the simulated pad on it: who presses here learns when the press is on disk.
import type { SimulatedPad } from "../buttons/simulated.ts";
import type { Indication } from "../words/inputs.ts";

/** More presses than this without an answer: the disk is stuck, and nobody is helped by a longer queue. */
const MOST_WAITING = 64;

/** `thanks`: on disk. `unknown`: the pad was started anew and nobody will say. */
export type Answer = "thanks" | "unknown";

export interface Desk {
  /** A pad was made; it takes the place of an earlier one. */
  place(pad: SimulatedPad): void;
  /** Presses; undefined where no pad listens or too many presses wait already. */
  press(button: string): Promise<Answer> | undefined;
}

/** @param shown called with each pattern that the pad's lamp shows */
export function createDesk(shown: (pattern: Indication) => void): Desk {
  let present: SimulatedPad | undefined;
  // The agent acknowledges presses of one pad in their order, because steps commit in their order.
  let waiting: ((answer: Answer) => void)[] = [];
  return {
    place(pad) {
      for (const resolve of waiting) resolve("unknown");
      waiting = [];
      present = pad;
      pad.onTold((told) => {
        if (pad !== present) return;
        if ("pattern" in told) shown(told.pattern);
        else waiting.shift()?.("thanks");
      });
    },
    press(button) {
      if (present === undefined || waiting.length >= MOST_WAITING) return undefined;
      let answered: (answer: Answer) => void = () => undefined;
      const answer = new Promise<Answer>((resolve) => {
        answered = resolve;
      });
      waiting.push(answered);
      if (present.press(button)) return answer;
      waiting.pop();
      return undefined;
    },
  };
}
