// How old an event is, whatever the wall clock says: by boottime where it is of this boot.
import type { Envelope } from "../words/events.ts";

export interface Now {
  /** The wall clock, milliseconds since 1970. */
  readonly unixMs: number;
  /** CLOCK_BOOTTIME, milliseconds. */
  readonly ms: number;
  readonly boot: string;
}

/** Age in milliseconds; undefined where nobody can say, because the event is of an earlier boot that had no time. */
export function ageOf(event: Pick<Envelope, "time" | "clock" | "boot" | "mono">, now: Now): number | undefined {
  if (event.boot === now.boot) return Math.max(0, now.ms - event.mono);
  return event.clock === "unsynced" ? undefined : now.unixMs - Date.parse(event.time);
}
