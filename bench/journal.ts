// Prints press → committed beside a bare better-sqlite3 insert, and what a million-event backlog costs at start.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Step } from "../src/journal/journal.ts";
import { openJournal } from "../src/journal/open.ts";
import { Database } from "../src/journal/sqlite.ts";
import { press } from "./backlog.ts";
import { at } from "./draining.ts";
import { tell } from "./figure.ts";
import { journalSettings } from "./journal-settings.ts";

/** Rounds of one measurement: a ratio is the median of theirs, because a p99 of one round is a handful of presses. */
const ROUNDS = 7;
const WARM_UP = 300;
/** Back to back, and with pauses between presses like those of a busy till, milliseconds. */
const RUNS = [
  { name: "back to back", spacingMs: 0, presses: 2_000 },
  { name: "4 ms apart", spacingMs: 4, presses: 500 },
];
const BURST = 3_000;
const BACKLOG = 1_000_000;
const MB = 1_048_576;

const out = fileURLToPath(new URL("../../out", import.meta.url));
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "bench-journal-"));
try {
  await sideBySide();
  await backlog();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Both write the same event with the same pragmas, turn by turn, so that a noisy machine is noisy to both. */
async function sideBySide(): Promise<void> {
  const db = new Database(join(folder, "bare.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, timeMs INTEGER NOT NULL, json TEXT NOT NULL)",
  );
  const insert = db.prepare("INSERT INTO events (type, timeMs, json) VALUES (?, ?, ?)");
  const journal = await openJournal(journalSettings(join(folder, "journal.db"), "bench"));
  for (const { name, spacingMs, presses } of RUNS) {
    const rounds = Array.from({ length: ROUNDS }, () => ({ bare: [] as number[], ours: [] as number[] }));
    for (let n = -WARM_UP; n < ROUNDS * presses; n++) {
      const event = press(n + WARM_UP);
      if (spacingMs > 0) await wait(spacingMs);
      const bareFrom = performance.now();
      insert.run(event.type, Date.parse(event.time), JSON.stringify(event));
      const bareMs = performance.now() - bareFrom;
      if (spacingMs > 0) await wait(spacingMs);
      const oursFrom = performance.now();
      await journal.commit({ events: [event], keep: {} });
      const oursMs = performance.now() - oursFrom;
      const round = rounds[Math.floor(n / presses)];
      round?.bare.push(bareMs);
      round?.ours.push(oursMs);
    }
    console.log(`press → committed, ${name}, ${ROUNDS} rounds of ${presses} presses`);
    for (const quantile of [0.5, 0.99]) {
      const bare = rounds.map((round) => at(round.bare, quantile));
      const ours = rounds.map((round) => at(round.ours, quantile));
      const ratios = ours.map((value, round) => value / (bare[round] ?? Number.NaN));
      const ratio = at(ratios, 0.5);
      const figure = `p${quantile * 100}`;
      const span = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
      console.log(
        `  ${figure}: bare insert ${ms(at(bare, 0.5))}, journal ${ms(at(ours, 0.5))}, median of the ratios ${ratio.toFixed(2)} (aim ≤ 2), ${span}`,
      );
      tell({
        name: `press → committed, ${name}, ${figure}`,
        ours: ms(at(ours, 0.5)),
        bare: ms(at(bare, 0.5)),
        ratio,
        aim: "≤ 2×",
        met: ratio <= 2,
      });
    }
  }
  const from = performance.now();
  const burst = Array.from({ length: BURST }, (_, n): Step => ({ events: [press(n)], keep: {} }));
  await Promise.all(burst.map((step) => journal.commit(step)));
  const perSecond = Math.round(BURST / ((performance.now() - from) / 1_000));
  console.log(`burst of ${BURST} steps at once: ${perSecond} steps/s, each in a synced transaction`);
  await journal.close();
  db.close();
}

async function backlog(): Promise<void> {
  const file = join(folder, "backlog.db");
  execFileSync(process.execPath, [fileURLToPath(new URL("./fill.js", import.meta.url)), file, String(BACKLOG)]);
  const collect = globalThis.gc ?? (() => undefined);
  collect();
  const before = process.memoryUsage().rss;
  const from = performance.now();
  const journal = await openJournal(journalSettings(file, "bench"));
  const head = await journal.head();
  const first = await journal.waiting(1, 0, 64);
  const startMs = performance.now() - from;
  let read = first.length;
  let last = first.at(-1)?.seq ?? 0;
  while (read < 100_000) {
    const rows = await journal.waiting(1, last, 64);
    if (rows.length === 0) break;
    journal.settle(rows.map(({ stream, seq }) => ({ stream, seq })));
    read += rows.length;
    last = rows.at(-1)?.seq ?? last;
  }
  const drainedMs = performance.now() - from - startMs;
  const grown = (process.memoryUsage().rss - before) / MB;
  console.log(
    `backlog of ${head.waiting} events: open, head and first window in ${startMs.toFixed(0)} ms   (aim < 2000 ms)`,
  );
  console.log(`  read and settled ${read} rows in windows of 64 in ${drainedMs.toFixed(0)} ms`);
  console.log(`  memory grew by ${grown.toFixed(1)} MB   (aim < 40 MB)`);
  const figure = (name: string, value: number, aim: number, unit: string): void =>
    tell({ name, ours: `${value.toFixed(0)} ${unit}`, aim: `< ${aim} ${unit}`, met: value < aim });
  figure("journal alone, a million waiting: open and first window", startMs, 2_000, "ms");
  figure("journal alone, a million waiting: memory growth", grown, 40, "MB");
  await journal.close();
}

function ms(value: number): string {
  return `${value.toFixed(3)} ms`;
}
