// Pure stable-level debounce of one contact, with stuck and chatter detection, over time-stamped edges.

export interface DebounceSettings {
  /** The level must hold this long before it counts, milliseconds. 0 takes every edge at its word. */
  readonly debounceMs: number;
  /** Held longer than this is stuck, milliseconds. 0 never is. */
  readonly stuckMs: number;
}

/** A burst that has not settled for this long is no finger: a worn or loose contact. Milliseconds. */
export const CHATTER_MS = 250;
/** More settled presses than this within a second come from no hand; those above it are withheld. */
export const MOST_PRESSES_PER_S = 12;
/** A contact that chattered is well again after this much silence, milliseconds. */
export const CALM_MS = 2_000;

/** What is known of one contact. Values are never changed in place. */
export interface Contact {
  /** The debounced level: true is pressed. */
  readonly pressed: boolean;
  /**
   * False until the first edge: the level came from a reading just before the line was watched, and an edge may have
   * been missed between the two.
   */
  readonly sure: boolean;
  /** The level after the newest edge. */
  readonly raw: boolean;
  /** When the newest edge came, milliseconds. */
  readonly edgeMs: number;
  /** When the unsettled burst began; undefined while settled. */
  readonly burstMs?: number;
  /** When the present debounced level began. */
  readonly sinceMs: number;
  /** Beginnings of the newest presses, withheld ones too, at most MOST_PRESSES_PER_S. */
  readonly recent: readonly number[];
  readonly stuck: boolean;
  readonly chatter: boolean;
}

/** `pressed` and `released` carry the time of the first edge of their burst: bounce does not make a press late. */
export interface ContactEvent {
  readonly kind: "pressed" | "released" | "stuck" | "chatter" | "ok";
  readonly atMs: number;
}

export interface ContactStep {
  readonly contact: Contact;
  readonly events: readonly ContactEvent[];
}

/** A contact whose level was read at `atMs`. One that is held already was not pressed now: no event. */
export function contactAt(pressed: boolean, atMs: number): Contact {
  return {
    pressed,
    sure: false,
    raw: pressed,
    edgeMs: atMs,
    sinceMs: atMs,
    recent: [],
    stuck: false,
    chatter: false,
  };
}

/**
 * Takes an edge. What settled before it is said first, so a late delivery of several edges gives the same events as a
 * prompt one. A time before the newest edge counts as that edge's time.
 * @param level the level after the edge, true is pressed
 */
export function onEdge(before: Contact, settings: DebounceSettings, level: boolean, atMs: number): ContactStep {
  const at = Math.max(atMs, before.edgeMs);
  const due = onTick(before, settings, at);
  let contact = due.contact;
  // Down while believed down, and never seen an edge: the release slipped by between the reading and the watching.
  if (!contact.sure && level && contact.pressed) contact = { ...contact, pressed: false, raw: false };
  const { burstMs, ...settled } = contact;
  const next: Contact = { ...settled, sure: true, raw: level, edgeMs: at, burstMs: burstMs ?? at };
  if (settings.debounceMs > 0) return { contact: next, events: due.events };
  const at0 = onTick(next, settings, at);
  return { contact: at0.contact, events: [...due.events, ...at0.events] };
}

/** Says what became true by `atMs` without a new edge. */
export function onTick(before: Contact, settings: DebounceSettings, atMs: number): ContactStep {
  const events: ContactEvent[] = [];
  let contact = before;
  const { burstMs } = contact;
  if (burstMs !== undefined) {
    const settledMs = contact.edgeMs + settings.debounceMs;
    const settled = atMs >= settledMs;
    const chatterMs = burstMs + CHATTER_MS + settings.debounceMs;
    if (!contact.chatter && Math.min(atMs, settledMs) >= chatterMs) {
      contact = { ...contact, chatter: true };
      events.push({ kind: "chatter", atMs: chatterMs });
    }
    if (settled) contact = settle(contact, burstMs, events);
  }
  if (contact.burstMs !== undefined) return { contact, events };
  const fromStuck = stuckFromMs(contact, settings);
  if (fromStuck !== undefined && atMs >= fromStuck) {
    contact = { ...contact, stuck: true };
    events.push({ kind: "stuck", atMs: fromStuck });
  }
  const fromCalm = calmFromMs(contact);
  if (fromCalm !== undefined && atMs >= fromCalm) {
    contact = { ...contact, chatter: false, recent: [] };
    if (!contact.stuck) events.push({ kind: "ok", atMs: fromCalm });
  }
  return { contact, events };
}

/**
 * When `onTick` will next have something to say, milliseconds; undefined while only an edge can change anything. A tick at
 * that very time says it: both compare with the same sums, since a difference of the same two times may be rounded below.
 */
export function dueMs(contact: Contact, settings: DebounceSettings): number | undefined {
  if (contact.burstMs !== undefined) return contact.edgeMs + settings.debounceMs;
  const times = [stuckFromMs(contact, settings), calmFromMs(contact)].filter((ms) => ms !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** When a settled contact that goes on like this is stuck. */
function stuckFromMs({ pressed, stuck, sinceMs }: Contact, settings: DebounceSettings): number | undefined {
  return pressed && !stuck && settings.stuckMs > 0 ? sinceMs + settings.stuckMs : undefined;
}

/** When a settled contact that goes on like this is calm again. */
function calmFromMs({ chatter, edgeMs }: Contact): number | undefined {
  return chatter ? edgeMs + CALM_MS : undefined;
}

/**
 * Ends a burst: the raw level has held. A burst that came back to where it began was a glitch and says nothing; so is
 * an edge to the level that already was, which kernels report when a spike is over before they read the line.
 */
function settle(unsettled: Contact, burstMs: number, events: ContactEvent[]): Contact {
  const { burstMs: _ended, ...contact } = unsettled;
  if (contact.raw === contact.pressed) return contact;
  if (!contact.raw) {
    events.push({ kind: "released", atMs: burstMs });
    if (contact.stuck && !contact.chatter) events.push({ kind: "ok", atMs: burstMs });
    return { ...contact, pressed: false, sinceMs: burstMs, stuck: false };
  }
  const before = contact.recent.filter((pressMs) => burstMs - pressMs < 1_000);
  const withheld = before.length >= MOST_PRESSES_PER_S;
  if (withheld && !contact.chatter) events.push({ kind: "chatter", atMs: burstMs });
  if (!withheld) events.push({ kind: "pressed", atMs: burstMs });
  if (contact.stuck && !contact.chatter && !withheld) events.push({ kind: "ok", atMs: burstMs });
  return {
    ...contact,
    pressed: true,
    sinceMs: burstMs,
    stuck: false,
    chatter: contact.chatter || withheld,
    recent: [...before, burstMs].slice(-MOST_PRESSES_PER_S),
  };
}
