// `touchpoint simulate day`: the page, the events, and a journal that other verbs read.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Envelope, EVENT_DATA, type EventType } from "../../src/words/events.ts";
import { touchpoint } from "../fakes/program.ts";

const folder = mkdtempSync(join(tmpdir(), "touchpoint-simulate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("prints truth beside what is told, writes the events, and a journal that `metrics` reads the same", () => {
  const file = join(folder, "day.ndjson");
  const journal = join(folder, "shop");
  const options = ["simulate", "day", "--customers", "200", "--date", "2026-11-24"];
  const { status, stdout, stderr } = touchpoint(...options, "--ndjson", file, "--journal", journal);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^seed 1, 2026-11-24: \d+ customers, \d+ inputs, \d+ events$/m);
  expect(stdout).toMatch(/^ {2}ok {3}ratings +1:\d/m);
  expect(stdout).not.toContain("MISS");

  const events = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => Envelope.parse(JSON.parse(line)));
  events.forEach((event, i) => {
    expect(event.seq).toBe(i + 1);
    EVENT_DATA[event.type as EventType].parse(event.data);
  });

  const config = join(journal, "touchpoint.yaml");
  const metrics = touchpoint("metrics", "--config", config, "--day", "2026-11-24", "--json");
  expect([metrics.status, metrics.stderr]).toEqual([0, ""]);
  const tills = JSON.parse(metrics.stdout).touchpoints as { touchpoint: string; questions: { histogram: object }[] }[];
  const ratings = Object.entries(tills.find((one) => one.touchpoint === "till-3")?.questions[0]?.histogram ?? {});
  expect(stdout).toContain(ratings.map(([value, times]) => `${value}:${times}`).join(" "));

  const again = touchpoint(...options, "--journal", journal);
  expect([again.status, again.stdout]).toEqual([1, ""]);
  expect(again.stderr).toContain("SIMULATE_EXISTS");
});

test("refuses what is no day, seed or number of customers", () => {
  for (const wrong of [
    ["--date", "2026-02-30"],
    ["--seed", "-1"],
    ["--customers", "99"],
    ["--customers", "8001"],
  ])
    expect(touchpoint("simulate", "day", ...wrong).status).toBe(2);
});
