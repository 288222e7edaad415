// `config remote`, `config forget-remote` and `config show` of a device whose fleet settings came by the broker.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { settingsHash } from "../../src/config/canonical.ts";
import { remoteFile, writeRemote } from "../../src/config/remote-file.ts";
import { accept, atStart, atTrialEnd, NO_RECORD } from "../../src/config/remote-record.ts";
import { touchpoint } from "../fakes/program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "touchpoint-remote-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fleetOf = (k: number) => ({
  touchpoints: [{ id: "till", pads: ["p1"], question: { id: "visit", buttons: { "1": 1 } } }],
  mood: { k },
});

/** The file of a device whose own k is this. */
function deviceFile(k: number): string {
  const file = join(folder, "touchpoint.yaml");
  const local = { device: "till-1", site: "shop", dataDir: folder, pads: [{ id: "p1", driver: "simulated" }] };
  writeFileSync(file, stringify({ version: 1, local, fleet: fleetOf(k) }));
  return file;
}

/** Settings with k 9 came and were applied. */
function applied(): string {
  const fleet = fleetOf(9);
  const hash = settingsHash(fleet);
  const since = "2026-11-28T09:00:00.000Z";
  const begun = atStart(accept(NO_RECORD, { version: 7, hash, by: "ops", fleet }, [], since), "b1", since);
  writeRemote(folder, atTrialEnd(begun, {}, since));
  return hash;
}

it("says what came, where each part comes from, and drops it", () => {
  const file = deviceFile(5);
  expect(touchpoint("config", "remote", "--config", file).stdout).toBe(
    `in force: ${file}\nnothing came by the broker\n`,
  );
  const hash = applied();
  const remote = touchpoint("config", "remote", "--config", file, "--json");
  expect(JSON.parse(remote.stdout)).toMatchObject({
    accepted: true,
    running: { version: 7, hash },
    last: { state: "applied", by: "ops" },
    failed: [],
  });
  const shown = touchpoint("config", "show", "--config", file).stdout;
  expect(shown.split("\n").slice(0, 2)).toEqual([`# local: ${file}`, `# fleet: the broker, version 7, ${hash}`]);
  expect(parse(shown).fleet.mood.k).toBe(9);
  expect(touchpoint("config", "forget-remote", "--config", file).status).toBe(0);
  expect(existsSync(remoteFile(folder))).toBe(false);
  expect(parse(touchpoint("config", "show", "--config", file).stdout).fleet.mood.k).toBe(5);
});

it("says why what came does not hold: the file became stricter, or what is kept is damaged", () => {
  const file = deviceFile(10);
  applied();
  expect(touchpoint("config", "remote", "--config", file).stdout).toContain("does not fit the file: fleet.mood.k: ");
  const shown = touchpoint("config", "show", "--config", file).stdout;
  expect(shown).toContain("# what came by the broker does not hold: fleet.mood.k: ");
  expect(parse(shown).fleet.mood.k).toBe(10);
  writeFileSync(remoteFile(folder), "{");
  expect(parse(touchpoint("config", "show", "--config", file).stdout).fleet.mood.k).toBe(10);
  const damaged = touchpoint("config", "remote", "--config", file);
  expect([damaged.status, damaged.stderr]).toEqual([1, expect.stringContaining("SETTINGS_KEPT")]);
});
