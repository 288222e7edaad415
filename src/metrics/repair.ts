// When events happened, as far as it is known now: what was sent `unsynced` is moved by the `clock` event that means it.
import { type Envelope, EVENT_DATA, type EventData } from "../words/events.ts";

/** `clock` events of one device, in the order of their `seq`. */
export type Repairs = readonly EventData["clock"][];

export function repairsIn(events: Iterable<Pick<Envelope, "type" | "data">>): Repairs {
  return [...events].flatMap((event) => {
    const found = event.type === "clock" ? EVENT_DATA.clock.safeParse(event.data) : undefined;
    return found?.success === true ? [found.data] : [];
  });
}

/** Milliseconds to be added to the event's times: the offset of the last repair that means it, never a sum. */
export function offsetOf(event: Pick<Envelope, "clock" | "boot" | "mono">, repairs: Repairs): number {
  if (event.clock !== "unsynced") return 0;
  const last = repairs.findLast(
    ({ boot, fromMono, toMono }) => boot === event.boot && fromMono <= event.mono && event.mono <= toMono,
  );
  return last?.offsetMs ?? 0;
}
