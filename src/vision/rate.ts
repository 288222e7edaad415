// How many looks a second the machine bears: load, heat and the models' own time in, a share of the full rate out. Pure.

/** Shares of the configured rate, from full down. */
export const STEPS = [1, 0.75, 0.5, 0.375, 0.25, 0.125] as const;
/** However hot: a camera is looked at this often, or as often as its configuration says, looks per second. */
const LEAST_PER_SECOND = 1;
/** Below this people walk too far between two looks for lines and short visits to be counted, looks per second. */
export const TRUSTED_PER_SECOND = 4;
/** Between two judgements, milliseconds. */
export const JUDGE_MS = 5_000;
/** A strain that lasts so long slows down, milliseconds: a moment's load is no reason. */
const DOWN_AFTER_MS = 10_000;
/** Ease that lasts so long lets go one step up, milliseconds: heat goes slowly. */
const UP_AFTER_MS = 60_000;
/** So much cooler than the limit before it goes faster again, degrees. */
const COOLER_C = 8;
/** Runnable tasks per processor: above the first there is too much work, below the second there is room. */
const LOAD = { hard: 1.5, easy: 0.9 } as const;
/** Share of its time that the models' thread may spend on looks; with less than the second there is room. */
const BUSY = { hard: 0.95, easy: 0.8 } as const;

/** What weighs on the machine now. */
export interface Strain {
  /** Hottest zone, degrees Celsius; undefined where the machine shows none. */
  readonly celsius: number | undefined;
  /** The processor says itself that it is slowed down. */
  readonly throttled: boolean;
  /** Load average of the last minute over the number of processors. */
  readonly loadPerProcessor: number;
  /** Time that looks at the full rate would take, as a share of one thread's: above 1 frames are dropped for ever. */
  readonly demand: number;
}

export interface RateState {
  /** Index into {@link STEPS}. */
  readonly step: number;
  /** Since when there has been strain, or ease; undefined while there is neither. */
  readonly since: { readonly atMs: number; readonly strained: boolean } | undefined;
}

export const FULL_RATE: RateState = { step: 0, since: undefined };

/**
 * The rate after a judgement; one step at a time, down at strain and up at ease, with room between the two.
 * @param hotC degrees Celsius from which on it is too hot
 * @param atMs of a clock that never steps
 */
export function nextRate(state: RateState, strain: Strain, hotC: number, atMs: number): RateState {
  const verdict = judge(state.step, strain, hotC);
  if (verdict === undefined) return { step: state.step, since: undefined };
  const strained = verdict === "strained";
  const since = state.since?.strained === strained ? state.since : { atMs, strained };
  if (atMs - since.atMs < (strained ? DOWN_AFTER_MS : UP_AFTER_MS)) return { step: state.step, since };
  const step = Math.min(STEPS.length - 1, Math.max(0, state.step + (strained ? 1 : -1)));
  return { step, since: { atMs, strained } };
}

function judge(step: number, strain: Strain, hotC: number): "strained" | "easy" | undefined {
  const { celsius = Number.NEGATIVE_INFINITY, throttled, loadPerProcessor, demand } = strain;
  const share = STEPS[step] ?? 1;
  const above = STEPS[step - 1] ?? 1;
  if (celsius >= hotC || throttled || loadPerProcessor >= LOAD.hard || demand * share >= BUSY.hard) return "strained";
  if (celsius <= hotC - COOLER_C && loadPerProcessor <= LOAD.easy && demand * above <= BUSY.easy) return "easy";
  return undefined;
}

/** @param fps frames per second of the configuration @returns looks per second at this step */
export function looksPerSecond(fps: number, { step }: RateState): number {
  return Math.max(fps * (STEPS[step] ?? 1), Math.min(fps, LEAST_PER_SECOND));
}

/** Spreads looks evenly: takes of frames that come as they like so many a second. */
export interface Pacer {
  /** @param perSecond looks per second @param atMs of a clock that never steps */
  due(perSecond: number, atMs: number): boolean;
}

export function createPacer(): Pacer {
  let dueMs = Number.NEGATIVE_INFINITY;
  return {
    due(perSecond, atMs) {
      const everyMs = 1_000 / perSecond;
      if (atMs < dueMs) return false;
      // From the time it was due, so that frames which come late do not slow it; after a pause from now.
      dueMs = Math.max(dueMs + everyMs, atMs + everyMs / 2);
      return true;
    },
  };
}
