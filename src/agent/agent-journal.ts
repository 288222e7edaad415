// Opens the device's own journal, with the stamp of whoever writes in it: the agent, or a verb while no agent runs.
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import type { Erasing, Journal } from "../journal/journal.ts";
import { readMachine } from "../journal/machine.ts";
import { openJournal } from "../journal/open.ts";
import { builtUrl } from "../place.ts";
import type { StageReport } from "../supervise/keep-running.ts";
import type { Fact, Stamped } from "../words/events.ts";
import type { Timekeeping } from "./timekeeping.ts";

/** Where a device keeps its journal. */
export function journalFileIn(dataDir: string): string {
  return join(dataDir, "journal.db");
}

/** @throws Fault JOURNAL_OPEN, JOURNAL_FULL, JOURNAL_LOCKED, JOURNAL_NEWER */
export function openAgentJournal(
  { dataDir, device, journal }: Config["local"],
  deps: {
    readonly time: Pick<Timekeeping, "moment" | "now">;
    readonly stamp: (fact: Fact) => Stamped;
    readonly report: StageReport;
  },
): Promise<Journal & Erasing> {
  const stampNow = (fact: Pick<Fact, "type" | "data">): Stamped => {
    const at = deps.time.moment();
    return deps.stamp({ ...fact, id: at.newId(at.unixMs), atMs: at.ms } as Fact);
  };
  return openJournal({
    file: journalFileIn(dataDir),
    threadUrl: builtUrl("journal/thread.js"),
    checkUrl: builtUrl("journal/check-file.js"),
    machine: readMachine(),
    device,
    quota: {
      maxBytes: journal.maxBytes,
      maxAgeMs: journal.maxAgeDays * 86_400_000,
      reserveBytes: journal.reserveBytes,
    },
    batchMs: journal.batchMs,
    gap: (data) => stampNow({ type: "gap", data }),
    erased: (data) => stampNow({ type: "erased", data }),
    now: deps.time.now,
    report: deps.report,
  });
}
