// What a central server would hold of the events that reached the broker: each counted once, holes known. Pure.
import { type Envelope, EVENT_DATA, type EventData } from "../words/events.ts";

export interface Figures {
  /** Events, each (device, stream, seq) once. */
  readonly events: number;
  /** Messages that brought an event a second time. */
  readonly repeats: number;
  readonly presses: number;
  readonly contacts: Readonly<Record<EventData["contact"]["outcome"], number>>;
  /** The latest interval whose mood may be told. */
  readonly mood?: Pick<EventData["mood"], "people" | "smile" | "valence">;
  /** Intervals held back because they had fewer than k people. */
  readonly moodsHeldBack: number;
  /** People at the touchpoint now, as the last presence said. */
  readonly present: number;
}

export class Ledger {
  /** By device and stream: every seq up to `upTo` came, and those in `ahead`. */
  readonly #streams = new Map<string, { upTo: number; readonly ahead: Set<number> }>();
  #figures: Figures = {
    events: 0,
    repeats: 0,
    presses: 0,
    contacts: { answered: 0, silent: 0, cut: 0 },
    moodsHeldBack: 0,
    present: 0,
  };

  /** Takes an event in; false where it was here already. */
  take(event: Envelope): boolean {
    if (!this.#first(event)) {
      this.#figures = { ...this.#figures, repeats: this.#figures.repeats + 1 };
      return false;
    }
    this.#figures = counted({ ...this.#figures, events: this.#figures.events + 1 }, event);
    return true;
  }

  figures(): Figures {
    return this.#figures;
  }

  /** How many different seqs came of a stream, and whether they are 1, 2, 3 … without a hole. */
  ofStream(device: string, stream: string): { readonly count: number; readonly whole: boolean } {
    const { upTo, ahead } = this.#streams.get(`${device}/${stream}`) ?? { upTo: 0, ahead: new Set() };
    return { count: upTo + ahead.size, whole: ahead.size === 0 };
  }

  #first({ device, stream, seq }: Envelope): boolean {
    const key = `${device}/${stream}`;
    const entry = this.#streams.get(key) ?? { upTo: 0, ahead: new Set<number>() };
    this.#streams.set(key, entry);
    if (seq <= entry.upTo || entry.ahead.has(seq)) return false;
    entry.ahead.add(seq);
    while (entry.ahead.delete(entry.upTo + 1)) entry.upTo += 1;
    return true;
  }
}

/** The figures with one more event; data this version does not know changes nothing. */
function counted(figures: Figures, { type, data }: Envelope): Figures {
  switch (type) {
    case "press":
      return { ...figures, presses: figures.presses + 1 };
    case "contact": {
      const contact = EVENT_DATA.contact.safeParse(data);
      if (!contact.success) return figures;
      const { outcome } = contact.data;
      return { ...figures, contacts: { ...figures.contacts, [outcome]: figures.contacts[outcome] + 1 } };
    }
    case "presence": {
      const presence = EVENT_DATA.presence.safeParse(data);
      return presence.success ? { ...figures, present: presence.data.people } : figures;
    }
    case "mood": {
      const mood = EVENT_DATA.mood.safeParse(data);
      if (!mood.success) return figures;
      if (mood.data.suppressed) return { ...figures, moodsHeldBack: figures.moodsHeldBack + 1 };
      const { people, smile, valence } = mood.data;
      return { ...figures, mood: { people, smile, valence } };
    }
    default:
      return figures;
  }
}
