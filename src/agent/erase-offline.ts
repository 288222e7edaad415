// Erases while no agent runs: the verb `journal erase` opens the journal as the agent does, and does the same.
import { bootId, createBoottime } from "../clock/clock.ts";
import { askTimeSource } from "../clock/time-source.ts";
import type { Config } from "../config/schema.ts";
import type { ErasureOrder } from "../words/erased.ts";
import type { Fact } from "../words/events.ts";
import { openAgentJournal } from "./agent-journal.ts";
import { type CarriedOut, carryOutErasures, orderErasure } from "./erasing.ts";
import { stampFact } from "./stamp.ts";
import { startTimekeeping } from "./timekeeping.ts";

/**
 * Carries out an order, and any that waits; the `erased` events leave when the agent runs again.
 * @throws Fault JOURNAL_LOCKED while the agent runs, JOURNAL_OPEN, JOURNAL_FULL, JOURNAL_NEWER
 */
export async function eraseOffline({ local }: Config, order: ErasureOrder): Promise<CarriedOut[]> {
  const boot = bootId();
  const stamp = (fact: Fact) =>
    stampFact(fact, { site: local.site, device: local.device, tz: local.timezone, boot, timeOf: time.timeOf });
  const time = startTimekeeping({
    boot,
    boottime: createBoottime(),
    wallMs: Date.now,
    ask: askTimeSource,
    report: () => undefined,
    stepped: () => undefined,
    stamp,
  });
  try {
    await time.settle();
    const journal = await openAgentJournal(local, { time, stamp, report: () => undefined });
    try {
      time.attach(journal, await journal.kept(""));
      await orderErasure(journal, order);
      return await carryOutErasures(journal, await journal.kept(""), local.dataDir);
    } finally {
      await time.stop();
      await journal.close();
    }
  } finally {
    await time.stop();
  }
}
