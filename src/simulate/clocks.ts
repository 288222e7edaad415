// The simulated machine's clocks: a wall clock that is wrong at boot and set wrong once, kept by the agent's own rules.
import { v7 as uuidv7 } from "uuid";
import { beginKeeping, type Keeping, observe, type Repair, timeOf, vouch } from "../clock/keeping.ts";
import type { Moment } from "../touchpoint/decision.ts";
import { seededRandom } from "./random.ts";

export const BOOT = "simulated-boot";

/** How far the wall clock is off from here on, and whether a time source vouches for it then. */
interface Setting {
  readonly afterMs: number;
  readonly errorMs: number;
  readonly vouched: boolean;
}

/** By boottime, milliseconds: no battery keeps the time; at three in the afternoon somebody sets it, for seven minutes. */
const SETTINGS: readonly Setting[] = [
  { afterMs: 0, errorMs: -2_220_000, vouched: false },
  { afterMs: 660_000, errorMs: 0, vouched: true },
  { afterMs: 54_000_000, errorMs: 3_600_000, vouched: false },
  { afterMs: 54_420_000, errorMs: 0, vouched: true },
];

export interface Clocks {
  /** The next moment, and what the events of a doubt that ended with it need. */
  readonly look: (ms: number) => { readonly moment: Moment; readonly repairs: readonly Repair[] };
  /** UTC of a boottime moment as it is known after the last look. */
  readonly timeOf: (atMs: number) => ReturnType<typeof timeOf>;
}

/** @param bootUnixMs true UTC of boottime 0, milliseconds */
export function simulatedClocks(bootUnixMs: number, seed: number): Clocks {
  const random = seededRandom(seed);
  const newId = (unixMs: number): string =>
    uuidv7({ msecs: Math.max(0, Math.round(unixMs)), random: Uint8Array.from({ length: 16 }, () => random() * 256) });
  let keeping: Keeping | undefined;
  let passed = 0;
  return {
    look(ms) {
      const repairs: Repair[] = [];
      const read = (errorMs: number) => ({ ms, unixMs: bootUnixMs + ms + errorMs, sharp: true });
      for (; passed < SETTINGS.length; passed += 1) {
        const setting = SETTINGS[passed];
        if (setting === undefined || setting.afterMs > ms) break;
        const reading = read(setting.errorMs);
        keeping = keeping === undefined ? beginKeeping(BOOT, reading) : observe(keeping, reading).keeping;
        if (!setting.vouched) continue;
        const word = vouch(keeping, reading);
        keeping = word.keeping;
        repairs.push(...word.repairs);
      }
      const known = keeping ?? beginKeeping(BOOT, read(0));
      const moment: Moment = {
        ms,
        unixMs: ms + known.offsetMs,
        clock: known.doubts.length === 0 ? "synced" : "unsynced",
        boot: BOOT,
        newId,
      };
      return { moment, repairs };
    },
    timeOf: (atMs) => timeOf(keeping ?? beginKeeping(BOOT, { ms: 0, unixMs: bootUnixMs, sharp: true }), atMs),
  };
}
