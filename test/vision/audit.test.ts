// `vision audit` on the real program: keys from a pipe beside a growing journal, taps from files, and what is no use.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clocksNow } from "../../src/clock/clock.ts";
import { packageRoot } from "../../src/place.ts";
import type { Stamped } from "../../src/words/events.ts";
import { stamped } from "../fakes/events.ts";
import { touchpoint } from "../fakes/program.ts";
import { until } from "../fakes/until.ts";
import { open } from "../journal/rig.ts";

let folder = "";
let config = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-audit-"));
  mkdirSync(join(folder, "data"));
  config = write("door.yaml", configOf("door"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function configOf(...lines: string[]): string {
  const drawn = lines.map((id) => `        - { id: ${id}, camera: cam, from: [0, 0.5], to: [1, 0.5] }`);
  return `version: 1
local:
  device: d1
  site: s1
  dataDir: ${join(folder, "data")}
  journal: { batchMs: 0 }
  cameras: [{ id: cam, source: { kind: scene } }]
fleet:
  touchpoints:
    - id: shop
      lines:
${drawn.join("\n")}
`;
}

const journal = () => open(join(folder, "data", "journal.db"));

function visit(direction: "in" | "out", clocks: { unixMs: number; ms: number; boot: string }, line = "door"): Stamped {
  return {
    ...stamped("visit", 0, { camera: "cam", line, direction, occupancy: 1 }),
    touchpoint: "shop",
    time: new Date(clocks.unixMs).toISOString(),
    mono: Math.round(clocks.ms * 10) / 10,
    boot: clocks.boot,
  };
}

test("keys from a pipe beside a running counter; the taps are saved and compare to the same again", async () => {
  const { journal: counter } = await journal();
  const saved = join(folder, "taps.ndjson");
  const args = ["vision", "audit", "--config", config, "--json", "--tolerance", "3", "--save", saved];
  const child = spawn(join(packageRoot(), "bin", "touchpoint"), args, { stdio: ["pipe", "pipe", "pipe"] });
  let [printed, asked] = ["", ""];
  child.stdout.on("data", (part) => {
    printed += part;
  });
  child.stderr.on("data", (part) => {
    asked += part;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await until(() => asked.includes("tap what you see"), "the program listens");
  // One counted and tapped, one that the counter missed, one that was tapped in error, one that nobody tapped.
  child.stdin.write("i");
  await counter.commit({ events: [visit("in", clocksNow())], keep: {} });
  child.stdin.write("oIxu");
  await until(() => asked.includes("undone"), "the undo is heard");
  await counter.commit({ events: [visit("out", { ...clocksNow(), ms: clocksNow().ms - 3_600_000 })], keep: {} });
  child.stdin.write("q");
  expect(await ended).toBe(0);
  const report = JSON.parse(printed);
  expect(report.lines).toMatchObject([
    { line: "shop/door", direction: "in", counted: 1, tapped: 1, missed: 0, extra: 0, error: 0 },
    { line: "shop/door", direction: "out", counted: 0, tapped: 1, missed: 1, extra: 0, error: -1 },
  ]);
  const again = touchpoint("vision", "audit", "--config", config, "--json", "--tolerance", "3", "--taps", saved);
  expect(JSON.parse(again.stdout).lines).toEqual(report.lines);
  expect(readFileSync(saved, "utf8").trim().split("\n")).toHaveLength(6);
});

describe("taps of a file", () => {
  const at = (s: number) => ({ unixMs: Date.UTC(2026, 10, 28, 9) + s * 1000, ms: s * 1000, boot: "other" });
  const csv =
    "time,tap\n2026-11-28T09:00:00Z,start\n2026-11-28T09:01:00Z,in\n2026-11-28T09:02:00Z,in\n2026-11-28T09:10:00Z,end\n";

  test("are compared by the clock, and the table says error and interval in words", async () => {
    const { journal: counter } = await journal();
    await counter.commit({ events: [visit("in", at(61)), visit("in", at(300)), visit("in", at(4_000))], keep: {} });
    const lost = { ...stamped("health", 0, { stage: "camera:cam", state: "degraded" }), ...visit("in", at(400)) };
    await counter.commit({
      events: [{ ...lost, type: "health", data: { stage: "camera:cam", state: "degraded" } }],
      keep: {},
    });
    const { stdout, status } = touchpoint("vision", "audit", "--config", config, "--taps", write("taps.csv", csv));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^10\.0 min watched/);
    expect(stdout).toMatch(/shop\/door +in +2 +2 +1 +1 +\+0\.0 % +−[\d.]+ % to \+[\d.]+ % +50 % \(\d+–\d+\) +50 %/);
    expect(stdout).toContain("the camera was lost 1× meanwhile");
  });

  test("without a journal there is nothing to compare with, and none is made", () => {
    const { stderr } = touchpoint("vision", "audit", "--config", config, "--taps", write("a.csv", csv));
    expect(stderr).toContain("JOURNAL_OPEN");
    expect(existsSync(join(folder, "data", "journal.db"))).toBe(false);
  });

  test.each([
    ["no file", ["--taps", "/nowhere/taps"], "TAPS_INVALID", 1],
    ["a line that is not there", ["--line", "window"], "LINE_UNKNOWN", 1],
    ["nowhere to save", ["--save", "/nowhere/taps"], "TAPS_UNWRITABLE", 1],
    ["no time at all", ["--minutes", "0"], "give a number above 0", 2],
  ])("%s: said, and ended with its status", async (_what, options, says, status) => {
    await journal();
    const said = touchpoint("vision", "audit", "--config", config, ...options);
    expect(said.stderr).toContain(says);
    expect(said.status).toBe(status);
  });

  test("of several lines those that can be seen must be named", async () => {
    const two = write("two.yaml", configOf("door", "gate"));
    expect(touchpoint("vision", "audit", "--config", two).stderr).toContain("shop/door, shop/gate");
  });
});
