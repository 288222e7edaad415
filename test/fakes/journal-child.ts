// A process that writes a real journal on command, so that a test can kill it, slow its disk or fill it.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { openJournal } from "../../src/journal/open.ts";
import type { ErasureOrder } from "../../src/words/erased.ts";
import { asFault } from "../../src/words/errors.ts";
import type { EventType } from "../../src/words/events.ts";
import { stamped } from "./events.ts";

/** One line of standard input. */
export type ChildCommand =
  | { readonly commit: readonly EventType[]; readonly n: number }
  | { readonly presses: number }
  | { readonly remove: string }
  | { readonly erase: ErasureOrder }
  | { readonly close: true };

/** One line of standard output. */
export type ChildLine =
  | { readonly opened: string; readonly head: number }
  | { readonly committed: number; readonly firstSeq?: number; readonly lastSeq?: number }
  | { readonly refused: number; readonly code: string }
  | { readonly stage: string; readonly code?: string }
  | { readonly erased: number }
  | { readonly closed: true };

const [file = "", events = "10000", steps = "20000", lookMs = "5000"] = process.argv.slice(2);
const say = (line: ChildLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const journal = await openJournal({
    file,
    threadUrl: new URL("../../src/journal/thread.js", import.meta.url),
    machine: process.env.MACHINE ?? "child",
    quota: {
      maxBytes: 536_870_912,
      maxAgeMs: 90 * 86_400_000,
      reserveBytes: Number(process.env.RESERVE_BYTES ?? 0),
    },
    now: () => new Date(),
    gap: (data) => stamped("gap", 0, data),
    erased: (data) => stamped("erased", 0, data),
    report: (stage, fault) => say({ stage, ...(fault === undefined ? {} : { code: fault.code }) }),
    bounds: { events: Number(events), steps: Number(steps) },
    lookMs: Number(lookMs),
    backoff: { firstMs: 20, maxMs: 100, stableAfterMs: 0 },
  });
  const commit = (types: readonly EventType[], n: number): Promise<void> =>
    journal
      .commit({ events: types.map((type) => stamped(type, n)), keep: { last: n } })
      .then((committed) => say({ committed: n, ...committed }))
      .catch((thrown: unknown) => say({ refused: n, code: asFault(thrown, "JOURNAL_WRITE").code }));
  const pressing = async (presses: number): Promise<void> => {
    for (let n = 1; n <= presses; n++) await commit(["press"], n);
  };
  const { stream, head } = await journal.head();
  say({ opened: stream, head });
  for await (const line of createInterface(process.stdin)) {
    const command = JSON.parse(line) as ChildCommand;
    if ("commit" in command) void commit(command.commit, command.n);
    else if ("presses" in command) void pressing(command.presses);
    else if ("erase" in command) say({ erased: (await journal.erase(command.erase, { spared: [], keep: {} })).count });
    else if ("remove" in command) rmSync(command.remove);
    else break;
  }
  await journal.close();
  say({ closed: true });
} catch (thrown) {
  say({ refused: 0, code: asFault(thrown, "JOURNAL_OPEN").code });
  process.exitCode = 1;
}
process.stdin.destroy();
