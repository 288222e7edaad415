// Remembers what each pad's lamp shows for good, for a pad that is plugged in later or again.
import type { Indication } from "../words/inputs.ts";

export interface Lamps {
  show(pad: string, pattern: Indication): void;
  /** The pad's button closed a camera, or opened it again. An open alert is shown before it. */
  pause(pad: string, paused: boolean): void;
  /** These pads were opened and show nothing yet. */
  again(pads: readonly string[]): void;
}

/** @param indicate tells the pad, if it is there */
export function createLamps(indicate: (pad: string, pattern: Indication) => void): Lamps {
  const alerts = new Set<string>();
  const pauses = new Set<string>();
  const lasting = (pad: string): Indication => (alerts.has(pad) ? "attention" : pauses.has(pad) ? "paused" : "off");
  return {
    show(pad, pattern) {
      if (pattern === "off") alerts.delete(pad);
      // A pad says by itself again what is wrong with it: only an alert is forgotten with the cable.
      if (pattern === "attention") alerts.add(pad);
      indicate(pad, pattern === "off" ? lasting(pad) : pattern);
    },
    pause(pad, paused) {
      if (pauses.has(pad) === paused) return;
      if (paused) pauses.add(pad);
      else pauses.delete(pad);
      indicate(pad, lasting(pad));
    },
    again(pads) {
      for (const pad of pads) if (lasting(pad) !== "off") indicate(pad, lasting(pad));
    },
  };
}
