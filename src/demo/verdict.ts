// Judges a demo at its end: what was seen, and whether everything journaled reached the broker. Pure.
import type { Figures } from "./ledger.ts";
import { twoDigits } from "./sentence.ts";

export interface Ended {
  readonly ranMs: number;
  readonly figures: Figures;
  /** Presses by the auto-shopper; the others came from the page. */
  readonly shopperPresses: number;
  /** Messages at the broker that were no events. */
  readonly unreadable: number;
  /** What the journal file holds after the agent ended. */
  readonly journal: { readonly stream: string; readonly head: number };
  /** What reached the broker of that stream. */
  readonly broker: { readonly count: number; readonly whole: boolean };
  /** True where the demo ran its time: then it must have shown presses and contacts. */
  readonly complete: boolean;
}

export interface Verdict {
  readonly lines: readonly string[];
  /** What is wrong; empty for a good demo. */
  readonly problems: readonly string[];
}

export function judge(ended: Ended): Verdict {
  const { figures, journal, broker, shopperPresses } = ended;
  const { answered, silent, cut } = figures.contacts;
  const problems: string[] = [];
  if (broker.count !== journal.head)
    problems.push(`the journal holds ${journal.head} events, ${broker.count} reached the broker`);
  if (!broker.whole) problems.push("events are missing between those that reached the broker");
  if (figures.events !== broker.count)
    problems.push(`${figures.events - broker.count} events belong to another stream than the journal's`);
  if (ended.unreadable > 0) problems.push(`${ended.unreadable} messages at the broker were no events`);
  if (ended.complete && figures.presses === 0) problems.push("no press came");
  if (ended.complete && answered + silent === 0) problems.push("no contact was told as answered or silent");

  const lines = [
    `ran        ${(ended.ranMs / 1000).toFixed(1)} s`,
    `presses    ${figures.presses}: ${shopperPresses} by the auto-shopper, ${figures.presses - shopperPresses} by hand`,
    `contacts   ${answered + silent + cut}: ${answered} answered, ${silent} silent, ${cut} cut by the end`,
    `mood       ${moodLine(figures)}`,
    `published  ${broker.count} events at the broker (${figures.repeats} repeated), ${journal.head} in the journal`,
  ];
  return { lines, problems };
}

function moodLine({ mood, moodsHeldBack }: Figures): string {
  const heldBack = `${moodsHeldBack} interval${moodsHeldBack === 1 ? "" : "s"} held back below k people`;
  if (mood?.smile === undefined || mood.valence === undefined) return heldBack;
  const last = `smile index ${twoDigits(mood.smile)}, valence ${twoDigits(mood.valence)} over ${mood.people} people`;
  return `${last}; ${heldBack}`;
}
