// Remembers what each pad's lamp shows for good, for a pad that is plugged in later or again.
import type { Indication } from "../words/inputs.ts";

export interface Lamps {
  show(pad: string, pattern: Indication): void;
  /** The pad's button closed a camera, or opened it again. An open alert is shown before it. */
  pause(pad: string, paused: boolean): void;
  /** All pads show `attention`, or what they showed before. @returns ids of the pads */
  identify(on: boolean): readonly string[];
  /** These pads were opened and show nothing yet. */
  again(pads: readonly string[]): void;
}

/**
 * @param ids of all pads that are configured
 * @param indicate tells the pad, if it is there
 */
export function createLamps(ids: readonly string[], indicate: (pad: string, pattern: Indication) => void): Lamps {
  let identified = false;
  const alerts = new Set<string>();
  const pauses = new Set<string>();
  const lasting = (pad: string): Indication =>
    identified || alerts.has(pad) ? "attention" : pauses.has(pad) ? "paused" : "off";
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
    identify(on) {
      if (on !== identified) {
        identified = on;
        for (const pad of ids) if (!alerts.has(pad)) indicate(pad, lasting(pad));
      }
      return ids;
    },
    again(pads) {
      for (const pad of pads) if (lasting(pad) !== "off") indicate(pad, lasting(pad));
    },
  };
}
