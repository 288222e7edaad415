// De-duplication of pad presses: which counters of a session were seen, and which are missing for good.
import { z } from "zod";

/** Counters remembered per session, as the contract says. */
export const WINDOW = 256;
/** A pad holds at most this many unacknowledged presses, so a counter this far behind the newest will not come any more. */
const OUTSTANDING = 16;
const MODULUS = 65_536;

/** Missing counters `from`..`to`, noticed at `sinceMs`. */
const Hole = z.object({ from: z.int(), to: z.int(), sinceMs: z.number() });

/** What is remembered of one session of one pad; kept in the journal with each press. */
export const CounterWindow = z.object({
  session: z.string(),
  newest: z
    .int()
    .min(0)
    .max(MODULUS - 1),
  /** Bit i (of 256, hexadecimal, bit 0 lowest): counter newest−i was seen. */
  seen: z.string().regex(/^[0-9a-f]+$/),
  holes: z.array(Hole).max(WINDOW),
});
export type CounterWindow = z.infer<typeof CounterWindow>;

const ALL = (1n << BigInt(WINDOW)) - 1n;

export interface Arrival {
  readonly window: CounterWindow;
  readonly duplicate: boolean;
  /** It had been given up as missing before; the press counts and is flagged. */
  readonly late: boolean;
}

/** The window after counter `counter` arrived at `nowMs`; counters wrap at 65,536. */
export function arrive(window: CounterWindow | undefined, session: string, counter: number, nowMs: number): Arrival {
  if (window === undefined || window.session !== session)
    return { window: { session, newest: counter, seen: "1", holes: [] }, duplicate: false, late: false };
  const ahead = (counter - window.newest + MODULUS) % MODULUS;
  const seen = BigInt(`0x${window.seen}`);
  if (ahead > 0 && ahead < MODULUS / 2) {
    const moved = ahead >= WINDOW ? 1n : ((seen << BigInt(ahead)) | 1n) & ALL;
    const holes =
      ahead === 1
        ? window.holes
        : [
            ...window.holes,
            { from: (window.newest + 1) % MODULUS, to: (counter + MODULUS - 1) % MODULUS, sinceMs: nowMs },
          ];
    return { window: { session, newest: counter, seen: moved.toString(16), holes }, duplicate: false, late: false };
  }
  const behind = ahead === 0 ? 0 : MODULUS - ahead;
  // Older than the window: the pad cannot still be waiting for it, so it is an echo.
  if (behind >= WINDOW || ((seen >> BigInt(behind)) & 1n) === 1n) return { window, duplicate: true, late: false };
  const hole = window.holes.find((candidate) => inHole(candidate, counter));
  const holes = window.holes.flatMap((candidate) => (candidate === hole ? without(candidate, counter) : [candidate]));
  return {
    window: { ...window, seen: (seen | (1n << BigInt(behind))).toString(16), holes },
    duplicate: false,
    late: hole === undefined,
  };
}

export interface Loss {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * Takes out the holes that will not be filled any more: so far behind that the pad has forgotten them, or older than
 * `patienceMs`. A resent press may fill a hole until then, which is why a jump is not a loss at once.
 */
export function giveUp(
  window: CounterWindow,
  nowMs: number,
  patienceMs: number,
): { window: CounterWindow; losses: Loss[] } {
  if (window.holes.length === 0) return { window, losses: [] };
  const gone = (hole: z.infer<typeof Hole>): boolean =>
    nowMs - hole.sinceMs >= patienceMs || (window.newest - hole.to + MODULUS) % MODULUS >= OUTSTANDING;
  const losses = window.holes.filter(gone).map(({ from, to }) => ({ from, to, count: size({ from, to }) }));
  if (losses.length === 0) return { window, losses };
  return { window: { ...window, holes: window.holes.filter((hole) => !gone(hole)) }, losses };
}

function size(hole: { from: number; to: number }): number {
  return ((hole.to - hole.from + MODULUS) % MODULUS) + 1;
}

function inHole(hole: { from: number; to: number }, counter: number): boolean {
  return (counter - hole.from + MODULUS) % MODULUS < size(hole);
}

function without(hole: z.infer<typeof Hole>, counter: number): z.infer<typeof Hole>[] {
  const left = { ...hole, to: (counter + MODULUS - 1) % MODULUS };
  const right = { ...hole, from: (counter + 1) % MODULUS };
  return [...(counter === hole.from ? [] : [left]), ...(counter === hole.to ? [] : [right])];
}
