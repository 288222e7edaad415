// Entry of the process that checks a journal as a whole: SQLite's own check, then the sum of every row, page by page.

import type { CheckVerdict } from "./check.ts";
import { isDamage } from "./failure.ts";
import { Database } from "./sqlite.ts";
import { rowSum } from "./sums.ts";

const PAGE_ROWS = 500;

/** The first thing that is wrong with the file, or null. */
function firstFinding(file: string): string | null {
  const db = new Database(file, { readonly: true, timeout: 5_000 });
  try {
    const found = String(db.pragma("quick_check(1)", { simple: true }));
    if (found !== "ok") return found;
    const page = db.prepare(
      "SELECT seq, type, timeMs, json, sum FROM events WHERE seq > ? AND sum IS NOT NULL ORDER BY seq LIMIT ?",
    );
    for (let after = 0; ; ) {
      const rows = page.all(after, PAGE_ROWS) as {
        seq: number;
        type: string;
        timeMs: number;
        json: string;
        sum: number;
      }[];
      const wrong = rows.find(({ seq, type, timeMs, json, sum }) => sum !== rowSum(seq, type, timeMs, json));
      if (wrong !== undefined) return `event ${wrong.seq} is not what was written`;
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_ROWS) return null;
      after = last.seq;
    }
  } finally {
    db.close();
  }
}

let verdict: CheckVerdict = { finding: null };
try {
  verdict = { finding: firstFinding(process.argv[2] ?? "") };
} catch (thrown) {
  // What cannot be read for another reason shows where it matters.
  if (isDamage(thrown)) verdict = { finding: thrown instanceof Error ? thrown.message : String(thrown) };
}
process.stdout.write(JSON.stringify(verdict));
