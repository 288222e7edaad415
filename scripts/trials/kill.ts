// `npm run trials:kill -- --kills 100`: kills the agent again and again under a press stream; ends 1 if a press was lost.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type KillReport, runKillTrial } from "./kill-trial.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const folder = mkdtempSync(join(tmpdir(), "touchpoint-kill-"));
let ok = false;
try {
  const report = await runKillTrial({
    kills: Number(values.kills),
    seed: Number(values.seed),
    folder,
    progress: (killed) => {
      if (killed % 10 === 0) process.stderr.write(`killed ${killed} times\n`);
    },
  });
  ok = report.ok;
  console.log(sentence(report));
  console.log(JSON.stringify(report));
} finally {
  // A trial that went wrong leaves its journal for whoever looks into it.
  if (ok) rmSync(folder, { recursive: true });
  else process.stderr.write(`kept for a look: ${folder}\n`);
}
process.exitCode = ok ? 0 : 1;

function sentence(report: KillReport): string {
  const figures = [
    `kill -9 ${report.kills} times (${report.whileStarting} while starting, ${report.atPress} at a press)`,
    `${report.presses} presses, ${report.acknowledged} acknowledged, ${report.inJournal} in the journal, ${report.atBroker} at the broker`,
    `${report.lost} lost, ${report.duplicates} counted twice, ${report.acknowledgedTooEarly} acknowledged too early`,
    `${report.cutBeforeAck} on disk and sent again by the pad, ${report.sentAgain} messages repeated`,
    `seq 1..${report.head} with ${report.holes} holes, integrity ${report.integrity}`,
  ];
  return `${report.ok ? "ok" : "FAILED"}: ${figures.join("; ")}`;
}
