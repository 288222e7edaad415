// `touchpoint metrics` beside a running agent: the page, the tables, and what it refuses.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Stamped } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { freshFile, open } from "../journal/rig.ts";

const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const DAY = "2026-11-22";

/** A shop of one day: 3 angry, 7 happy, two reasons, an open alert with a nasty name; and a press of the next morning. */
async function shop(
  more: (press: Stamped["data"]) => Stamped[] = () => [],
): Promise<(...args: string[]) => { status: number | null; out: string; errors: string }> {
  const file = freshFile();
  const config = join(dirname(dirname(file)), "touchpoint.yaml");
  mkdirSync(dirname(config), { recursive: true });
  const local = { device: "till-03", site: "vno-akropolis", timezone: "Europe/Vilnius", dataDir: dirname(file) };
  writeFileSync(config, JSON.stringify({ version: 1, local, fleet: { touchpoints: [{ id: "checkout" }] } }));
  const { journal } = await open(file);
  const press = stamped("press", 0).data;
  const events = [
    ...Array.from({ length: 10 }, (_, n) => stamped("press", n, { ...press, value: n < 3 ? 1 : 4 })),
    stamped("press", 11, { ...press, value: null, button: "=slow" }),
    stamped("alert", 12),
  ].map((event) => ({ ...event, time: `${DAY}T12:00:00.000Z` }));
  // Half past midnight in Vilnius, and still the 22nd by UTC.
  const morning = { ...stamped("press", 13, { ...press, value: 2 }), time: `${DAY}T22:30:00.000Z` };
  await journal.commit({ events: [...events, morning, ...more(press)], keep: {} });
  return (...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "metrics", "--config", config, ...args], {
      encoding: "utf8",
    });
    return { status, out: stdout, errors: stderr };
  };
}

test("one page says how many, why and who must act, for a day on the shop's own clock", async () => {
  const metrics = await shop();
  const { status, out, errors } = metrics("--day", DAY);
  expect([status, errors]).toEqual([0, ""]);
  for (const line of [
    "from 2026-11-21T22:00:00.000Z to 2026-11-22T22:00:00.000Z",
    "mean               3.100  95 % 2.234 to 3.766  (n 10)",
    "csat-top-box       0.700  95 % 0.397 to 0.892  (n 10)",
    "=slow            ████████████████████████ 1.000",
    "raised: a rating of 1 (angry, k1)",
  ])
    expect(out).toContain(line);
  const told = JSON.parse(metrics("--day", "2026-11-23", "--json").out);
  expect(told.touchpoints).toMatchObject([{ questions: [{ histogram: { 2: 1 } }] }]);
  const rows = metrics("--day", DAY, "--csv").out.split("\n");
  expect(rows[0]).toBe("touchpoint,question,version,metric,n,numerator,denominator,source,value,low,high");
  expect(rows).toContainEqual(expect.stringMatching(/^checkout,visit,2,mean,10,31,10,,3\.1,/));
  expect(rows).toContainEqual(expect.stringContaining("reason:=slow"));
});

test("a repaired clock moves a press to the day on which it was made, and an alert resolved later is no longer open", async () => {
  const metrics = await shop((press) => [
    {
      ...stamped("press", 20, { ...press, value: 3 }),
      clock: "unsynced",
      boot: "old",
      time: "1970-01-01T00:01:00.000Z",
    },
    {
      ...stamped("clock", 21, {
        boot: "old",
        fromMono: 0,
        toMono: 100,
        offsetMs: Date.parse(`${DAY}T10:00:00.000Z`) - 60_000,
        uncertaintyMs: 1,
        reason: "boot",
      }),
      time: "2026-11-24T10:00:00.000Z",
    },
    {
      ...stamped("alert", 22, { ...stamped("alert", 0).data, rev: 2, state: "resolved", ageMs: 86_400_000 }),
      time: "2026-11-23T12:00:00.000Z",
    },
  ]);
  const { touchpoints } = JSON.parse(metrics("--day", DAY, "--json").out);
  expect(touchpoints[0].questions[0].histogram).toEqual({ 1: 3, 3: 1, 4: 7 });
  expect(touchpoints[0].alerts.open).toEqual([]);
  expect(touchpoints[0].alerts.figures).toMatchObject([{ metric: "time-to-resolve-s", value: 86_400 }]);
  expect(metrics("--day", "1970-01-01").out).toContain("nothing happened");
});

test("an alert of yesterday that nobody saw to is still said today", async () => {
  const metrics = await shop();
  expect(metrics("--day", "2026-11-23").out).toContain("raised: a rating of 1 (angry, k1)");
});

test("a day without events is said, and what is no day is refused", async () => {
  const metrics = await shop();
  expect(metrics("--day", "2026-01-01").out).toContain("nothing happened");
  for (const wrong of [
    ["--day", "2026-02-30"],
    ["--day", "today"],
    ["--from", "yesterday"],
  ]) {
    const { status, errors } = metrics(...wrong);
    expect(status, wrong.join(" ")).toBe(2);
    expect(errors).toContain("write");
  }
});

test("presses are judged anew by the rules in a file; a file that is no such rules is refused with its path", async () => {
  const metrics = await shop();
  const rules = join(dirname(freshFile()), "rules.yaml");
  mkdirSync(dirname(rules), { recursive: true });
  writeFileSync(rules, "burst: { presses: 5, withinMs: 60000 }\nrepeatMs: 100\n");
  const { status, out } = metrics("--day", DAY, "--policy", rules);
  expect(status).toBe(0);
  expect(out).toContain("presses were judged not to be what they seem");
  expect(metrics("--day", DAY).out).not.toContain("were judged");
  writeFileSync(rules, "burst: { presses: many }\n");
  const refused = metrics("--day", DAY, "--policy", rules);
  expect(refused.status).toBe(78);
  expect(refused.errors).toContain("burst.presses");
});
