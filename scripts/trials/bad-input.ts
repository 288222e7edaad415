// `npm run trials:bad-input`: tries all kinds of bad input on the real program and prints a table; ends 1 where a row differs.
import { parseArgs } from "node:util";
import { allRows, SUBJECTS, type Subject } from "./bad-input/all.ts";
import { isAsExpected, table } from "./bad-input/row.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.find((name) => !(name in SUBJECTS));
if (unknown !== undefined) {
  console.error(`no subject "${unknown}"; there are ${Object.keys(SUBJECTS).join(", ")}`);
  process.exit(2);
}
const rows = await allRows(positionals.length === 0 ? undefined : (positionals as Subject[]));
console.log(table(rows));
const different = rows.filter((row) => !isAsExpected(row)).length;
console.error(`\n${rows.length} cases, ${different} not as expected`);
process.exitCode = different === 0 ? 0 : 1;
