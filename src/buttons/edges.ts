// Turns edges of a pad's contacts into presses and conditions: the debounce core with timers around it.
import type { ButtonCondition, PressInput } from "../words/inputs.ts";
import {
  type Contact,
  type ContactEvent,
  type ContactStep,
  contactAt,
  type DebounceSettings,
  dueMs,
  onEdge,
  onTick,
} from "./debounce.ts";

export interface EdgeWatch {
  /** Button names and whether each is held now; may leave out buttons that are up. */
  readonly held: Readonly<Record<string, boolean>>;
  readonly pad: string;
  readonly settings: DebounceSettings;
  /** Boottime now, milliseconds. */
  readonly nowMs: () => number;
  readonly input: (input: PressInput | ButtonCondition) => void;
}

export interface Edges {
  /** An edge of one button; `level` is true when it is pressed after the edge. A button not named before was up. */
  edge(button: string, level: boolean, atMs: number): void;
  /** Takes every button for released: what is held is no longer known. */
  release(atMs: number): void;
  /** The newest raw level of a button, as far as edges told. */
  level(button: string): boolean | undefined;
  /**
   * Stops the timers; nothing is said any more.
   * @param lost the device was lost, not put away: `ok` is said of what was stuck or chattered, since nobody watches
   * it now; opened again it will be found again
   */
  close(lost: boolean): void;
}

/** Watches the contacts of one pad. At most one timer per button is pending. */
export function watchEdges(watch: EdgeWatch): Edges {
  const { settings, pad, nowMs } = watch;
  const contacts = new Map<string, Contact>();
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;

  const say = (button: string, event: ContactEvent): void => {
    if (event.kind === "released") return;
    if (event.kind === "pressed") watch.input({ kind: "press", pad, button, atMs: event.atMs });
    else watch.input({ kind: "condition", pad, button, condition: event.kind, atMs: event.atMs });
  };

  const take = (button: string, step: ContactStep): void => {
    contacts.set(button, step.contact);
    clearTimeout(timers.get(button));
    timers.delete(button);
    const due = dueMs(step.contact, settings);
    if (due !== undefined)
      timers.set(
        button,
        setTimeout(() => tick(button), Math.max(1, Math.ceil(due - nowMs()))),
      );
    for (const event of step.events) say(button, event);
  };

  const tick = (button: string): void => {
    const contact = contacts.get(button);
    if (contact !== undefined && !closed) take(button, onTick(contact, settings, nowMs()));
  };

  const edge = (button: string, level: boolean, atMs: number): void => {
    if (closed) return;
    take(button, onEdge(contacts.get(button) ?? contactAt(false, atMs), settings, level, atMs));
  };

  for (const [button, held] of Object.entries(watch.held))
    take(button, { contact: contactAt(held, nowMs()), events: [] });

  return {
    edge,
    release(atMs) {
      for (const [button, contact] of contacts) if (contact.raw) edge(button, false, atMs);
    },
    level: (button) => contacts.get(button)?.raw,
    close(lost) {
      closed = true;
      if (lost)
        for (const [button, { stuck, chatter }] of contacts)
          if (stuck || chatter) say(button, { kind: "ok", atMs: nowMs() });
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** Older than this a kernel time stamp is not believed, milliseconds: no edge waits that long in a pipe. */
const OLDEST_MS = 60_000;

/**
 * Boottime of an edge that the kernel stamped. Kernels stamp with CLOCK_MONOTONIC and events carry CLOCK_BOOTTIME; the
 * two differ by the time spent suspended, which does not change between edge and receipt, so the edge's age on the one
 * clock is taken off the other. A stamp of another clock (Linux before 5.7 stamped with wall time) gives an age beyond
 * reason and counts as now.
 * @param monotonicNs CLOCK_MONOTONIC now, as `process.hrtime.bigint()` gives it
 */
export function stampedMs(nowMs: number, monotonicNs: bigint, edgeNs: bigint): number {
  const ageMs = Number(monotonicNs - edgeNs) / 1e6;
  return ageMs >= 0 && ageMs <= OLDEST_MS ? nowMs - ageMs : nowMs;
}
