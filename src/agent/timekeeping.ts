// Keeps the agent's time: looks at the clocks, asks the time source, and has what was stamped in doubt repaired.
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { type Reading, readClocks } from "../clock/clock.ts";
import { beginKeeping, Keeping, loseSource, observe, type Repair, timeOf, vouch } from "../clock/keeping.ts";
import type { Word } from "../clock/time-source.ts";
import type { Journal } from "../journal/journal.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import type { Moment } from "../touchpoint/decision.ts";
import { Fault } from "../words/errors.ts";
import { ClockData, type Fact, type Stamped } from "../words/events.ts";

/** Journal key of what is known of this boot's clock, and of the repairs that are not done yet. */
export const CLOCK_KEY = "clock";
const Kept = z.object({ keeping: Keeping, repairs: z.array(ClockData) });

/** How often the clocks are compared where nothing else happens, milliseconds. */
const LOOK_MS = 1_000;
/** How often the time source is asked while it vouches, and while it does not; a step asks at once. */
const ASK_MS = { synced: 30_000, unsynced: 5_000 } as const;
/** A synced clock that wandered this far from what is on disk is written down again: a restart must not see a step. */
const WANDERED_MS = 50;

const UNSYNCED = {
  boot: "no time source has set the clock since this machine started",
  "source-lost": "the time source has not confirmed the clock for hours",
} as const;

export interface TimekeepingDeps {
  readonly boot: string;
  readonly boottime: { readonly nowMs: () => number; readonly refresh: () => void };
  /** The wall clock, milliseconds since 1970. */
  readonly wallMs: () => number;
  readonly ask: () => Promise<Word>;
  readonly report: StageReport;
  /** The wall clock was stepped, by so many milliseconds. */
  readonly stepped: (byMs: number) => void;
  readonly stamp: (fact: Fact) => Stamped;
}

export interface Timekeeping {
  readonly moment: () => Moment;
  /** What `stampFact` needs. */
  readonly timeOf: (atMs: number) => { unixMs: number; clock: "synced" | "unsynced" };
  /** UTC now, as far as it is known; not the wall clock while that is in doubt. */
  readonly now: () => Date;
  /** Asks the time source once; resolves with its answer taken in. */
  settle(): Promise<void>;
  /** From here on what is known is kept in the journal, and repairs are done. @param kept of the last run */
  attach(journal: Pick<Journal, "commit" | "repairTime">, kept: Readonly<Record<string, unknown>>): void;
  /** Resolves when nothing is repaired any more. */
  stop(): Promise<void>;
}

/** Starts to look at the clocks; `stop` ends it. */
export function startTimekeeping(deps: TimekeepingDeps): Timekeeping {
  return new Keeper(deps);
}

class Keeper implements Timekeeping {
  readonly #deps: TimekeepingDeps;
  readonly #looking: NodeJS.Timeout;
  #keeping: Keeping;
  #repairs: readonly Repair[] = [];
  #journal: Pick<Journal, "commit" | "repairTime"> | undefined;
  /** What the journal was told last. */
  #kept: Keeping | undefined;
  #steps = 0;
  #stepped = "the clock was set and no time source has confirmed it";
  #askedMs = 0;
  #asking: Promise<void> | undefined;
  #repairing: Promise<void> | undefined;
  #stopped = false;

  constructor(deps: TimekeepingDeps) {
    this.#deps = deps;
    this.#keeping = beginKeeping(deps.boot, this.#read());
    this.#looking = setInterval(() => this.#tick(), LOOK_MS);
  }

  readonly moment = (): Moment => {
    const { ms } = this.#look();
    return {
      ms,
      unixMs: ms + this.#keeping.offsetMs,
      clock: this.#keeping.doubts.length === 0 ? "synced" : "unsynced",
      boot: this.#deps.boot,
      newId: (unixMs) => uuidv7({ msecs: Math.max(0, Math.round(unixMs)) }),
    };
  };

  readonly timeOf: Timekeeping["timeOf"] = (atMs) => timeOf(this.#keeping, atMs);

  readonly now = (): Date => new Date(Math.round(this.moment().unixMs));

  settle(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  attach(journal: Pick<Journal, "commit" | "repairTime">, kept: Readonly<Record<string, unknown>>): void {
    const known = Kept.safeParse(kept[CLOCK_KEY]);
    this.#journal = journal;
    if (known.success) {
      this.#repairs = known.data.repairs;
      const before = known.data.keeping;
      // An agent that started again knows from before whether this boot had time, and which parts of it had none.
      if (before.boot === this.#keeping.boot) {
        const vouched = this.#keeping.doubts.length === 0;
        this.#keeping = before;
        const reading = this.#look();
        if (vouched) this.#vouched(reading);
      }
    }
    this.#keep();
    this.#repair();
    void this.settle();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#looking);
    await this.#repairing;
  }

  #read(): Reading {
    return readClocks(this.#deps.boottime.nowMs, this.#deps.wallMs);
  }

  /** Compares the clocks: before each event, so that none is stamped by a step that nobody noticed. */
  #look(): Reading {
    const reading = this.#read();
    const { keeping, steppedMs } = observe(this.#keeping, reading);
    if (keeping === this.#keeping) return reading;
    this.#keeping = keeping;
    this.#keep();
    if (steppedMs !== 0) {
      this.#steps += 1;
      this.#stepped = steppedSentence(steppedMs);
      this.#tell();
      this.#deps.stepped(steppedMs);
      void this.settle();
    }
    return reading;
  }

  #tick(): void {
    this.#deps.boottime.refresh();
    const { ms } = this.#look();
    if (ms - this.#askedMs < ASK_MS[this.#keeping.doubts.length === 0 ? "synced" : "unsynced"]) return;
    void this.settle();
    this.#repair();
  }

  async #ask(): Promise<void> {
    for (;;) {
      this.#askedMs = this.#deps.boottime.nowMs();
      const steps = this.#steps;
      const word = await this.#deps.ask().catch((): Word => undefined);
      if (this.#stopped) return;
      const reading = this.#look();
      // A step while it was asked: the word may be of the clock before it.
      if (steps !== this.#steps) continue;
      if (word === "synced") this.#vouched(reading);
      if (word === "unsynced") {
        const lost = loseSource(this.#keeping, reading);
        if (lost !== this.#keeping) {
          this.#keeping = lost;
          this.#keep();
        }
      }
      this.#tell();
      return;
    }
  }

  #vouched(reading: Reading): void {
    const { keeping, repairs } = vouch(this.#keeping, reading);
    if (keeping === this.#keeping) return;
    this.#keeping = keeping;
    this.#repairs = [...this.#repairs, ...repairs];
    this.#keep();
    this.#repair();
  }

  #tell(): void {
    const reason = this.#keeping.doubts.at(-1)?.reason;
    if (reason === undefined) this.#deps.report("ok");
    else if (reason === "step") this.#deps.report("degraded", new Fault("CLOCK_STEPPED", this.#stepped));
    else this.#deps.report("degraded", new Fault("CLOCK_UNSYNCED", UNSYNCED[reason]));
  }

  /** Writes down what is known, where it is another thing than what is on disk; ahead of whatever is stamped by it. */
  #keep(): void {
    const { doubts, offsetMs } = this.#keeping;
    const same =
      this.#kept?.doubts === doubts &&
      this.#kept.vouched === this.#keeping.vouched &&
      Math.abs(this.#kept.offsetMs - offsetMs) <= WANDERED_MS;
    if (this.#journal === undefined || same) return;
    this.#kept = this.#keeping;
    // Where it cannot be written, neither can the events: the agent hears of it from theirs.
    this.#journal.commit({ events: [], keep: this.#keepable() }).catch(() => undefined);
  }

  #keepable(): Record<string, unknown> {
    return { [CLOCK_KEY]: { keeping: this.#keeping, repairs: this.#repairs } };
  }

  #repair(): void {
    if (this.#journal === undefined || this.#repairs.length === 0 || this.#stopped) return;
    this.#repairing ??= this.#repairAll(this.#journal)
      // Not done is kept: it is tried again with the next question to the time source, and after a restart.
      .catch(() => undefined)
      .finally(() => {
        this.#repairing = undefined;
      });
  }

  async #repairAll(journal: Pick<Journal, "commit" | "repairTime">): Promise<void> {
    for (;;) {
      const [repair] = this.#repairs;
      if (repair === undefined || this.#stopped) return;
      const { boot, offsetMs, fromMono, toMono } = repair;
      // Everything stamped in doubt is on disk before it is repaired there.
      await journal.commit({ events: [], keep: {} });
      const { alreadySent } = await journal.repairTime(boot, offsetMs, { fromMono, toMono });
      const { ms, unixMs, newId } = this.moment();
      const fact: Fact = { type: "clock", id: newId(unixMs), atMs: ms, data: repair };
      const events = alreadySent === 0 ? [] : [this.#deps.stamp(fact)];
      // One transaction: a repair is told once, and not forgotten before it is told.
      this.#repairs = this.#repairs.filter((other) => other !== repair);
      try {
        await journal.commit({ events, keep: this.#keepable() });
      } catch (thrown) {
        this.#repairs = [repair, ...this.#repairs];
        throw thrown;
      }
    }
  }
}

function steppedSentence(steppedMs: number): string {
  const way = steppedMs > 0 ? "forward" : "back";
  return `the clock was set ${way} by ${Math.abs(steppedMs / 1000).toFixed(1)} s and no time source has confirmed it`;
}
