import { afterEach, describe, expect, it } from "vitest";
import { stampFact } from "../../src/agent/stamp.ts";
import { startTimekeeping, type Timekeeping } from "../../src/agent/timekeeping.ts";
import type { Word } from "../../src/clock/time-source.ts";
import type { BootSpan, Step } from "../../src/journal/journal.ts";
import type { StageState } from "../../src/supervise/keep-running.ts";
import type { Fault } from "../../src/words/errors.ts";
import { EVENT_DATA, type Fact, type Stamped } from "../../src/words/events.ts";
import { until } from "../fakes/until.ts";

const BOOT_MS = Date.UTC(2026, 10, 22, 9, 0, 0);

/** What a journal does about repairs: one list of everything it was asked, in order, and rows as the broker has them. */
function createJournal(kept: Record<string, unknown> = {}) {
  const asked: string[] = [];
  const journal = {
    asked,
    kept,
    events: [] as Stamped[],
    /** Unsynced rows that the broker has. */
    sent: 1,
    failing: false,
    async commit(step: Step) {
      if (journal.failing) throw new Error("the disk failed");
      const types = step.events.map(({ type }) => type).join(",");
      const keys = Object.keys(step.keep).join(",");
      asked.push(types === "" && keys === "" ? "barrier" : `commit ${types} ${keys}`.trim());
      journal.events.push(...step.events);
      Object.assign(kept, JSON.parse(JSON.stringify(step.keep)));
      return {};
    },
    async repairTime(boot: string, offsetMs: number, span?: BootSpan) {
      asked.push(`repair ${boot} ${offsetMs} ${span?.fromMono}..${span?.toMono}`);
      return { corrected: 3, alreadySent: journal.sent };
    },
  };
  return journal;
}

const running: Timekeeping[] = [];
afterEach(async () => {
  for (const time of running.splice(0)) await time.stop();
});

/** A machine whose clocks and time source the test sets. */
function startMachine(wallMs: number, boot = "b1", ms = 10_000) {
  const told: [StageState, string | undefined][] = [];
  const machine = {
    ms,
    /** Wall clock minus boottime. */
    wallOffsetMs: wallMs - ms,
    word: "unsynced" as Word,
    asked: 0,
    /** Something that happens while the time source is asked. */
    meanwhile: (): void => undefined,
    steps: [] as number[],
    told,
    pass(byMs: number): void {
      machine.ms += byMs;
    },
  };
  const stamp = (fact: Fact): Stamped =>
    stampFact(fact, { site: "vno", device: "till-03", tz: "Europe/Vilnius", boot, timeOf: time.timeOf });
  const time = startTimekeeping({
    boot,
    boottime: { nowMs: () => machine.ms, refresh: () => undefined },
    wallMs: () => machine.wallOffsetMs + machine.ms,
    ask: async () => {
      machine.asked += 1;
      const { word } = machine;
      machine.meanwhile();
      return word;
    },
    report: (state: StageState, fault?: Fault) => void told.push([state, fault?.code]),
    stepped: (byMs) => void machine.steps.push(byMs),
    stamp,
  });
  running.push(time);
  return { machine, time };
}

describe("a boot without time", () => {
  it("is kept on disk before anything is stamped, repaired when time comes, and told to whoever has it already", async () => {
    const { machine, time } = startMachine(10_000);
    await time.settle();
    const journal = createJournal();
    time.attach(journal, journal.kept);
    expect(journal.asked).toEqual(["commit  clock"]);
    expect(time.timeOf(machine.ms)).toEqual({ unixMs: 10_000, clock: "unsynced" });
    expect(machine.told).toEqual([["degraded", "CLOCK_UNSYNCED"]]);

    machine.pass(50_000);
    machine.wallOffsetMs = BOOT_MS;
    machine.word = "synced";
    time.moment();
    await until(() => journal.events.length === 1, "the clock event");
    expect(machine.steps).toEqual([BOOT_MS]);
    expect(machine.told.at(-1)).toEqual(["ok", undefined]);
    const [event] = journal.events;
    expect(EVENT_DATA.clock.parse(event?.data)).toEqual(event?.data);
    expect(event).toMatchObject({
      type: "clock",
      clock: "synced",
      time: new Date(BOOT_MS + 60_000).toISOString(),
      data: { boot: "b1", fromMono: 0, toMono: 60_000.05, offsetMs: BOOT_MS, reason: "boot" },
    });
    // Everything stamped in doubt is on disk before it is repaired; the repair is forgotten with the event that tells it.
    const from = journal.asked.indexOf("barrier");
    expect(journal.asked.slice(from)).toEqual(["barrier", `repair b1 ${BOOT_MS} 0..60000.05`, "commit clock clock"]);
    expect(journal.kept.clock).toMatchObject({ repairs: [], keeping: { vouched: true, doubts: [] } });
  });

  it("says nothing to a broker that has none of the rows", async () => {
    const { machine, time } = startMachine(10_000);
    const journal = createJournal();
    journal.sent = 0;
    time.attach(journal, journal.kept);
    machine.wallOffsetMs = BOOT_MS;
    machine.word = "synced";
    time.moment();
    await until(() => journal.asked.some((one) => one.startsWith("repair")), "the repair");
    await time.stop();
    expect(journal.events).toEqual([]);
    expect(journal.kept.clock).toMatchObject({ repairs: [] });
  });

  it("that never got time stays marked: nothing of it is repaired by the next boot", async () => {
    const first = startMachine(10_000, "b1");
    const journal = createJournal();
    first.time.attach(journal, journal.kept);
    const second = startMachine(BOOT_MS, "b2");
    second.machine.word = "synced";
    second.time.attach(journal, journal.kept);
    await second.time.settle();
    await until(() => journal.asked.some((one) => one.startsWith("repair")), "the repair");
    expect(journal.asked.filter((one) => one.startsWith("repair"))).toEqual([expect.stringMatching(/^repair b2 0 /)]);
  });
});

describe("an agent that starts again", () => {
  it("repairs what it stamped before, in the same boot", async () => {
    const first = startMachine(10_000);
    const journal = createJournal();
    first.time.attach(journal, journal.kept);
    await first.time.stop();
    const again = startMachine(BOOT_MS + 90_000, "b1", 90_000);
    again.machine.word = "synced";
    await again.time.settle();
    again.time.attach(journal, journal.kept);
    await until(() => journal.events.length > 0, "the clock event");
    expect(journal.events[0]?.data).toMatchObject({ fromMono: 0, offsetMs: BOOT_MS });
  });

  it("knows that the clock was set while it was gone, and holds the time it had", async () => {
    const first = startMachine(BOOT_MS + 10_000);
    first.machine.word = "synced";
    await first.time.settle();
    const journal = createJournal();
    journal.sent = 0;
    first.time.attach(journal, journal.kept);
    await first.time.stop();
    const again = startMachine(BOOT_MS + 90_000 + 3_652 * 86_400_000, "b1", 90_000);
    await again.time.settle();
    again.time.attach(journal, journal.kept);
    expect(again.time.timeOf(91_000)).toEqual({ unixMs: BOOT_MS + 91_000, clock: "unsynced" });
  });

  it("does a repair that was decided and not done, of an earlier boot too", async () => {
    const { machine, time } = startMachine(10_000);
    const journal = createJournal();
    time.attach(journal, journal.kept);
    const disk = { ...journal.kept };
    machine.wallOffsetMs = BOOT_MS;
    machine.word = "synced";
    const commit = journal.commit;
    // Power fails as soon as the repair is decided and written down.
    journal.commit = async (step) => {
      if (step.events.length > 0 || Object.keys(step.keep).length === 0)
        return await new Promise<never>(() => undefined);
      const done = await commit(step);
      Object.assign(disk, journal.kept);
      return done;
    };
    running.splice(running.indexOf(time), 1);
    time.moment();
    await until(() => JSON.stringify(disk).includes('"repairs":[{'), "the decision");

    const after = createJournal(disk);
    const next = startMachine(BOOT_MS + 86_400_000, "b2");
    next.time.attach(after, after.kept);
    await until(() => after.events.length === 1, "the clock event");
    expect(after.asked).toContain(`repair b1 ${BOOT_MS} 0..10000.05`);
    expect(after.events[0]).toMatchObject({ boot: "b2", data: { boot: "b1", offsetMs: BOOT_MS } });
    void time.stop();
  });

  it("tries a repair again that the journal could not do", async () => {
    const { machine, time } = startMachine(10_000);
    const journal = createJournal();
    time.attach(journal, journal.kept);
    journal.failing = true;
    machine.wallOffsetMs = BOOT_MS;
    machine.word = "synced";
    time.moment();
    await time.settle();
    journal.failing = false;
    // Past the time after which the source is asked again, at the next look.
    machine.pass(31_000);
    await until(() => journal.events.length === 1, "the clock event");
  });
});

describe("a synced clock that is stepped", () => {
  async function startSynced() {
    const started = startMachine(BOOT_MS + 10_000);
    started.machine.word = "synced";
    await started.time.settle();
    const journal = createJournal();
    journal.sent = 0;
    started.time.attach(journal, journal.kept);
    await until(() => journal.asked.some((one) => one.startsWith("repair")), "the first repair");
    await started.time.settle();
    journal.sent = 1;
    return { ...started, journal };
  }

  it("is noticed before the next event is stamped, and holds its time while nobody confirms", async () => {
    const { machine, time } = await startSynced();
    machine.pass(5_000);
    machine.wallOffsetMs += 3_652 * 86_400_000;
    machine.word = "unsynced";
    const { ms, unixMs, newId } = time.moment();
    expect(unixMs).toBe(BOOT_MS + 15_000);
    expect(time.timeOf(ms + 1)).toEqual({ unixMs: BOOT_MS + 15_001, clock: "unsynced" });
    expect(time.now().toISOString()).toBe("2026-11-22T09:00:15.000Z");
    expect(newId(unixMs)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(machine.told.at(-1)).toEqual(["degraded", "CLOCK_STEPPED"]);
  });

  it("and set right again was right all the time: one event says so", async () => {
    const { machine, time, journal } = await startSynced();
    machine.pass(5_000);
    machine.wallOffsetMs -= 86_400_000;
    machine.word = "unsynced";
    time.moment();
    await time.settle();
    machine.pass(60_000);
    machine.wallOffsetMs += 86_400_000;
    machine.word = "synced";
    time.moment();
    await until(() => journal.events.length === 1, "the clock event");
    expect(journal.events[0]?.data).toMatchObject({
      fromMono: 15_000.05,
      toMono: 75_000.05,
      offsetMs: 0,
      reason: "step",
    });
    expect(time.timeOf(80_000)).toEqual({ unixMs: BOOT_MS + 80_000, clock: "synced" });
  });

  it("is not vouched for by a word that was given before the step", async () => {
    const { machine, time } = await startSynced();
    const asked = machine.asked;
    machine.meanwhile = () => {
      machine.meanwhile = () => undefined;
      machine.wallOffsetMs += 3_600_000;
      machine.word = "unsynced";
    };
    await time.settle();
    expect(machine.asked).toBe(asked + 2);
    expect(time.timeOf(machine.ms + 1).clock).toBe("unsynced");
  });

  it("a source that does not answer changes nothing", async () => {
    const { machine, time } = await startSynced();
    machine.word = undefined;
    await time.settle();
    expect(time.timeOf(machine.ms).clock).toBe("synced");
  });
});
