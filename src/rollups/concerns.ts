// Which days an event concerns: its own, and those of the presses and answers that it names.
import { NEXT_DAY_MS, quartersOf, spanOf } from "../metrics/tally.ts";
import { type Calendar, common } from "../touchpoint/calendar.ts";
import type { Envelope } from "../words/events.ts";
import { Responses } from "./responses.ts";

export interface Concern {
  /** Local dates. */
  readonly dates: ReadonlySet<string>;
  /** The first row that must be read to count the event. */
  readonly fromSeq: number;
}

export class Concerns {
  /** Rows before the next one that must have been heard, so that it finds what it names. */
  static readonly REACH = Responses.REACH;
  readonly #calendar: Calendar;
  readonly #responses = new Responses();

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /** @param offsetMs what repairs add to the event's times */
  of(event: Envelope, seq: number, offsetMs: number): Concern {
    const ms = Date.parse(event.time) + offsetMs;
    const { data } = event;
    const dates = new Set<string>();
    const at = (moment: number): void => {
      if (Number.isFinite(moment)) dates.add(this.#calendar.dateOf(moment));
    };
    let from = seq;
    const named = (ids: unknown): void => {
      for (const response of this.#responses.named(ids, seq, [...dates])) {
        for (const date of response.dates) dates.add(date);
        from = Math.min(from, response.seq);
      }
    };
    const lasts = (): void => {
      const span = spanOf(String(data.start), String(data.end), offsetMs);
      for (const quarter of quartersOf(span)) at(common(quarter, span).fromMs);
    };
    switch (event.type) {
      case "press":
      case "answer":
        at(ms);
        if (data.transaction !== undefined) at(ms - NEXT_DAY_MS);
        named([data.follows]);
        this.#responses.add(event.id, seq, [...dates]);
        break;
      case "judgement":
        named(data.presses);
        break;
      case "contact":
        at(Date.parse(String(data.end)) + offsetMs);
        named(data.presses);
        break;
      case "service":
        if (data.state !== "closed") break;
        at(ms);
        named(data.presses);
        lasts();
        break;
      case "survey":
        at(ms);
        named(data.answers);
        break;
      case "shift":
        lasts();
        break;
      case "mood":
      case "queue":
        at(Date.parse(String(data.end)) + offsetMs);
        break;
      case "coverage":
        at(Date.parse(String(data.start)) + offsetMs);
        break;
      case "alert":
        at(Date.parse(String(data.raisedAt)));
        break;
      default:
        at(ms);
    }
    return { dates, fromSeq: from };
  }

  /** Forgets what no later row than `seq` may name. */
  forget(seq: number): void {
    this.#responses.forget(seq);
  }
}
