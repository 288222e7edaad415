// Presses a journal whose every sync takes 300 ms and prints what the main loop felt of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openJournal } from "../../src/journal/open.ts";
import { openReader } from "../../src/journal/read.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import type { Envelope } from "../../src/words/events.ts";
import { stamped } from "../../test/fakes/events.ts";
import { buildSlowSync, slowSyncEnv } from "../../test/fakes/slow-sync.ts";

const { values: options } = parseArgs({
  options: {
    presses: { type: "string", default: "200" },
    "sync-ms": { type: "string", default: "300" },
    /** Where to write; a folder of its own in the system's temporary folder by default. */
    folder: { type: "string" },
  },
});
/** Between presses: several fall into each sync. */
const SPACING_MS = 25;
const LOOP_RESOLUTION_MS = 1;

const log = process.env.SLOW_SYNC_LOG;
process.exitCode = log === undefined ? underSlowDisk() : await press(log);

/** Runs this program again with the slow disk preloaded; its exit status. */
function underSlowDisk(): number {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "touchpoint-slow-disk-"));
  try {
    const slow = { ms: Number(options["sync-ms"]), log: join(folder, "syncs") };
    const env = { ...process.env, ...slowSyncEnv(buildSlowSync(folder), slow) };
    const args = [fileURLToPath(import.meta.url), "--presses", options.presses, "--folder", folder];
    return spawnSync(process.execPath, args, { env, stdio: "inherit" }).status ?? 1;
  } finally {
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Presses at a steady pace and holds the journal to its promises; 0 where all were kept. */
async function press(syncLog: string): Promise<number> {
  const file = join(options.folder ?? tmpdir(), "journal", "journal.db");
  const journal = await openJournal({
    file,
    threadUrl: new URL("../../src/journal/thread.js", import.meta.url),
    machine: "",
    now: () => new Date(),
    gap: (data) => stamped("gap", 0, data),
    report: (state, fault) => console.log(`journal ${state}${fault === undefined ? "" : `: ${fault.message}`}`),
  });
  const syncs = (mark: "s" | "e"): number => readFileSync(syncLog, "utf8").split(mark).length - 1;
  const arrived: string[] = [];
  const resolved: number[] = [];
  let beforeSync = 0;
  const waits: number[] = [];
  const steps: Promise<void>[] = [];
  const atStart = syncs("s");
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  for (let n = 0; n < Number(options.presses); n++) {
    const event = stamped("press", n);
    arrived.push(event.time);
    const from = performance.now();
    const started = syncs("s");
    steps.push(
      journal.commit({ events: [event], keep: {} }).then(() => {
        waits.push(performance.now() - from);
        resolved.push(n);
        // A sync that was under way when the press came proves nothing: one that began later must have ended.
        if (syncs("e") <= started) beforeSync += 1;
      }),
    );
    await wait(SPACING_MS);
  }
  await Promise.all(steps);
  delay.disable();
  const used = syncs("s") - atStart;
  await journal.close();
  const reader = openReader(file);
  const stored = [...reader.events()].map((row) => JSON.parse(row.json) as Envelope);
  const sound = verifyJournal(reader).ok;
  reader.close();
  const outOfOrder = resolved.filter((n, at) => n !== at).length + stored.filter(({ mono }, at) => mono !== at).length;
  const timesChanged = arrived.filter((time, n) => stored[n]?.time !== time).length;
  waits.sort((a, b) => a - b);
  const quantile = (q: number): string => (waits[Math.floor(waits.length * q)] ?? Number.NaN).toFixed(0);
  // The monitor counts its own timer's millisecond as delay.
  const loop = (q: number): string => Math.max(0, delay.percentile(q) / 1e6 - LOOP_RESOLUTION_MS).toFixed(1);
  console.log(
    `${stored.length} presses, one every ${SPACING_MS} ms, in ${used} syncs of ${process.env.SLOW_SYNC_MS} ms`,
  );
  console.log(`press → committed p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`);
  console.log(`main loop delay p99 ${loop(99)} ms, p50 ${loop(50)} ms (aim: p99 < 10 ms)`);
  console.log(JSON.stringify({ presses: stored.length, outOfOrder, beforeSync, timesChanged, syncs: used, sound }));
  return outOfOrder + beforeSync + timesChanged === 0 && sound ? 0 : 1;
}
