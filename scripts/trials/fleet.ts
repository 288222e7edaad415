// `npm run trials:fleet -- --devices 1000`: a fleet to PostgreSQL, first in peace, then with consumers and broker killed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type FleetTrialReport, runFleetTrial } from "./fleet-trial.ts";

const { values } = parseArgs({
  options: {
    devices: { type: "string", default: "1000" },
    rate: { type: "string", default: "0.2" },
    seconds: { type: "string", default: "60" },
  },
});
process.exitCode = 0;
for (const faults of [false, true]) {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-fleet-"));
  const report = await runFleetTrial({
    folder,
    devices: Number(values.devices),
    perSecond: Number(values.rate),
    seconds: Number(values.seconds),
    faults,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  console.log(`${faults ? "consumers and broker killed" : "in peace"}: ${sentence(report)}`);
  console.log(JSON.stringify(report));
  // A trial that went wrong leaves its logs for whoever looks into it.
  if (report.ok) rmSync(folder, { recursive: true });
  else {
    process.stderr.write(`kept for a look: ${folder}\n`);
    process.exitCode = 1;
  }
}

function sentence(report: FleetTrialReport): string {
  const ms = (value: number | null): string => (value === null ? "none" : `${value.toFixed(0)} ms`);
  const figures = [
    `${report.devices} devices, ${report.events} events, ${report.eventsPerSecond.toFixed(0)} events/s, behind ${ms(report.behindMs)} at most`,
    `press to PUBACK p50 ${ms(report.pubackP50Ms)}, p99 ${ms(report.pubackP99Ms)}`,
    `press to row p50 ${ms(report.rowP50Ms)}, p99 ${ms(report.rowP99Ms)}, most ${ms(report.rowMostMs)}`,
    `${report.lost} lost, ${report.duplicates} stored twice, ${report.missing} seqs missing, ${report.deadLetters} dead letters`,
    `${report.reconnects} reconnects, load ${report.load.map((one) => one.toFixed(1)).join(" to ")}`,
  ];
  return `${report.ok ? "ok" : "FAILED"}: ${figures.join("; ")}`;
}
