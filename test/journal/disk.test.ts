// A slow, full or failing disk: steps wait, order and promises hold, and what is dropped is owned by a gap.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { hasCompiler } from "../fakes/preloaded.ts";
import { buildSlowSync, slowSyncEnv } from "../fakes/slow-sync.ts";
import { freshFile, startChild, stored, verified } from "./rig.ts";

const SLOW_DISK = fileURLToPath(new URL("../../dist/scripts/trials/slow-disk.js", import.meta.url));
const hasNamespaces = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

/** A journal in a child whose disk fails as long as `fail` holds an error's name. */
function onFailingDisk(bounds?: readonly [number, number]) {
  const file = freshFile();
  const folder = dirname(dirname(file));
  const fail = join(folder, "fail");
  const env = slowSyncEnv(buildSlowSync(folder), { fail });
  return { file, fail, child: startChild(file, { env, ...(bounds === undefined ? {} : { bounds }) }) };
}

describe.skipIf(!hasCompiler)("a failing disk (needs gcc)", () => {
  const errors = [
    { error: "ENOSPC", code: "JOURNAL_FULL" },
    { error: "EROFS", code: "JOURNAL_WRITE" },
    { error: "EIO", code: "JOURNAL_WRITE" },
  ];
  it.each(errors)(
    "$error: steps wait unanswered, reported, and commit in order when it heals",
    async ({ error, code }) => {
      const { file, fail, child } = onFailingDisk();
      await child.said("opened");
      child.tell({ commit: ["press"], n: 1 });
      await child.said("committed", (line) => line.committed === 1);
      writeFileSync(fail, error);
      for (let n = 2; n <= 6; n++) child.tell({ commit: ["press", "mood"], n });
      await child.said("stage", (line) => line.code === code);
      expect(child.lines.filter((line) => "committed" in line)).toHaveLength(1);
      rmSync(fail);
      await child.said("committed", (line) => line.committed === 6);
      child.tell({ close: true });
      await child.said("closed");
      const committed = child.lines.flatMap((line) => ("committed" in line ? [line] : []));
      expect(committed.map((line) => [line.committed, line.firstSeq, line.lastSeq])).toEqual([
        [1, 1, 1],
        [2, 2, 3],
        [3, 4, 5],
        [4, 6, 7],
        [5, 8, 9],
        [6, 10, 11],
      ]);
      const stages = child.lines.flatMap((line) => ("stage" in line ? [line.code ?? line.stage] : []));
      expect(stages.slice(stages.lastIndexOf(code))).toEqual([code, "ok", "stopped"]);
      expect(stored(file).map(({ mono }) => mono)).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
      expect(verified(file)).toMatchObject({ ok: true, owned: 0 });
    },
  );

  it("drops low-value events first beyond the bound, and a gap owns exactly them", async () => {
    const { file, fail, child } = onFailingDisk([10, 1_000]);
    await child.said("opened");
    writeFileSync(fail, "ENOSPC");
    child.tell({ commit: ["press"], n: 1 });
    await child.said("stage", (line) => line.code === "JOURNAL_FULL");
    for (let n = 2; n <= 21; n++) child.tell({ commit: ["press", "mood", "presence"], n });
    child.tell({ commit: ["contact"], n: 22 });
    child.tell({ commit: [], n: 23 });
    rmSync(fail);
    await child.said("committed", (line) => line.committed === 23);
    child.tell({ close: true });
    await child.said("closed");
    const events = stored(file);
    const times = (type: string) => events.filter((event) => event.type === type).map(({ mono }) => mono);
    expect(times("press")).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
    expect(times("contact")).toEqual([22]);
    const gaps = events.filter((event) => event.type === "gap");
    expect(gaps.length).toBeGreaterThan(0);
    const lost = gaps.reduce((sum, gap) => sum + Number(gap.data.count), 0);
    expect(lost).toBe(40 - times("mood").length - times("presence").length);
    const verdict = verified(file);
    expect(verdict).toMatchObject({ ok: true, owned: lost });
    // Numbers told to the callers are the numbers on disk.
    for (const line of child.lines)
      if ("committed" in line && line.firstSeq !== undefined)
        expect(events.find(({ seq }) => seq === line.firstSeq)?.mono).toBe(line.committed);
  });

  it("refuses steps beyond the hard bound, and owns their events too", async () => {
    const { file, fail, child } = onFailingDisk([1_000, 5]);
    await child.said("opened");
    writeFileSync(fail, "EIO");
    child.tell({ commit: ["press"], n: 1 });
    await child.said("stage", (line) => line.code === "JOURNAL_WRITE");
    for (let n = 2; n <= 9; n++) child.tell({ commit: ["press"], n });
    await child.said("refused", (line) => line.refused === 9 && line.code === "JOURNAL_WRITE");
    rmSync(fail);
    await child.said("committed", (line) => line.committed === 6);
    child.tell({ close: true });
    await child.said("closed");
    expect(
      stored(file)
        .filter(({ type }) => type === "gap")
        .map(({ data }) => data),
    ).toEqual([expect.objectContaining({ source: "journal", from: 2, to: 4, count: 3, types: { press: 3 } })]);
    expect(stored(file).flatMap(({ type, mono }) => (type === "press" ? [mono] : []))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(verified(file)).toMatchObject({ ok: true, owned: 3 });
  });

  it("closes at once while the disk fails; what waited is rejected, and a killed sync leaves a sound file", async () => {
    const { file, fail, child } = onFailingDisk();
    await child.said("opened");
    child.tell({ commit: ["press"], n: 1 });
    await child.said("committed");
    writeFileSync(fail, "ENOSPC");
    child.tell({ commit: ["press"], n: 2 });
    child.tell({ commit: ["press"], n: 3 });
    await child.said("stage", (line) => line.code === "JOURNAL_FULL");
    child.tell({ close: true });
    await child.gone();
    const refused = child.lines.flatMap((line) => ("refused" in line ? [line] : []));
    expect(refused).toEqual([
      { refused: 2, code: "JOURNAL_CLOSED" },
      { refused: 3, code: "JOURNAL_CLOSED" },
    ]);
    rmSync(fail);
    expect(verified(file)).toMatchObject({ ok: true, events: 1 });
  });
});

describe.skipIf(!hasCompiler)("syncs of 300 ms (needs gcc)", () => {
  it("are reported where the disk does not answer for long, and it is well again afterwards", async () => {
    const file = freshFile();
    const env = slowSyncEnv(buildSlowSync(dirname(dirname(file))), { ms: 300 });
    const child = startChild(file, { env, bounds: [1_000, 1_000, 50] });
    await child.said("opened");
    child.tell({ commit: ["press"], n: 1 });
    await child.said("committed");
    const stages = child.lines.flatMap((line) => ("stage" in line ? [line.code ?? line.stage] : []));
    expect(stages).toEqual(["starting", "ok", "JOURNAL_WRITE", "ok"]);
  });

  it("hold up no arrival: steps commit in order, each answered only after a sync that began after it", () => {
    const folder = dirname(dirname(freshFile()));
    mkdirSync(folder, { recursive: true });
    const run = spawnSync(process.execPath, [SLOW_DISK, "--presses", "40", "--sync-ms", "300", "--folder", folder], {
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
    const last = run.stdout.trim().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ presses: 40, outOfOrder: 0, beforeSync: 0, timesChanged: 0, sound: true });
    expect(run.stdout).toMatch(/^main loop delay p99 [\d.]+ ms/m);
    expect(run.status).toBe(0);
  });
});

describe.skipIf(!hasNamespaces)("a real file system (needs mount namespaces)", () => {
  it("that fills up: steps wait until there is room again", async () => {
    const file = freshFile();
    const folder = dirname(file);
    const ballast = join(folder, "ballast");
    const inside = `mkdir -p ${folder}; mount -t tmpfs -o size=1m none ${folder}; head -c 700000 /dev/zero > ${ballast}`;
    const child = startChild(file, { inside });
    await child.said("opened");
    child.tell({ presses: 2_000 });
    await child.said("stage", (line) => line.code === "JOURNAL_FULL");
    const before = child.lines.filter((line) => "committed" in line).length;
    child.tell({ remove: ballast });
    await child.said("committed", (line) => Number(line.committed) > before + 50);
    const seqs = child.lines.flatMap((line) => ("committed" in line ? [line.firstSeq] : []));
    expect(seqs).toEqual(seqs.map((_, n) => n + 1));
  });

  it("that is read-only: cannot be opened, and says so", async () => {
    const file = freshFile();
    const folder = dirname(file);
    const child = startChild(file, { inside: `mkdir -p ${folder}; mount -t tmpfs -o ro none ${folder}` });
    await child.said("refused", (line) => line.code === "JOURNAL_OPEN");
    await child.gone();
    expect(child.process.exitCode).toBe(1);
  });
});

describe("the shim", () => {
  it.skipIf(!hasCompiler)("counts every sync of the journal", async () => {
    const file = freshFile();
    const folder = dirname(dirname(file));
    const log = join(folder, "syncs");
    const child = startChild(file, { env: slowSyncEnv(buildSlowSync(folder), { log }) });
    await child.said("opened");
    const before = readFileSync(log, "utf8").length;
    child.tell({ commit: ["press"], n: 1 });
    await child.said("committed");
    expect(readFileSync(log, "utf8").length).toBeGreaterThanOrEqual(before + 2);
  });
});
