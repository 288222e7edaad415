// Remembers what each pad's lamp shows for good, for a pad that is plugged in later or again.
import type { Indication } from "../words/inputs.ts";

export interface Lamps {
  show(pad: string, pattern: Indication): void;
  /** These pads were opened and show nothing yet. */
  again(pads: readonly string[]): void;
}

/** @param indicate tells the pad, if it is there */
export function createLamps(indicate: (pad: string, pattern: Indication) => void): Lamps {
  const lasting = new Map<string, Indication>();
  return {
    show(pad, pattern) {
      if (pattern === "off") lasting.delete(pad);
      // A pad says by itself again what is wrong with it: only an alert is forgotten with the cable.
      if (pattern === "attention") lasting.set(pad, pattern);
      indicate(pad, pattern);
    },
    again(pads) {
      for (const pad of pads) {
        const pattern = lasting.get(pad);
        if (pattern !== undefined) indicate(pad, pattern);
      }
    },
  };
}
