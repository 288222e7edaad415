// Settings of a journal that a bench opens itself: trouble with the disk is printed, and a gap ends the measurement.
import type { JournalSettings } from "../src/journal/open.ts";
import { Fault } from "../src/words/errors.ts";

/** @param machine identity to open it with: this machine's own where the agent opens the file afterwards */
export function journalSettings(file: string, machine: string): JournalSettings {
  return {
    file,
    threadUrl: new URL("../src/journal/thread.js", import.meta.url),
    machine,
    now: () => new Date(),
    report: (_state, fault) => {
      if (fault !== undefined) console.error(`${fault.code}: ${fault.message}`);
    },
    gap: () => {
      throw new Fault("JOURNAL_WRITE", "the disk failed during the measurement");
    },
  };
}
