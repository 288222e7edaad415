// `npm run trials:camera`: does to live cameras what the world does, and prints a table; ends 1 where one did not recover.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CAMERA_TRIALS } from "./camera/all.ts";

const { values } = parseArgs({
  options: {
    /** How long faults last where that is a matter of choice, seconds. */
    down: { type: "string", default: "60" },
    /** Only trials whose names hold this. */
    only: { type: "string", default: "" },
  },
});
const chosen = CAMERA_TRIALS.filter(({ name }) => name.includes(values.only));
const folder = mkdtempSync(join(tmpdir(), "touchpoint-camera-"));
let bad = 0;
let presses = 0;
console.log("| what is done | expected | what happened | good |");
console.log("|---|---|---|---|");
try {
  for (const [i, trial] of chosen.entries()) {
    const row = await trial
      .run(join(folder, String(i)), Number(values.down) * 1000)
      .catch((thrown: unknown) => ({ said: String(thrown).slice(0, 400), good: false, presses: 0 }));
    console.log(`| ${trial.name} | ${trial.expected} | ${row.said} | ${row.good ? "yes" : "**no**"} |`);
    if (!row.good) bad += 1;
    presses += row.presses;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${chosen.length} trials, ${bad} not as expected; ${presses} presses`);
process.exitCode = bad === 0 && chosen.length > 0 ? 0 : 1;
