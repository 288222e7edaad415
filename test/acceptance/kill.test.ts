// The agent killed again and again under a press stream: what was acknowledged is on disk and reaches the broker.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runKillTrial } from "../../scripts/trials/kill-trial.ts";
import { buttonOf, countersOf } from "../../scripts/trials/press-stream.ts";
import { MOSQUITTO_ABSENT, mosquittoProgram } from "../fakes/mosquitto.ts";
import { CABLES } from "../fakes/pty.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-kill-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(!CABLES || mosquittoProgram() === undefined)(`kill -9 (else: no socat, or ${MOSQUITTO_ABSENT})`, () => {
  test("of twenty agents loses no acknowledged press and counts none twice", { timeout: 240_000 }, async () => {
    const report = await runKillTrial({ kills: 20, seed: 20, folder });
    expect(report).toMatchObject({
      kills: 20,
      lost: 0,
      duplicates: 0,
      acknowledgedTooEarly: 0,
      outOfOrder: 0,
      holes: 0,
      undelivered: 0,
      integrity: "ok",
    });
    expect(report.presses).toBeGreaterThan(100);
    expect([report.acknowledged, report.inJournal, report.atBroker]).toEqual(Array(3).fill(report.presses));
    // Otherwise nothing was put to the test.
    expect(report.whileStarting).toBeGreaterThan(0);
    expect(report.atPress).toBeGreaterThan(0);
    expect(report.ok).toBe(true);
  });
});

describe("the witness of the kill trial", () => {
  test("tells every press by its button, out of order and over many rounds of the names", () => {
    const swapped = new Map([
      [3, 5],
      [8, -5],
    ]);
    const counters = [...Array(3_000).keys()].map((i) => i + (swapped.get(i % 10) ?? 0));
    expect(countersOf(counters.map(buttonOf))).toEqual(counters);
  });

  test("sees a press that is missing and one that came twice", () => {
    const counters = [0, 1, 2, 2, 4, 5];
    expect(countersOf(counters.map(buttonOf))).toEqual(counters);
  });
});
