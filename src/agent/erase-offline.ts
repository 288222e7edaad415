// Erases while no agent runs: the verb `journal erase` opens the journal as the agent does, and does the same.
import { statSync } from "node:fs";
import { bootId, createBoottime } from "../clock/clock.ts";
import { askTimeSource } from "../clock/time-source.ts";
import type { Config } from "../config/schema.ts";
import type { ErasureOrder } from "../words/erased.ts";
import { Fault } from "../words/errors.ts";
import type { Fact } from "../words/events.ts";
import { openAgentJournal } from "./agent-journal.ts";
import { type CarriedOut, carryOutErasures, orderErasure } from "./erasing.ts";
import { stampFact } from "./stamp.ts";
import { startTimekeeping } from "./timekeeping.ts";

/**
 * Carries out an order, and any that waits, as the owner of the data folder: what root made there the agent could not open.
 * The process is that user's from then on. The `erased` events leave when the agent runs again.
 * @throws Fault JOURNAL_LOCKED while the agent runs, JOURNAL_OPEN, JOURNAL_FULL, JOURNAL_NEWER
 */
export async function eraseOffline({ local }: Config, order: ErasureOrder): Promise<CarriedOut[]> {
  becomeOwnerOf(local.dataDir);
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

function becomeOwnerOf(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) throw new Fault("JOURNAL_OPEN", `there is no data folder ${folder}`, { folder });
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = found;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
