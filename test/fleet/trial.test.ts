// The fleet's trial in small: consumers and broker killed in mid-run, and every event is a row of its own in PostgreSQL.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runFleetTrial } from "../../scripts/trials/fleet-trial.ts";
import { ABSENT } from "../consumer/rig.ts";

describe.skipIf(ABSENT !== undefined)(`a fleet to PostgreSQL${ABSENT === undefined ? "" : ` - ${ABSENT}`}`, () => {
  test("50 devices, two consumers and the broker killed: nothing lost, nothing twice", {
    timeout: 300_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "touchpoint-fleet-"));
    try {
      const report = await runFleetTrial({
        folder,
        devices: 50,
        perSecond: 1,
        seconds: 8,
        faults: true,
        progress: () => undefined,
      });
      expect(report).toMatchObject({ connected: 50, lost: 0, duplicates: 0, missing: 0, deadLetters: 0, refused: 0 });
      expect(report.rows).toBe(report.events);
      expect(report.events).toBeGreaterThan(300);
      // Each lost its connection once at least: the broker was killed under all of them.
      expect(report.reconnects).toBeGreaterThanOrEqual(50);
      expect(report.rowP99Ms).toBeGreaterThan(0);
      expect(report.ok).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
