// Prints how long it takes to count a million events anew, to take in what is new, and to answer for a year.
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { openJournal } from "../src/journal/open.ts";
import { openReader } from "../src/journal/read.ts";
import { reportOf } from "../src/metrics/report.ts";
import { packageRoot } from "../src/place.ts";
import { openTables } from "../src/rollups/tables.ts";
import { openTotals } from "../src/rollups/totals.ts";
import { View } from "../src/rollups/view.ts";
import { tell } from "./figure.ts";
import { journalSettings } from "./journal-settings.ts";
import { customer, fillYear, TILLS, YEAR } from "./year.ts";

/** Of whom half answer: a million events. */
const CUSTOMERS = 400_000;
const TIMEZONE = "Europe/Vilnius";
const QUERIES = 7;

const out = join(packageRoot(), "out");
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "bench-rollups-"));
try {
  const file = join(folder, "journal.db");
  const viewFile = join(folder, "metrics.db");
  await fillYear(file, CUSTOMERS);

  const reader = openReader(file);
  const { head } = reader.position();
  const bareMs = timed(() => {
    for (const { json } of reader.events()) JSON.parse(json);
  });
  const db = openTables(viewFile, TIMEZONE);
  const view = new View(db, TIMEZONE);
  const rebuildMs = timed(() => view.catchUp(reader));
  const rate = (ms: number): string => `${Math.round((head / ms) * 1000)} events/s`;
  console.log(
    `${head} events counted anew in ${(rebuildMs / 1000).toFixed(1)} s; read and parsed only: ${(bareMs / 1000).toFixed(1)} s; ` +
      `the journal is ${megabytes(file)} MB, the view ${megabytes(viewFile)} MB`,
  );
  tell({
    name: `rebuild of ${head} events`,
    ours: rate(rebuildMs),
    bare: `${rate(bareMs)} parsed`,
    ratio: bareMs / rebuildMs,
    // Nobody waits for it: it is made again beside presses, when a view was lost or the program has changed what it counts.
    aim: "< 60 s",
    met: rebuildMs < 60_000,
  });

  const journal = await openJournal(journalSettings(file, "bench"));
  const events = Array.from({ length: 40 }, (_, n) => customer(CUSTOMERS - 1 - n, CUSTOMERS)).flat();
  await journal.commit({ events, keep: {} });
  await journal.close();
  const passMs = timed(() => view.catchUp(reader));
  console.log(`${events.length} new events taken in, their day counted anew: ${passMs.toFixed(0)} ms`);
  db.close();

  const ask = (): number => {
    let responses = 0;
    const ms = timed(() => {
      const totals = openTotals(viewFile, reader, TIMEZONE);
      const reports = totals.tallies({ period: YEAR }).map((place) => reportOf(place));
      responses = reports.reduce((sum, { questions }) => sum + (questions[0]?.figures[0]?.n ?? 0), 0);
      totals.close();
    });
    if (responses < CUSTOMERS / 2 - TILLS) throw new Error(`the year has ${responses} answers only`);
    return ms;
  };
  const asked = Array.from({ length: QUERIES }, ask).sort((a, b) => a - b);
  const median = asked[Math.floor(QUERIES / 2)] ?? Number.NaN;
  console.log(`a year asked ${QUERIES} times: ${asked.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  tell({
    name: `metrics of a year's journal, ${head} events`,
    ours: `${median.toFixed(0)} ms`,
    bare: `${rebuildMs.toFixed(0)} ms counted anew`,
    ratio: median / rebuildMs,
    aim: "< 200 ms",
    met: median < 200,
  });
  reader.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function timed(work: () => void): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}

function megabytes(file: string): string {
  return (statSync(file).size / 1e6).toFixed(0);
}
