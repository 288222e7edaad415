// Prints how fast a million waiting events drain beside a bare mqtt.js publisher, and what that does to presses meanwhile.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Journal } from "../src/journal/journal.ts";
import { openJournal } from "../src/journal/open.ts";
import { startMosquitto } from "../test/fakes/mosquitto.ts";
import { fillJournal, press } from "./backlog.ts";
import { at, drainJournal, payloadsOf, publishBare, shown, WINDOW } from "./draining.ts";
import { tell } from "./figure.ts";
import { journalSettings } from "./journal-settings.ts";

const ROWS = 1_000_000;
/** Payloads that the bare publisher sends round and round. */
const PAYLOADS = 50_000;
/** Presses of a busy till while nothing drains; those during the drain are as many as it lasts. */
const IDLE_PRESSES = 1_000;
const SPACING_MS = 20;
/** Before the first counted press of either run. */
const WARM_UP = 50;

const out = fileURLToPath(new URL("../../out", import.meta.url));
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "bench-drain-"));
const mosquitto = await startMosquitto({ lines: [`max_inflight_messages ${WINDOW * 2}`] });
try {
  const file = join(folder, "million.db");
  await fillJournal(file, "bench", ROWS);
  const journal = await openJournal(journalSettings(file, "bench"));
  const payloads = await payloadsOf(journal, PAYLOADS);
  const idle = await pressWhile(journal, (done) => done === WARM_UP + IDLE_PRESSES);
  // Half before and half after, so that a machine that grows slower is slower to both.
  const before = await publishBare(mosquitto.url, payloads, ROWS / 2);
  let drained = false;
  const drain = drainJournal(mosquitto.url, journal, ROWS + idle.length).finally(() => {
    drained = true;
  });
  const during = await pressWhile(journal, () => drained);
  const ours = await drain;
  const after = await publishBare(mosquitto.url, payloads, ROWS / 2);
  await journal.close();

  const barePerSecond = 2 / (1 / before.perSecond + 1 / after.perSecond);
  const ratio = ours.perSecond / barePerSecond;
  console.log(
    `bare ${shown(before)} and ${shown(after)}; uplink ${shown(ours)}, ratio ${ratio.toFixed(2)} (aim ≥ 0.7)`,
  );
  tell({
    name: `drain of ${ROWS} events while presses are committed`,
    ours: `${Math.round(ours.perSecond)} events/s`,
    bare: `${Math.round(barePerSecond)} events/s`,
    ratio,
    aim: "≥ 0.7×",
    met: ratio >= 0.7,
  });
  const counted = { idle: idle.slice(WARM_UP), during: during.slice(WARM_UP) };
  const [calm, busy] = [at(counted.idle, 0.99), at(counted.during, 0.99)];
  console.log(
    `press → committed: idle p50 ${ms(at(counted.idle, 0.5))}, p99 ${ms(calm)} (${counted.idle.length} presses); ` +
      `while draining p50 ${ms(at(counted.during, 0.5))}, p99 ${ms(busy)} (${counted.during.length} presses), ratio ${(busy / calm).toFixed(2)} (aim < 5)`,
  );
  tell({
    name: "press → committed while a million events drain, p99",
    ours: ms(busy),
    bare: `${ms(calm)} idle`,
    ratio: busy / calm,
    aim: "< 5×",
    met: busy < 5 * calm && counted.during.length > 100,
  });
} finally {
  await mosquitto.dispose();
  rmSync(folder, { recursive: true, force: true });
}

/** Presses one after another until told to end; milliseconds until each was on disk. */
async function pressWhile(journal: Journal, isOver: (done: number) => boolean): Promise<number[]> {
  const took: number[] = [];
  while (!isOver(took.length)) {
    await wait(SPACING_MS);
    const from = performance.now();
    await journal.commit({ events: [press(took.length)], keep: {} });
    took.push(performance.now() - from);
  }
  return took;
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}
