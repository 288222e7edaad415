// Erasures: an order is on disk first, and carried out between two lives of the agent, when nobody remembers or reads.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "../durable.ts";
import type { Erasing, Journal } from "../journal/journal.ts";
import { PAUSE_KEY } from "../touchpoint/pauses.ts";
import { COMMAND_KEY } from "../uplink/command-ids.ts";
import { CONNECTION_KEY } from "../uplink/conn.ts";
import { ErasureOrder } from "../words/erased.ts";
import { TOLD } from "./fleet-settings.ts";
import { CLOCK_KEY } from "./timekeeping.ts";

/** The counts, in the data folder: a view of the journal that goes with everything. */
export const ROLLUPS_VIEW = "metrics.db";
const ORDER = "erase:";
/**
 * What is kept and says nothing of people: other orders, ids of commands (else one could be sent again), the number of the
 * connection, the clock, what was told of the settings, and cameras that somebody closed.
 */
const SPARED = [ORDER, COMMAND_KEY, CONNECTION_KEY, CLOCK_KEY, TOLD, PAUSE_KEY];

/** What of an order was done. */
export interface CarriedOut {
  readonly order: ErasureOrder;
  /** Rows erased. */
  readonly count: number;
}

/** Writes an order to the disk. @throws Fault JOURNAL_CLOSED, JOURNAL_WRITE */
export async function orderErasure(journal: Pick<Journal, "commit">, order: ErasureOrder): Promise<void> {
  await journal.commit({ events: [], keep: { [ORDER + order.order]: order } });
}

/**
 * Carries out every order that is on disk. A power cut at any moment leaves an order that is carried out by the next start.
 * @param kept what the journal kept
 */
export async function carryOutErasures(
  journal: Journal & Erasing,
  kept: Readonly<Record<string, unknown>>,
  dataDir: string,
): Promise<CarriedOut[]> {
  const done: CarriedOut[] = [];
  for (const [key, value] of Object.entries(kept)) {
    if (!key.startsWith(ORDER)) continue;
    const { data: order } = ErasureOrder.safeParse(value);
    // Of a later version of this program: it waits for that.
    if (order === undefined) continue;
    if (order.erasable.what === "all") {
      const view = join(dataDir, ROLLUPS_VIEW);
      for (const file of [view, `${view}-journal`]) rmSync(file, { force: true });
      syncFolder(view);
    }
    const { count } = await journal.erase(order, { spared: SPARED, keep: { [key]: null } });
    done.push({ order, count });
  }
  return done;
}
