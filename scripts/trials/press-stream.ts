// Somebody who presses on and on: bursts and pauses from a seed, never more than the pad can hold.

import { between, seededRandom } from "../../src/simulate/random.ts";
import type { FakePad } from "../../test/fakes/pad.ts";

/** Button names of a stream: many more than a pad holds presses, so that each press can be told from its neighbours. */
const NAMES = 997;
/** Presses that a pad holds without acknowledgement. */
const HOLDS = 16;

/** Names of the buttons, for the configuration. */
export const STREAM_BUTTONS: readonly string[] = Array.from({ length: NAMES }, (_, i) => `b${i}`);

/** The button that a press with this counter is made with. */
export function buttonOf(counter: number): string {
  return `b${counter % NAMES}`;
}

/**
 * Counters of presses, from their buttons in the order in which they were accepted. A press is at most half of all
 * names away from the one before it, so its counter is known.
 */
export function countersOf(buttons: readonly string[]): number[] {
  let before = 0;
  return buttons.map((button) => {
    const rest = Number(button.slice(1));
    const round = Math.round((before - rest) / NAMES);
    const counter = Math.max(0, round) * NAMES + rest;
    before = Math.max(before, counter);
    return counter;
  });
}

export interface PressStream {
  /** Presses made on this pad so far. */
  count(): number;
  stop(): void;
}

/** Presses until stopped: now and then a burst of up to eight, between them pauses of 2 to 40 ms. */
export function startPressing(pad: FakePad, seed: number): PressStream {
  const random = seededRandom(seed);
  // Somebody may have pressed this pad before.
  let count = pad.pressed.size;
  let timer: NodeJS.Timeout | undefined;
  const press = (): void => {
    const burst = random() < 0.2 ? Math.ceil(random() * 8) : 1;
    for (let i = 0; i < burst && pad.unacknowledged() < HOLDS; i += 1) if (pad.press(buttonOf(count))) count += 1;
    timer = setTimeout(press, between(random, 2, 40));
  };
  press();
  return { count: () => count, stop: () => clearTimeout(timer) };
}
