// Prints how fast a backlog drains to a real Mosquitto, beside a bare mqtt.js publisher with the same window and payloads.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openJournal } from "../src/journal/open.ts";
import { startMosquitto } from "../test/fakes/mosquitto.ts";
import { fillJournal } from "./backlog.ts";
import { at, drainJournal, payloadsOf, publishBare, type Round, shown, WINDOW } from "./draining.ts";
import { tell } from "./figure.ts";
import { journalSettings } from "./journal-settings.ts";

const ROWS = 50_000;
const ROUNDS = 9;

const out = fileURLToPath(new URL("../../out", import.meta.url));
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "bench-uplink-"));
const mosquitto = await startMosquitto({ lines: [`max_inflight_messages ${WINDOW * 2}`] });
try {
  const bare: Round[] = [];
  const ours: Round[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const file = join(folder, `${round}.db`);
    await fillJournal(file, "bench", ROWS);
    const journal = await openJournal(journalSettings(file, "bench"));
    const payloads = await payloadsOf(journal, ROWS);
    // In turns, and in turn first, so that a noisy machine is noisy to both.
    if (round % 2 === 0) bare.push(await publishBare(mosquitto.url, payloads, ROWS));
    ours.push(await drainJournal(mosquitto.url, journal, ROWS));
    if (round % 2 === 1) bare.push(await publishBare(mosquitto.url, payloads, ROWS));
    await journal.close();
    console.log(`round ${round + 1}: bare ${shown(bare.at(-1))}, uplink ${shown(ours.at(-1))}`);
  }
  const rate = (rounds: readonly Round[]): number =>
    at(
      rounds.map(({ perSecond }) => perSecond),
      0.5,
    );
  const ratios = ours.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? Number.NaN));
  const ratio = at(ratios, 0.5);
  console.log(
    [
      `backlog of ${ROWS} presses, window ${WINDOW}, QoS 1, MQTT 5, ${ROUNDS} rounds in turns, medians:`,
      `  bare mqtt.js publisher  ${Math.round(rate(bare))} events/s`,
      `  journal → uplink        ${Math.round(rate(ours))} events/s`,
      `  ratio of the medians    ${(rate(ours) / rate(bare)).toFixed(2)}`,
      `  median of the ratios    ${ratio.toFixed(2)} (aim ≥ 0.7), ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    ].join("\n"),
  );
  tell({
    name: `drain of ${ROWS} presses, window ${WINDOW}`,
    ours: `${Math.round(rate(ours))} events/s`,
    bare: `${Math.round(rate(bare))} events/s`,
    ratio,
    aim: "≥ 0.7×",
    met: ratio >= 0.7,
  });
} finally {
  await mosquitto.dispose();
  rmSync(folder, { recursive: true, force: true });
}
