// Counts of any period: from a view that lags behind, without one, and from the journal alone, always the same.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FairPlaySettings } from "../../src/config/fair-play.ts";
import { tally } from "../../src/metrics/tally.ts";
import { judgedAnew } from "../../src/rollups/judged-anew.ts";
import { openTables } from "../../src/rollups/tables.ts";
import { openTotals } from "../../src/rollups/totals.ts";
import { told, View } from "../../src/rollups/view.ts";
import { dayOf } from "../../src/touchpoint/calendar.ts";
import { History, said } from "./history.ts";

const TIMEZONE = "Europe/Vilnius";

function viewFile(history: History): string {
  const folder = mkdtempSync(join(tmpdir(), "touchpoint-totals-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "metrics.db");
  const db = openTables(file, TIMEZONE);
  new View(db, TIMEZONE).catchUp(history);
  db.close();
  return file;
}

/** Ten days of presses, sales and episodes, every hour. */
function tenDays(): History {
  const history = new History();
  for (let hour = 0; hour < 240; hour += 1) {
    const ms = Date.UTC(2026, 9, 20) + hour * 3_600_000;
    const press = said("press", ms, {
      value: 1 + (hour % 4),
      transaction: `${hour}`,
      shift: `s${hour % 3}`,
      staff: "anna",
    });
    history.push(
      said("transaction", ms - 60_000, { transaction: `${hour}`, amount: hour }),
      press,
      said("contact", ms + 5_000, {
        outcome: "answered",
        presses: [press.id],
        end: new Date(ms + 1_000).toISOString(),
      }),
      ...(hour % 5 === 0 ? [said("judgement", ms + 6_000, { presses: [press.id] })] : []),
    );
  }
  return history;
}

test.each([
  ["a day", dayOf("2026-10-25", TIMEZONE)],
  ["all days", { fromMs: Date.UTC(2026, 9, 1), toMs: Date.UTC(2026, 10, 30) }],
  [
    "from the middle of a day to the middle of another",
    { fromMs: Date.UTC(2026, 9, 21, 9, 7), toMs: Date.UTC(2026, 9, 28, 17, 3, 1) },
  ],
  ["a few minutes", { fromMs: Date.UTC(2026, 9, 22, 9, 59), toMs: Date.UTC(2026, 9, 22, 10, 1) }],
  ["a time in which nothing happened", { fromMs: Date.UTC(2027, 0, 1), toMs: Date.UTC(2027, 0, 2) }],
])("%s", (_name, period) => {
  const history = tenDays();
  const file = viewFile(history);
  // What came after the agent's last pass, and changes a day it had counted.
  const [first] = history.rows;
  history.push(
    said("press", Date.UTC(2026, 9, 25, 10), { value: 2 }),
    said("judgement", Date.UTC(2026, 9, 30), { presses: [first?.event.id ?? ""] }),
  );
  for (const shift of [undefined, "s1", "anna"]) {
    const asked = { period, ...(shift === undefined ? {} : { shift }) };
    const expected = tally(told(history.events(), []), { ...asked, timezone: TIMEZONE });
    for (const from of [file, "/nowhere/metrics.db"]) {
      const totals = openTotals(from, history, TIMEZONE);
      expect(totals.tallies(asked)).toEqual(expected);
      totals.close();
    }
  }
});

test("presses are judged anew by other rules: what was judged live is judged no more, and what was not is", () => {
  const history = new History();
  const presses = [0, 3_000, 60_000].map((ms) => said("press", Date.UTC(2026, 9, 20, 10) + ms, { value: 4 }));
  history.push(...presses, said("judgement", Date.UTC(2026, 9, 20, 10, 1), { presses: [presses[2]?.id ?? ""] }));
  const totals = openTotals(viewFile(history), history, TIMEZONE);
  const asked = { period: dayOf("2026-10-20", TIMEZONE) };
  expect(totals.tallies(asked)).toMatchObject([{ judged: 1, responses: 2 }]);
  const judged = (repeatMs: number) =>
    judgedAnew(totals, asked, FairPlaySettings.parse({ repeatMs }), [{ id: "till" }], TIMEZONE);
  expect(judged(2_000)).toMatchObject([{ judged: 0, responses: 3 }]);
  expect(judged(5_000)).toMatchObject([{ judged: 1, responses: 2 }]);
  expect(judged(60_000)).toMatchObject([{ judged: 2, responses: 1 }]);
  totals.close();
});
