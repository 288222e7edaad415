// Entry of the thread that checks a journal as a whole: SQLite's own check, then the sum of every row, page by page.
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import type { CheckVerdict } from "./check.ts";
import { isDamage } from "./failure.ts";
import { rowSum } from "./sums.ts";

const PAGE_ROWS = 500;

/** The first thing that is wrong with the file, or undefined. */
function firstFinding(file: string): string | undefined {
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
      if (last === undefined || rows.length < PAGE_ROWS) return undefined;
      after = last.seq;
    }
  } finally {
    db.close();
  }
}

if (parentPort !== null) {
  let verdict: CheckVerdict = { finding: undefined };
  try {
    verdict = { finding: firstFinding((workerData as { file: string }).file) };
  } catch (thrown) {
    // What cannot be read for another reason shows where it matters.
    if (isDamage(thrown)) verdict = { finding: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  parentPort.postMessage(verdict);
}
