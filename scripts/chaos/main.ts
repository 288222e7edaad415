// `npm run chaos [-- --only a,b --seed N --quick --share 0.1]`: runs the trials one after another and prints one table; ends 1 where one failed.
import { parseArgs } from "node:util";
import { TRIALS } from "./all.ts";
import { isWrong, type Row, runTrial, table } from "./trial.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    seed: { type: "string", default: "1" },
    quick: { type: "boolean", default: false },
    /** Share of the full counts, for a machine with little time. */
    share: { type: "string", default: "1" },
  },
});
const wanted = values.only?.split(",") ?? TRIALS.map(({ name }) => name);
const unknown = wanted.find((name) => !TRIALS.some((trial) => trial.name === name));
const seed = Number(values.seed);
const share = Number(values.share);
if (unknown !== undefined) refuse(`no trial "${unknown}"; there are ${TRIALS.map(({ name }) => name).join(", ")}`);
if (!Number.isSafeInteger(seed) || seed < 0) refuse("--seed takes a whole number");
if (!(share > 0 && share <= 1)) refuse("--share takes a number above 0, 1 at most");

const rows: Row[] = [];
for (const trial of TRIALS.filter(({ name }) => wanted.includes(name))) {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  rows.push(await runTrial(trial, { seed, quick: values.quick, share, progress }));
}
console.log(table(rows, seed));
const failed = rows.filter(isWrong).length;
const skipped = rows.filter((row) => "skipped" in row).length;
console.log(`\n${rows.length} trials, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
