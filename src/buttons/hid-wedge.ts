// Joins the keys of a keyboard-wedge reader into codes: pure, one key at a time.
import type { KeyEvent, LostEvents } from "./hid-events.ts";
import { KEY_ENTER, KEY_KPENTER, KEY_LEFTSHIFT, KEY_RIGHTSHIFT, keyCharacter } from "./hid-keys.ts";

/** Longest code, characters: as much as the contract's scan may carry. */
export const MOST_CHARACTERS = 256;
/** Readers type a code in one go: after this much silence what came is no code, milliseconds. */
export const SILENCE_MS = 1_000;

export interface Wedge {
  readonly typed: string;
  readonly shift: boolean;
  /** The rest up to Enter is not listened to: keys were lost or the code is too long. */
  readonly spoilt: boolean;
  readonly lastMs: number;
}

export const EMPTY_WEDGE: Wedge = { typed: "", shift: false, spoilt: false, lastMs: 0 };

export interface WedgeStep {
  readonly wedge: Wedge;
  /** A whole code. */
  readonly code?: string;
  /** Why keys were dropped: without any of their content, which may be somebody's badge. */
  readonly dropped?: string;
}

/** Takes one event of the reader. */
export function onWedgeKey(before: Wedge, event: KeyEvent | LostEvents, atMs: number): WedgeStep {
  const late = atMs - before.lastMs > SILENCE_MS && (before.typed !== "" || before.spoilt);
  const silent = late && !before.spoilt ? { dropped: "keys without Enter" } : {};
  const wedge: Wedge = late ? { ...EMPTY_WEDGE, shift: before.shift, lastMs: atMs } : { ...before, lastMs: atMs };
  if (event.kind === "lost")
    return { wedge: { ...wedge, typed: "", shift: false, spoilt: true }, dropped: "keys lost" };
  const { code, action } = event;
  if (code === KEY_LEFTSHIFT || code === KEY_RIGHTSHIFT)
    return { wedge: { ...wedge, shift: action !== "up" }, ...silent };
  if (action !== "down") return { wedge, ...silent };
  if (code === KEY_ENTER || code === KEY_KPENTER) {
    const next = { ...EMPTY_WEDGE, shift: wedge.shift, lastMs: atMs };
    return { wedge: next, ...silent, ...(wedge.typed === "" || wedge.spoilt ? {} : { code: wedge.typed }) };
  }
  const character = keyCharacter(code, wedge.shift);
  if (character === undefined || wedge.spoilt) return { wedge, ...silent };
  if (wedge.typed.length >= MOST_CHARACTERS)
    return { wedge: { ...wedge, typed: "", spoilt: true }, dropped: `more than ${MOST_CHARACTERS} characters` };
  return { wedge: { ...wedge, typed: wedge.typed + character }, ...silent };
}
